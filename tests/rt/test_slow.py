"""Clients that read too slowly cost the server no memory, and are told the whole afterwards."""

import asyncio
import json
from collections.abc import AsyncIterator
from itertools import count, islice
from typing import Any

import anyio
import pytest

from divan_core.accounts.messages import ChangeProfile
from divan_core.kernel.actor import Actor
from divan_core.social.messages import SendInvite
from divan_rt.outlet import MAX_QUEUED
from tests.rt.raw import EVENT, RawClient
from tests.rt.world import World, by_id, ids_of

pytestmark = pytest.mark.anyio

CROWD = 40
PING_S = 3600
UNDER_WAY = 1
"""Answers that a beat comes before, and the next one after: a client does not wait for either."""


@pytest.fixture
def world(world: World) -> World:
    """One that asks nobody for a sign of life, which would stand in a queue that is full.

    The library does so every 25 s by the clock of the machine, and a busy one takes that long.
    """
    engine: Any = world.server._library.eio  # noqa: SLF001 - only inside it shows
    engine.ping_interval = PING_S
    return world


@pytest.fixture
async def crowd(world: World) -> list[Actor]:
    people = [await world.join(f"walker{number}") for number in range(CROWD)]
    for one in people:
        await world.beat(one, 10)
    return people


@pytest.fixture
async def slow(world: World, crowd: list[Actor]) -> AsyncIterator[RawClient]:
    """A subscribed client that reads nothing, and is behind."""
    ana = await world.join("ana")
    await world.beat(ana, 0)
    async with RawClient.open(world.url) as client:
        assert (await client.connect(ids_of(ana))).startswith("40")
        answer = await client.ask('["nearby:subscribe",{"radius_m":200}]')
        assert len(answer["items"]) == CROWD
        await fall_behind(world, crowd)
        yield client


async def fall_behind(world: World, crowd: list[Actor]) -> None:
    """Let everybody change until the one connection holds as much as it may, and ten times more."""
    changes = count()
    while queued(world) < MAX_QUEUED:
        await everybody_changes(world, crowd, next(changes))
    for step in islice(changes, 10):
        await everybody_changes(world, crowd, step)
        assert queued(world) == MAX_QUEUED


async def everybody_changes(world: World, crowd: list[Actor], step: int) -> None:
    for one in crowd:
        await world.divan.accounts.change_profile(one, ChangeProfile(major=f"{step:080d}"))
    await world.tick()


def queued(world: World) -> int:
    """The longest queue of any connection."""
    sockets = world.server._library.eio.sockets.values()  # noqa: SLF001 - only inside it shows
    return max((socket.queue.qsize() for socket in sockets), default=0)


async def events(client: RawClient) -> AsyncIterator[tuple[str, Any]]:
    """What the client reads at last, name and body."""
    while True:
        frame = await client.frame()
        name, body = json.loads(frame.removeprefix(EVENT))
        yield name, body


async def test_a_slow_client_gets_the_whole_list_when_it_has_caught_up(
    world: World, crowd: list[Actor], slow: RawClient
) -> None:
    for step in range(1000, 1030):
        await everybody_changes(world, crowd, step)
        assert queued(world) == MAX_QUEUED
    seqs: list[int] = []
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(beating, world)
        async for name, body in events(slow):
            seqs.append(body["seq"])
            if name == "nearby:resync":
                break
        tasks.cancel_scope.cancel()
    assert seqs[:-1] == list(range(seqs[0], seqs[0] + len(seqs) - 1))
    assert seqs[-1] > seqs[-2] + 25
    assert all(item["major"].endswith("1029") for item in body["items"])
    assert len(by_id(body["items"])) == CROWD
    await everybody_changes(world, crowd, 2000)  # from here on there are updates again
    name, update = await anext(events(slow))
    assert (name, update["seq"]) == ("nearby:update", seqs[-1] + 1)


async def test_a_client_that_stays_behind_is_ended(
    world: World, crowd: list[Actor], slow: RawClient
) -> None:
    world.clock.advance(29)
    await world.tick()
    assert queued(world) == MAX_QUEUED
    world.clock.advance(1)
    await everybody_changes(world, crowd, 3000)
    assert not world.server._library.eio.sockets  # noqa: SLF001 - as above
    with anyio.fail_after(3):  # sooner than a connection that is only asked to end
        while CONNECTION_TASKS & running():  # noqa: ASYNC110 - tasks end without telling
            await anyio.sleep(0.01)
    assert await slow.is_closed()


async def test_who_was_behind_reloads_in_every_namespace(world: World, crowd: list[Actor]) -> None:
    """The one way out of a connection is behind for all of them."""
    ana = await world.join("ana")
    await world.beat(ana, 0)
    async with RawClient.open(world.url) as client:
        await client.connect(ids_of(ana))
        await client.send(f"40/social,{json.dumps(ids_of(ana))}")
        assert (await client.frame()).startswith("40/social,")
        await client.send('42/social,1["subscribe:self"]')
        assert await client.frame() == '43/social,1[{"ok":true}]'
        assert (await client.ask('["nearby:subscribe",{"radius_m":200}]'))["ok"]
        await fall_behind(world, crowd)
        ben = await world.divan.accounts.actor(crowd[0].user_id)
        await world.divan.social.invite(ben, SendInvite(ana.user_id))
        await world.divan.drain()
        frames: list[str] = []
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(beating, world)
            while not frames or not frames[-1].startswith("42/social,"):
                frames.append(await client.frame())
            tasks.cancel_scope.cancel()
        assert frames[-1] == '42/social,["social:reload",{}]'
        assert frames[-2].startswith('42/presence,["nearby:resync",')


async def beating(world: World) -> None:
    while True:
        await world.tick()
        await anyio.sleep(0.01)


async def test_the_connections_tasks_are_known_by_these_names(world: World) -> None:
    async with RawClient.open(world.url) as client:
        await client.connect(ids_of(await world.join("ana")))
        assert running() >= CONNECTION_TASKS


CONNECTION_TASKS = {
    "AsyncSocket._websocket_handler.<locals>.writer",
    "AsyncSocket._websocket_handler.<locals>.websocket_wait",
    "WebSocketsSansIOProtocol.run_asgi",
}


def running() -> set[str]:
    """What the tasks of this event loop run."""
    coroutines = (task.get_coro() for task in asyncio.all_tasks())
    return {getattr(one, "__qualname__", "") for one in coroutines}


async def test_answers_alone_may_not_pile_up_either(world: World, crowd: list[Actor]) -> None:
    """Somebody who asks for the whole list again and again, and never reads it."""
    ana, kept = await world.join("ana"), world.server._library.eio.sockets  # noqa: SLF001 - as above
    async with RawClient.open(world.url) as client:
        await client.connect(ids_of(ana))
        for radius_m in range(200, 320):
            await world.beat(ana, 0)
            await client.send(f'{EVENT}1["nearby:subscribe",{{"radius_m":{radius_m}}}]')
            await world.tick()
            assert queued(world) <= MAX_QUEUED + UNDER_WAY + 30
            if not kept:
                break
            world.clock.advance(1)
            for one in crowd:
                await world.beat(one, 10)
        assert not kept
        assert await client.is_closed()
