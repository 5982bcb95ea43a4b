"""Two servers on one Redis: the same truth on both."""

import contextlib
import random
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import anyio
import attrs
import pytest

from divan_core.activities.messages import ActivityQuery, CreateActivity
from divan_core.kernel.actor import ADMIN, MODERATOR
from divan_core.stores.bundle import Stores
from divan_core.stores.memory.unit import open_memory
from divan_core.stores.redis.store import open_redis
from divan_core.testing.clock import ManualClock
from tests.rt.test_activities import ENDED, ROUND, SCORE, UPDATE, player
from tests.rt.test_chat import connect, say
from tests.rt.test_mod import credentials, give_role, reported, staff, watching
from tests.rt.test_social import invited, settled, social
from tests.rt.test_updates import Crowd, truth
from tests.rt.test_veils import Desk
from tests.rt.world import FAST_TICK, PATIENCE_S, ROOMY, Found, LiveClient, World, a_world, ids_of

pytestmark = pytest.mark.anyio

KEY = b"k" * 32


@pytest.fixture(params=["redis_url", "redis_cluster_urls", "redis62_url"])
async def worlds(request: pytest.FixtureRequest) -> AsyncIterator[tuple[World, World]]:
    """Two servers that share a database and a Redis, and nothing else."""
    found = request.getfixturevalue(request.param)
    url = found if isinstance(found, str) else ",".join(found)
    clock, people = ManualClock(), open_memory()
    async with AsyncExitStack() as stack:
        first, second = [
            await stack.enter_async_context(
                a_world(
                    Stores.of(people, open_redis(url, key=KEY, clock=clock)),
                    clock,
                    attrs.evolve(FAST_TICK, limit=attrs.evolve(ROOMY, subscribe_per_minute=6)),
                    polling=False,
                )
            )
            for _ in range(2)
        ]
        yield first, second


async def soon(client: LiveClient, expected: Found) -> None:
    """What went through Redis arrives in its own time."""
    with contextlib.suppress(TimeoutError):
        await client.until(lambda: client.items == expected, 5)
    assert client.items == expected


async def test_both_servers_tell_the_same(worlds: tuple[World, World]) -> None:
    first, _ = worlds
    people = [await first.join(f"walker{number}") for number in range(16)]
    crowd = Crowd(first, 7, people)
    for one in people:
        await crowd.walk(one)
    watchers: list[LiveClient] = []
    for number, viewer in enumerate(people[:4]):
        client = await worlds[number % 2].client(viewer)
        assert (await client.subscribe(200))["ok"]
        crowd.watchers[viewer] = client
        watchers.append(client)
    dice = random.Random(3)
    for _ in range(12):
        crowd.world = dice.choice(worlds)  # whoever walks or changes does so on either server
        await crowd.step()
        for viewer, client in crowd.watchers.items():
            for world in worlds:
                await soon(client, await truth(world, viewer, 200))
    assert all(client.updates for client in watchers)


async def test_limits_are_shared(worlds: tuple[World, World]) -> None:
    ana = await worlds[0].join("ana")
    clients = [await world.client(ana) for world in worlds]
    await clients[0].beat(0)
    for number in range(6):
        assert (await clients[number % 2].subscribe(50))["ok"]
    for client in clients:
        assert (await client.subscribe(50))["error"]["code"] == "rate_limited"


async def test_a_number_of_another_server_does_not_fit(worlds: tuple[World, World]) -> None:
    ana, ben = await worlds[0].join("ana"), await worlds[0].join("ben")
    await worlds[0].beat(ben, 40)
    here, there = [await world.client(ana) for world in worlds]
    await here.beat(0)
    first = await here.subscribe(200)
    answer = await there.subscribe(200, since_seq=first["seq"])
    assert answer["items"] == first["items"]
    assert answer["seq"] != first["seq"]
    assert there.updates == []


async def test_what_happens_to_somebody_is_told_on_both(worlds: tuple[World, World]) -> None:
    """Whichever of the two it happened on; and once blocked, on neither."""
    first, second = worlds
    ana, ben = await first.join("ana"), await first.join("ben")
    anas = [await social(world, ana) for world in worlds]
    bens = [await social(world, ben) for world in worlds]
    view = await invited(second, ana, ben)
    for client in bens:
        (new,) = await client.hears("invite:new")
        assert new["id"] == str(view.id)
    await first.divan.social.accept(ben, view.id)
    for client in (*anas, *bens):
        await client.hears("invite:update", "friend:update")
    await second.divan.social.block(ben, ana.user_id)
    for client in bens:
        (update,) = await client.hears("friend:update")
        assert update == {"user_id": str(ana.user_id), "state": "removed"}
    await settled(first, *anas)
    assert [client.told for client in anas] == [[], []]


@pytest.mark.parametrize("worlds", ["redis_url"], indirect=True)
async def test_hidden_messages_disappear_on_both_servers(worlds: tuple[World, World]) -> None:
    first, second = worlds
    ana, ben = await first.join("ana"), await first.join("ben")
    bens = [await connect(world, ben) for world in worlds]
    await say(first, ana, ben, "Rude.")
    for client in bens:
        await client.until(1)
    (message,) = {payload["message_id"] for client in bens for _, payload in client.told}
    desk = await Desk.of(second, ben, message)
    await desk.act("tombstone")
    for client in bens:
        await client.until(2)
        assert [(name, payload.get("shown")) for name, payload in client.told] == [
            ("chat:message", None),
            ("chat:changed", False),
        ]


@pytest.mark.parametrize("worlds", ["redis_url"], indirect=True)
async def test_messages_reach_sockets_of_both_servers(worlds: tuple[World, World]) -> None:
    """In one order on all of them, whichever server each of them was sent through."""
    first, _second = worlds
    ana, ben = await first.join("ana"), await first.join("ben")
    clients = [await connect(world, one) for world in worlds for one in (ana, ben)]

    async def write(world: World, turn: int) -> None:
        sender, recipient = (ana, ben) if turn % 2 else (ben, ana)
        await say(world, sender, recipient, str(turn))

    async with anyio.create_task_group() as group:
        for turn in range(40):
            group.start_soon(write, worlds[turn % 3 % 2], turn)
    for client in clients:
        await client.until(40)
        assert [view["seq"] for _, view in client.told] == list(range(1, 41))
        assert [view["body"] for _, view in client.told] == [
            view["body"] for _, view in clients[0].told
        ]


async def test_staff_hear_of_cases_on_both(worlds: tuple[World, World]) -> None:
    """Whichever of the two it happened on; and whoever loses the role on one is out on both."""
    first, second = worlds
    ana, cyd, mod, boss = [await first.join(name) for name in ("ana", "cyd", "mod", "boss")]
    await give_role(first, mod, MODERATOR)
    mods = [await watching(world, mod, ids_of(mod)) for world in worlds]
    boss = staff(boss, ADMIN)
    bosses = [await watching(world, boss, credentials(boss)) for world in worlds]
    case = await reported(second, ana, cyd)
    for client in (*mods, *bosses):
        (told,) = await client.hears("case:new")
        assert told["case"]["id"] == str(case.id)
    await give_role(second, mod)
    for client in mods:
        with anyio.fail_after(PATIENCE_S):
            await client.out.wait()
    await reported(first, boss, cyd)
    for client in bosses:
        await client.hears("case:update")
    assert [client.told for client in mods] == [[], []]


async def test_players_are_told_on_either_server(worlds: tuple[World, World]) -> None:
    first, second = worlds
    ana, ben = await first.join("ana"), await first.join("ben")
    await first.divan.social.befriend(ana, ben.user_id)
    anas, bens = await player(first, ana), await player(second, ben)
    command = CreateActivity(ben.user_id, "rps", {"best_of": 1})
    match = (await first.divan.activities.create(ana, command)).view.id
    for one in (anas, bens):
        await one.hears(UPDATE)
        assert (await one.call("activity:join", {"activity_id": str(match)}))["ok"]
    await second.divan.activities.start(ben, ActivityQuery(match))
    for one in (anas, bens):
        await one.hears(ROUND, UPDATE)
    await anas.commit(match, "rock")
    await bens.commit(match, "paper")
    await anas.reveal(match, "rock")
    for one in (anas, bens):
        await one.hears(UPDATE, UPDATE, UPDATE)
    await bens.reveal(match, "paper")
    for one in (anas, bens):
        told = await one.hears(ROUND, SCORE, UPDATE, ENDED)
        assert told[-1]["winner_id"] == str(ben.user_id)
