from collections.abc import AsyncIterator
from uuid import UUID

import attrs
import jwt
import pytest
from typed_settings import SecretStr

from divan_core.settings import JwtSettings, Settings
from tests.http.world import World, open_world, problem

pytestmark = pytest.mark.anyio

KEY = "of the tests, and of nobody else"
PROD = Settings(
    env="prod",
    secret_key=SecretStr(KEY),
    jwt=JwtSettings(secret=SecretStr(KEY), issuer="https://id.example.org", audience="divan"),
)
NOBODY = UUID(int=1)


@pytest.fixture
async def prod() -> AsyncIterator[World]:
    async with open_world(PROD) as made:
        yield made


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def token(world: World, **changes: object) -> str:
    now = world.clock.now() // 1000
    claims = {
        "sub": str(world.ana),
        "campus_id": str(world.campus),
        "iat": now,
        "exp": now + 60,
        "iss": "https://id.example.org",
        "aud": "divan",
    }
    return jwt.encode(claims | changes, KEY, "HS256")


async def test_none_at_all(world: World) -> None:
    answer = await world.client.get("/me")
    problem(answer, 401, "unauthenticated")
    assert answer.headers["www-authenticate"] == "Bearer"


async def test_the_headers_of_development(world: World) -> None:
    assert (await world.get("/me", world.ben)).json()["handle"] == "ben"


@pytest.mark.parametrize("header", ["X-User-Id", "X-Campus-Id"])
async def test_one_header_without_the_other(world: World, header: str) -> None:
    headers = world.headers()
    del headers[header]
    found = problem(await world.client.get("/me", headers=headers), 401, "invalid_credentials")
    assert found["errors"] == [{"path": f"header.{header}", "message": "is required"}]


@pytest.mark.parametrize("text", ["", "x", "ü", "{00000000-0000-0000-0000-000000000001}"])
async def test_headers_that_are_no_uuids(world: World, text: str) -> None:
    for header in ("X-User-Id", "X-Campus-Id"):
        sent = world.headers() | {header: text}
        headers = [(name.encode(), value.encode()) for name, value in sent.items()]
        problem(await world.client.get("/me", headers=headers), 401, "invalid_credentials")


async def test_the_bearer_of_development(world: World) -> None:
    text = f"uid:{world.ben};campus:{world.campus}"
    for sent in (text, f"{text};roles:staff.moderator"):
        answer = await world.client.get("/me", headers=bearer(sent))
        assert answer.json()["handle"] == "ben"


@pytest.mark.parametrize(
    "header",
    ["", "Bearer", "Bearer ", "Bearer x", "Bearer uid:x;campus:y", "Basic YTpi", "bearer a.b.c"],
)
async def test_malformed_ones_do_not_fall_back_on_the_headers(world: World, header: str) -> None:
    headers = world.headers() | {"Authorization": header}
    problem(await world.client.get("/me", headers=headers), 401, "invalid_credentials")


async def test_repeated_ones(world: World) -> None:
    headers = [*world.headers().items(), ("X-User-Id", str(world.ben))]
    problem(await world.client.get("/me", headers=headers), 401, "invalid_credentials")


async def test_other_headers_may_be_repeated(world: World) -> None:
    headers = [*world.headers().items(), ("X-Forwarded-For", "a"), ("X-Forwarded-For", "b")]
    assert (await world.client.get("/me", headers=headers)).status_code == 200


async def test_somebody_there_is_no_record_of(world: World) -> None:
    headers = world.headers() | {"X-User-Id": str(NOBODY)}
    problem(await world.client.get("/me", headers=headers), 401, "unknown_user")


async def test_a_known_person_with_another_campus(world: World) -> None:
    headers = world.headers() | {"X-Campus-Id": str(world.elsewhere)}
    problem(await world.client.get("/me", headers=headers), 403, "campus_mismatch")


async def test_prod_believes_tokens(prod: World) -> None:
    answer = await prod.client.get("/me", headers=bearer(token(prod)))
    assert answer.json()["handle"] == "ana"


async def test_prod_believes_nothing_of_development(prod: World) -> None:
    problem(await prod.get("/me"), 401, "unauthenticated")
    text = f"uid:{prod.ana};campus:{prod.campus}"
    problem(await prod.client.get("/me", headers=bearer(text)), 401, "invalid_credentials")
    headers = prod.headers(X_User_Roles="staff.admin") | bearer(token(prod))
    assert (await prod.client.get("/me", headers=headers)).json()["roles"] == []


async def test_a_padded_token_is_the_same_and_nothing_that_is_remembered(prod: World) -> None:
    sent = token(prod)
    known = prod.divan.identity._known  # noqa: SLF001 - what nobody can ask for
    for padding in ("", " ", "  ", "\t ", " \t"):
        headers = {"Authorization": f"Bearer {padding}{sent}{padding}"}
        assert (await prod.client.get("/me", headers=headers)).status_code == 200
    assert len(known) == 2


async def test_a_token_ends_in_time(prod: World) -> None:
    headers = bearer(token(prod))
    assert (await prod.client.get("/me", headers=headers)).status_code == 200
    prod.clock.advance(64.9)
    assert (await prod.client.get("/me", headers=headers)).status_code == 200
    prod.clock.advance(0.1)
    problem(await prod.client.get("/me", headers=headers), 401, "invalid_credentials")


@pytest.mark.parametrize(
    "changes",
    [
        {"aud": "other"},
        {"iss": "https://evil.example.org"},
        {"sub": "ana"},
        {"campus_id": None},
        {"exp": 1},
        {"iat": 4_000_000_000},
    ],
)
async def test_a_token_that_is_not_for_us(prod: World, changes: dict[str, object]) -> None:
    headers = bearer(token(prod, **changes))
    problem(await prod.client.get("/me", headers=headers), 401, "invalid_credentials")


async def test_a_token_of_somebody_unknown(prod: World) -> None:
    headers = bearer(token(prod, sub=str(NOBODY)))
    problem(await prod.client.get("/me", headers=headers), 401, "unknown_user")
    headers = bearer(token(prod, campus_id=str(prod.elsewhere)))
    problem(await prod.client.get("/me", headers=headers), 403, "campus_mismatch")


async def test_a_trusted_issuer_may_bring_new_people() -> None:
    settings = attrs.evolve(PROD, jwt=attrs.evolve(PROD.jwt, provision=True))
    async with open_world(settings) as world:
        newcomer = {"sub": str(NOBODY), "handle": "newbie", "name": "New Person"}
        for _ in range(2):
            headers = bearer(token(world, **newcomer))
            me = (await world.client.get("/me", headers=headers)).json()
            assert (me["user_id"], me["handle"]) == (str(NOBODY), "newbie")
            assert me["display_name"] == "New Person"
        namesake = {"sub": str(UUID(int=2)), "handle": "newbie"}
        headers = bearer(token(world, **namesake))
        me = (await world.client.get("/me", headers=headers)).json()
        assert me["handle"] == f"u{'2':0>29}"
        stranger = {"sub": str(UUID(int=3)), "campus_id": str(UUID(int=4))}
        headers = bearer(token(world, **stranger))
        problem(await world.client.get("/me", headers=headers), 403, "campus_mismatch")
