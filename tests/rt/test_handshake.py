"""Who is let in, and how the others learn why not."""

import json
from typing import Any

import jwt
import pytest
import socketio
from typed_settings import SecretStr

from divan_core.kernel.actor import Actor
from divan_core.settings import JwtSettings, Settings
from divan_core.stores.factories import memory_stores
from divan_core.testing.clock import ManualClock
from tests.rt.raw import RawClient
from tests.rt.world import PRESENCE, LiveClient, World, a_world, ids_of

pytestmark = pytest.mark.anyio

SECRET = "a secret that is long enough for HS256"
NOBODY = "00000000-0000-0000-0000-000000000001"


def token_of(actor: Actor, clock: ManualClock, seconds: float = 60, **claims: Any) -> str:
    now = clock.now() / 1000
    known = {"sub": str(actor.user_id), "campus_id": str(actor.campus_id), "iat": now}
    return jwt.encode(known | {"exp": now + seconds} | claims, SECRET)


async def refusal(world: World, auth: object) -> dict[str, Any]:
    """The problem that a connection with these credentials is refused with."""
    async with RawClient.open(world.url) as client:
        answer = await client.connect(auth)
        assert answer.startswith("44/presence,"), answer
        found = json.loads(answer.removeprefix("44/presence,"))
        assert found["message"] == found["data"]["title"]
        problem: dict[str, Any] = found["data"]
        return problem


async def test_two_ids_let_in(world: World) -> None:
    client = await world.client(await world.join("ana"))
    assert (await client.beat(0))["ts"] == world.clock.now()


async def test_the_text_of_a_dev_bearer_lets_in(world: World) -> None:
    ana = await world.join("ana")
    token = f"uid:{ana.user_id};campus:{ana.campus_id}"
    for text in (token, f"Bearer {token}"):
        async with RawClient.open(world.url) as client:
            assert (await client.connect({"token": text})).startswith("40/presence,")


@pytest.mark.parametrize("auth", [None, {}, [], "uid", 3, {"colour": "red"}, {"token": None}])
async def test_no_credentials(world: World, auth: object) -> None:
    problem = await refusal(world, auth)
    assert (problem["status"], problem["code"]) == (401, "unauthenticated")


@pytest.mark.parametrize(
    "auth",
    [
        {"token": ""},
        {"token": 7},
        {"token": "nonsense"},
        {"token": "x" * 20_000},
        {"token": ["uid"]},
        {"user_id": NOBODY},
        {"campus_id": NOBODY},
        {"user_id": 1, "campus_id": 2},
        {"user_id": "ana", "campus_id": "here"},
        {"token": "nonsense", "user_id": NOBODY, "campus_id": NOBODY},
    ],
)
async def test_bad_credentials(world: World, auth: object) -> None:
    problem = await refusal(world, auth)
    assert (problem["status"], problem["code"]) == (401, "invalid_credentials")
    assert set(problem) >= {"type", "title", "status", "detail", "code", "request_id"}


async def test_unknown_people_and_other_campuses(world: World) -> None:
    ana = await world.join("ana")
    stranger = await refusal(world, ids_of(ana) | {"user_id": NOBODY})
    assert (stranger["status"], stranger["code"]) == (401, "unknown_user")
    elsewhere = await refusal(world, ids_of(ana) | {"campus_id": NOBODY})
    assert (elsewhere["status"], elsewhere["code"]) == (403, "campus_mismatch")


async def test_a_handshake_that_is_no_json_is_refused(world: World) -> None:
    for text in ("{", "[" * 10_000, "{" * 10, "NaN"):
        async with RawClient.open(world.url) as client:
            await client.frame()
            await client.send(f"40/presence,{text}")
            assert (await client.frame()).startswith("44/presence,")


@pytest.mark.parametrize("namespace", ["", "/,", "/nowhere,", "/presence/x,"])
async def test_other_namespaces_are_refused(world: World, namespace: str) -> None:
    ana = await world.join("ana")
    async with RawClient.open(world.url) as client:
        await client.frame()
        await client.send(f"40{namespace}{json.dumps(ids_of(ana))}")
        assert (await client.frame()).startswith("44")


async def test_one_connection_carries_a_namespace_once(world: World) -> None:
    ana, ben = await world.join("ana"), await world.join("ben")
    async with RawClient.open(world.url) as client:
        await client.connect(ids_of(ana))
        await client.send(f"40/presence,{json.dumps(ids_of(ben))}")
        assert (await client.frame()).startswith("44/presence,")


async def test_tokens_let_in_and_development_ends_in_prod() -> None:
    clock = ManualClock()
    settings = Settings(
        env="prod", secret_key=SecretStr(SECRET), jwt=JwtSettings(secret=SecretStr(SECRET))
    )
    async with a_world(memory_stores(clock), clock, settings) as world:
        ana = await world.join("ana")
        client = LiveClient(clock)
        await client.connect(world.url, {"token": token_of(ana, clock)})
        await client.beat(0)
        await client.close()
        for auth in (
            ids_of(ana),
            {"token": f"uid:{ana.user_id};campus:{ana.campus_id}"},
            {"token": token_of(ana, clock, seconds=-60)},
            {"token": token_of(ana, clock, aud="others")},
            {"token": token_of(ana, clock)[:-2]},
        ):
            assert (await refusal(world, auth))["code"] == "invalid_credentials"


async def test_python_clients_learn_the_problem(world: World) -> None:
    client = LiveClient(world.clock)
    heard: list[Any] = []
    client.sio.on("connect_error", heard.append, namespace=PRESENCE)
    with pytest.raises(socketio.exceptions.ConnectionError):
        await client.connect(world.url, {"token": "nonsense"})
    assert heard[0]["data"]["code"] == "invalid_credentials"


async def test_a_person_has_only_so_many_sockets(world: World) -> None:
    ana = await world.join("ana")
    clients = [await world.client(ana) for _ in range(32)]
    problem = await refusal(world, ids_of(ana))
    assert (problem["status"], problem["code"]) == (429, "limit_exceeded")
    await clients[0].close()
    await clients[1].settle()
    await world.client(ana)
