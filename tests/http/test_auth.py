"""Registering, and signing in and out, on every database."""

import base64
import json
import logging
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any
from uuid import UUID

import anyio
import attrs
import httpx2
import jwt
import pytest
from typed_settings import SecretStr

from divan_core.auth.model import ACCESS_MS, REGISTRATION_MS, SESSION_MS
from divan_core.ground import ACCESS, derived_key
from divan_core.settings import AuthSettings, JwtSettings, LimitSettings, Settings
from divan_core.testing.clock import ManualClock
from divan_core.testing.mail import quick_hasher
from tests.http.keys import KINDS, stores_of
from tests.http.world import World, open_world, paths, problem

pytestmark = pytest.mark.anyio

SECRET = "s" * 32
PASSWORD = "plum under seven bridges"
SETTINGS = Settings(
    env="test",
    secret_key=SecretStr(SECRET),
    workers_enabled=False,
    limit=LimitSettings(sign_in_per_minute=1000, register_per_hour=1000),
)


@pytest.fixture(params=KINDS)
async def world(request: pytest.FixtureRequest) -> AsyncIterator[World]:
    clock = ManualClock()
    async with open_world(SETTINGS, stores_of(request.param, request, clock), clock) as made:
        yield made


@pytest.fixture
async def small() -> AsyncIterator[World]:
    """One in memory, where the database makes no difference."""
    async with open_world(SETTINGS) as made:
        yield made


async def post(world: World, what: str, **body: object) -> httpx2.Response:
    return await world.client.post(f"/auth/{what}", json=body)


def form(world: World, **changes: object) -> dict[str, Any]:
    return {
        "email": "Eve@Example.org",
        "password": PASSWORD,
        "handle": "Eve",
        "display_name": "Eve",
        "campus_id": str(world.campus),
    } | changes


async def mailed(world: World, email: str = "Eve@Example.org") -> str:
    await world.divan.auth.send_mail(100)
    return world.letters.token(email)


async def joined(world: World, **changes: object) -> dict[str, Any]:
    wanted = form(world, **changes)
    assert (await post(world, "register", **wanted)).status_code == 202
    answer = await post(world, "verify", token=await mailed(world, wanted["email"]))
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def signed_in(world: World, email: str = "eve@example.ORG") -> dict[str, Any]:
    answer = await post(world, "token", email=email, password=PASSWORD)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def me(world: World, token: str) -> httpx2.Response:
    return await world.client.get("/me", headers={"Authorization": f"Bearer {token}"})


async def at_once(
    count: int, ask: Callable[[int], Awaitable[httpx2.Response]]
) -> list[httpx2.Response]:
    answers: list[httpx2.Response] = []

    async def one(number: int) -> None:
        answers.append(await ask(number))

    async with anyio.create_task_group() as tasks:
        for number in range(count):
            tasks.start_soon(one, number)
    return answers


async def test_the_whole_way(world: World) -> None:
    answer = await post(world, "register", **form(world))
    assert (answer.status_code, answer.json()) == (202, {"status": "pending_verification"})
    assert "no-store" in answer.headers["cache-control"]
    token = await mailed(world)
    answer = await post(world, "verify", token=token)
    assert answer.status_code == 201
    eve = answer.json()
    assert (eve["handle"], eve["campus_id"]) == ("eve", str(world.campus))
    tokens = await signed_in(world)
    assert (tokens["token_type"], tokens["expires_in"]) == ("Bearer", 900)
    found = (await me(world, tokens["access_token"])).json()
    assert found["user_id"] == eve["user_id"]
    assert (found["email"], found["email_verified"]) == ("Eve@Example.org", True)
    renewed = (await post(world, "refresh", refresh_token=tokens["refresh_token"])).json()
    assert (await me(world, renewed["access_token"])).status_code == 200
    answer = await post(world, "logout", refresh_token=renewed["refresh_token"])
    assert (answer.status_code, answer.content) == (204, b"")
    answer = await post(world, "refresh", refresh_token=renewed["refresh_token"])
    problem(answer, 401, "invalid_credentials")
    answer = await post(world, "logout", refresh_token=renewed["refresh_token"])
    assert answer.status_code == 204


async def test_a_known_mailbox_is_answered_like_an_unknown_one(world: World) -> None:
    await joined(world)
    known = await post(world, "register", **form(world, handle="other", email="EVE@example.org"))
    unknown = await post(world, "register", **form(world, handle="third", email="new@example.org"))
    hidden = {"x-request-id", "date"}
    assert known.content == unknown.content
    assert known.status_code == unknown.status_code == 202
    assert [(name, value) for name, value in known.headers.items() if name not in hidden] == [
        (name, value) for name, value in unknown.headers.items() if name not in hidden
    ]
    await world.divan.auth.send_mail(100)
    letter = world.letters.sent[-2]
    assert (letter.to, letter.subject) == ("EVE@example.org", "You have an account already")
    assert (await signed_in(world))["access_token"]


async def test_verifying_twice(world: World) -> None:
    assert (await post(world, "register", **form(world))).status_code == 202
    token = await mailed(world)
    answers = await at_once(4, lambda _: post(world, "verify", token=token))
    assert Counter(answer.status_code for answer in answers) == {201: 1, 410: 3}
    problem(await post(world, "verify", token=token), 410, "gone")


async def test_two_registrations_of_one_mailbox_make_one_person(world: World) -> None:
    tokens = []
    for handle in ("eve1", "eve2"):
        await post(world, "register", **form(world, handle=handle))
        tokens.append(await mailed(world))
        world.clock.advance(1)
    answers = await at_once(2, lambda number: post(world, "verify", token=tokens[number]))
    assert sorted(answer.status_code for answer in answers) == [201, 410]


async def test_twenty_want_one_handle(world: World) -> None:
    async def ask(number: int) -> httpx2.Response:
        handle = ("eve.0", "eve0", "EVEO", "e_veo")[number % 4]
        return await post(world, "register", **form(world, email=f"{number}@x.org", handle=handle))

    assert {answer.status_code for answer in await at_once(20, ask)} == {202}
    await world.divan.auth.send_mail(100)
    tokens = [world.letters.token(f"{number}@x.org") for number in range(20)]
    answers = await at_once(20, lambda number: post(world, "verify", token=tokens[number]))
    assert Counter(answer.status_code for answer in answers) == {201: 1, 409: 19}
    problem(await post(world, "register", **form(world, handle="ev.eo")), 409, "handle_taken")


async def test_a_mail_s_token_runs_out(world: World) -> None:
    await post(world, "register", **form(world))
    token = await mailed(world)
    world.clock.advance(REGISTRATION_MS / 1000 - 1)
    last = await post(world, "register", **form(world, email="late@x.org", handle="late"))
    assert last.status_code == 202
    world.clock.advance(1)
    problem(await post(world, "verify", token=token), 410, "gone")
    assert await world.divan.auth.purge(100) == 1
    problem(await post(world, "token", email="eve@example.org", password=PASSWORD), 401,
            "invalid_credentials")  # fmt: skip
    assert (await post(world, "verify", token=await mailed(world, "late@x.org"))).is_success


async def test_before_verification(world: World) -> None:
    await post(world, "register", **form(world))
    wrong = await post(world, "token", email="eve@example.org", password="wrong password")
    problem(wrong, 401, "invalid_credentials")
    right = await post(world, "token", email="eve@example.org", password=PASSWORD)
    problem(right, 403, "email_unverified")


async def test_an_unknown_mailbox_costs_as_much(small: World) -> None:
    """Exactly one hash is compared in any case, so that the time tells nothing."""
    await joined(small)
    await post(small, "register", **form(small, email="new@example.org", handle="newbie"))
    small.divan.auth._tools = attrs.evolve(  # noqa: SLF001 - to count
        small.divan.auth._tools,  # noqa: SLF001 - to count
        hasher=(counting := Counting()),
    )
    for email in ("eve@example.org", "nobody@example.org", "new@example.org"):
        await post(small, "token", email=email, password="wrong password")
    assert [known is None for known in counting.compared] == [False, True, False]


class Counting:
    """A hasher that notes what it compares."""

    def __init__(self) -> None:
        self.hasher = quick_hasher()
        self.compared: list[str | None] = []

    async def hash(self, password: str) -> str:
        return await self.hasher.hash(password)

    async def verify(self, known: str | None, password: str) -> bool:
        self.compared.append(known)
        return await self.hasher.verify(known, password)


async def test_workers_send_the_mail() -> None:
    async with open_world(attrs.evolve(SETTINGS, workers_enabled=True)) as world:
        await post(world, "register", **form(world))
        with anyio.fail_after(20):
            while not world.letters.sent:
                world.clock.advance(2)
                await anyio.sleep(0.05)


async def test_wrong_ones_are_answered_alike(world: World) -> None:
    await joined(world)
    answers = [
        await post(world, "token", email="eve@example.org", password="wrong password"),
        await post(world, "token", email="nobody@example.org", password=PASSWORD),
    ]
    bodies = [problem(answer, 401, "invalid_credentials") for answer in answers]
    first, second = ({**body, "request_id": ""} for body in bodies)
    assert first == second


async def test_texts_that_no_database_takes(world: World) -> None:
    """NUL, and what looks like an address all the same."""
    for email in ("eve\0@example.org", "\u00e9v\u00e9@ex\u00e4mple.org", "a@\U0001f984"):
        answer = await post(world, "token", email=email, password="p\0assword with nul")
        assert answer.status_code == (422 if "\0" in email else 401)
    invite = {"to_handle": "an\0a"}
    answer = await world.client.post("/invites/send", json=invite, headers=world.headers())
    assert answer.status_code == 404


async def test_a_refresh_token_is_used_once(world: World) -> None:
    await joined(world)
    first = (await signed_in(world))["refresh_token"]
    other = (await signed_in(world))["refresh_token"]
    second = (await post(world, "refresh", refresh_token=first)).json()["refresh_token"]
    problem(await post(world, "refresh", refresh_token=first), 401, "invalid_credentials")
    problem(await post(world, "refresh", refresh_token=second), 401, "invalid_credentials")
    assert (await post(world, "refresh", refresh_token=other)).status_code == 200


async def test_two_refreshes_at_once_end_the_session(world: World) -> None:
    await joined(world)
    token = (await signed_in(world))["refresh_token"]
    answers = await at_once(2, lambda _: post(world, "refresh", refresh_token=token))
    assert sorted(answer.status_code for answer in answers) == [200, 401]
    winner = next(answer for answer in answers if answer.is_success).json()["refresh_token"]
    problem(await post(world, "refresh", refresh_token=winner), 401, "invalid_credentials")


async def test_sessions_run_out(world: World) -> None:
    await joined(world)
    token = (await signed_in(world))["refresh_token"]
    world.clock.advance(SESSION_MS / 1000 - 1)
    token = (await post(world, "refresh", refresh_token=token)).json()["refresh_token"]
    world.clock.advance(SESSION_MS / 1000)
    problem(await post(world, "refresh", refresh_token=token), 401, "invalid_credentials")
    assert await world.divan.auth.purge(100) == 1


async def test_an_access_token_runs_out(small: World) -> None:
    await joined(small)
    token = (await signed_in(small))["access_token"]
    small.clock.advance(ACCESS_MS / 1000 + 4)
    assert (await me(small, token)).status_code == 200
    small.clock.advance(1)
    problem(await me(small, token), 401, "invalid_credentials")


async def test_what_an_access_token_says(small: World) -> None:
    eve = await joined(small)
    claims = jwt.decode(
        (await signed_in(small))["access_token"], options={"verify_signature": False}
    )
    session, token_id = UUID(claims.pop("sid")), UUID(claims.pop("jti"))
    assert session != token_id
    assert claims == {
        "iss": "divan",
        "sub": eve["user_id"],
        "campus_id": str(small.campus),
        "iat": small.clock.now() // 1000,
        "exp": small.clock.now() // 1000 + 900,
        "handle": "eve",
        "name": "Eve",
    }


OWN = derived_key(SECRET.encode(), ACCESS).hex()
KID = {"kid": "divan"}


def unsigned(claims: dict[str, Any], header: dict[str, Any]) -> str:
    parts = (json.dumps(part).encode() for part in (header, claims))
    return ".".join(base64.urlsafe_b64encode(part).rstrip(b"=").decode() for part in parts) + "."


FORGERIES = (
    "none",
    "None with kid",
    "wrong key",
    "raw secret",
    "derived bytes",
    "other issuer",
    "no issuer",
    "audience",
    "expired",
    "not yet",
    "no sub",
    "no campus",
    "no exp",
    "no iat",
    "HS512",
    "RS256",
    "own key and no kid",
    "other kid",
    "refresh token",
    "empty",
    "two dots",
)


@pytest.mark.parametrize("forgery", FORGERIES)
async def test_forged_tokens(small: World, forgery: str) -> None:
    await joined(small)
    tokens = await signed_in(small)
    good = jwt.decode(tokens["access_token"], options={"verify_signature": False})
    assert (await me(small, jwt.encode(good, OWN, "HS256", KID))).status_code == 200
    now = small.clock.now() // 1000

    def signed(key: str | bytes = OWN, without: str = "", **changes: object) -> str:
        claims = {name: value for name, value in (good | changes).items() if name != without}
        return jwt.encode(claims, key, "HS256", KID)

    forgeries: dict[str, Callable[[], str]] = {
        "none": lambda: unsigned(good, {"alg": "none", "typ": "JWT"}),
        "None with kid": lambda: unsigned(good, {"alg": "None", **KID}),
        "wrong key": lambda: signed("x" * 64),
        "raw secret": lambda: signed(SECRET),
        "derived bytes": lambda: signed(bytes.fromhex(OWN)),
        "other issuer": lambda: signed(iss="https://id.example.org"),
        "no issuer": lambda: signed(without="iss"),
        "audience": lambda: signed(aud="another service"),
        "expired": lambda: signed(exp=now - 6),
        "not yet": lambda: signed(iat=now + 60),
        "no sub": lambda: signed(without="sub"),
        "no campus": lambda: signed(without="campus_id"),
        "no exp": lambda: signed(without="exp"),
        "no iat": lambda: signed(without="iat"),
        "HS512": lambda: jwt.encode(good, OWN * 2, "HS512", KID),
        "RS256": lambda: unsigned(good, {"alg": "RS256", **KID}) + "c2lnbmF0dXJl",
        "own key and no kid": lambda: jwt.encode(good, OWN, "HS256"),
        "other kid": lambda: jwt.encode(good, OWN, "HS256", {"kid": "divan2"}),
        "refresh token": lambda: tokens["refresh_token"],
        "empty": lambda: "x",
        "two dots": lambda: "..",
    }
    problem(await me(small, forgeries[forgery]()), 401, "invalid_credentials")


async def test_the_operators_tokens_and_ours_do_not_mix() -> None:
    """Each key is good for its own issuer only, whatever a token says of itself."""
    key = "k" * 32
    settings = attrs.evolve(SETTINGS, jwt=JwtSettings(secret=SecretStr(key), issuer="idp"))
    async with open_world(settings) as world:
        await joined(world)
        token = (await signed_in(world))["access_token"]
        good = jwt.decode(token, options={"verify_signature": False})
        assert (await me(world, token)).status_code == 200
        theirs = jwt.encode(good | {"iss": "idp"}, key, "HS256")
        assert (await me(world, theirs)).status_code == 200
        for forged in (
            jwt.encode(good, key, "HS256", KID),
            jwt.encode(good | {"iss": "idp"}, key, "HS256", KID),
            jwt.encode(good, key, "HS256"),
            jwt.encode(good | {"iss": "idp"}, OWN, "HS256"),
            jwt.encode(good | {"iss": "idp"}, OWN, "HS256", KID),
        ):
            problem(await me(world, forged), 401, "invalid_credentials")


@pytest.mark.parametrize("what", ["register", "verify", "token", "refresh", "logout"])
async def test_a_host_with_identities_of_its_own(what: str) -> None:
    settings = attrs.evolve(SETTINGS, auth=AuthSettings(enabled=False))
    async with open_world(settings) as world:
        problem(await post(world, what), 404, "not_found")
        described = (await world.client.get("/openapi.json")).json()["paths"]
        assert not [path for path in described if path.startswith("/auth")]
        token = jwt.encode({"sub": str(world.ana)}, OWN, "HS256", KID)
        problem(await me(world, token), 401, "invalid_credentials")


async def test_where_no_mail_can_be_sent_nobody_registers() -> None:
    async with open_world(SETTINGS) as world:
        world.divan.auth._tools = attrs.evolve(world.divan.auth._tools, mailer=None)  # noqa: SLF001
        problem(await post(world, "register", **form(world)), 503, "unavailable")


@pytest.mark.parametrize(
    ("changes", "where"),
    [
        ({"password": "password123"}, ["$.password"]),
        ({"password": "short"}, ["$.password"]),
        ({"password": "eve@example.org"}, ["$.password"]),
        ({"handle": "no handle"}, ["$.handle"]),
        ({"handle": "~" + "0" * 29}, ["$.handle"]),
        ({"email": "nobody"}, ["$.email"]),
        ({"email": "eve@example.org\nBcc: all@example.org"}, ["$.email"]),
        ({"email": "eve\0@example.org"}, ["$.email"]),
        ({"email": "eve\u2028@example.org"}, ["$.email"]),
        ({"display_name": " "}, ["$.display_name"]),
        ({"campus_id": str(UUID(int=9))}, ["$.campus_id"]),
        ({"campus_id": "here"}, ["$.campus_id"]),
    ],
    ids=str,
)
async def test_what_cannot_be_is_refused(
    small: World, changes: dict[str, str], where: list[str]
) -> None:
    answer = await post(small, "register", **form(small, **changes))
    assert paths(problem(answer, 422, "validation_failed")) == where
    assert await small.divan.auth.send_mail(9) == 0


async def test_a_token_that_was_never_ours(small: World) -> None:
    found = problem(await post(small, "verify", token="x" * 64), 422, "validation_failed")
    assert paths(found) == ["$.token"]
    for what in ("refresh", "logout"):
        problem(await post(small, what, refresh_token="x" * 86), 401, "invalid_credentials")


async def test_tries_are_limited_by_mailbox_known_or_not() -> None:
    limit = LimitSettings(sign_in_per_minute=2, register_per_hour=2)
    async with open_world(attrs.evolve(SETTINGS, limit=limit)) as world:
        await joined(world)
        for email in ("eve@example.org", "nobody@example.org"):
            for _ in range(2):
                answer = await post(world, "token", email=email, password="wrong password")
                assert answer.status_code == 401
            answer = await post(world, "token", email=email.upper(), password=PASSWORD)
            problem(answer, 429, "rate_limited")
            assert answer.headers["retry-after"] == "60"
        world.clock.advance(60)
        assert (await signed_in(world))["access_token"]
        assert (await post(world, "register", **form(world, handle="x.1"))).status_code == 202
        answer = await post(world, "register", **form(world, handle="x.2"))
        problem(answer, 429, "rate_limited")


async def test_nothing_secret_is_logged_or_recorded(
    small: World, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.DEBUG)
    await joined(small)
    tokens = await signed_in(small)
    await post(small, "token", email="eve@example.org", password="wrong password")
    written = caplog.text + "".join(capsys.readouterr())
    for secret in (PASSWORD, "wrong password", "xample.org", *tokens.values()):
        assert str(secret) in {"Bearer", "900"} or str(secret) not in written


async def test_mails_wait_for_the_server_that_takes_them(world: World) -> None:
    """One that is refused holds up nobody, and is sent once it can be."""
    for number in range(3):
        await post(world, "register", **form(world, email=f"{number}@x.org", handle=f"x.{number}a"))
        world.clock.advance(1)
    world.letters.failures = 1
    with pytest.raises(Exception, match="does not take mail"):
        await world.divan.auth.send_mail(100)
    assert [mail.to for mail in world.letters.sent] == ["1@x.org", "2@x.org"]
    assert await world.divan.auth.send_mail(100) == 0
    world.clock.advance(300)
    assert await world.divan.auth.send_mail(100) == 1
    assert world.letters.sent[-1].to == "0@x.org"
    world.clock.advance(300)
    assert await world.divan.auth.send_mail(100) == 0
