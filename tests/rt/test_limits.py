"""How often sockets may do what."""

import attrs
import pytest

from divan_core.settings import LimitSettings
from divan_core.stores.factories import memory_stores
from divan_core.testing.clock import ManualClock
from tests.rt.raw import RawClient
from tests.rt.world import SLOW_TICK, World, a_world, heartbeat_json, ids_of

pytestmark = pytest.mark.anyio


async def test_thirty_events_in_ten_seconds(world: World) -> None:
    client = await world.client(await world.join("ana"))
    for _ in range(30):
        assert (await client.call("nearby:unsubscribe")) == {"ok": True}
    world.clock.advance(9.999)
    answer = await client.call("nearby:unsubscribe")
    assert answer["ok"] is False
    assert (answer["error"]["status"], answer["error"]["code"]) == (429, "rate_limited")
    assert answer["error"]["retry_after"] == 1
    world.clock.advance(0.001)
    assert (await client.call("nearby:unsubscribe")) == {"ok": True}


async def test_each_socket_has_its_own(world: World) -> None:
    ana = await world.join("ana")
    one, other = await world.client(ana), await world.client(ana)
    for _ in range(31):
        await one.call("nearby:unsubscribe")
    assert (await other.call("nearby:unsubscribe")) == {"ok": True}


async def test_three_times_too_many_end_the_socket(world: World) -> None:
    client = await world.client(await world.join("ana"))
    for _ in range(90):
        await client.call("nearby:unsubscribe")
    await client.sio.emit("nearby:unsubscribe", namespace="/presence")
    await client.ended()


async def test_rubbish_counts(world: World) -> None:
    ana = await world.join("ana")
    async with RawClient.open(world.url) as client:
        await client.connect(ids_of(ana))
        for _ in range(91):
            await client.send("42/elsewhere,[]")
        assert await client.is_closed()


async def test_frames_of_strangers_count(world: World) -> None:
    async with RawClient.open(world.url) as client:
        await client.frame()
        for _ in range(121):
            await client.send("40/presence,")
        assert await client.is_closed()


async def test_six_subscriptions_a_minute_on_all_sockets() -> None:
    clock = ManualClock()
    settings = attrs.evolve(SLOW_TICK, limit=LimitSettings())
    async with a_world(memory_stores(clock), clock, settings) as world:
        ana = await world.join("ana")
        clients = [await world.client(ana) for _ in range(2)]
        for _ in range(3):  # refused for want of presence, so not counted
            answer = await clients[0].subscribe(50)
            assert answer["error"]["status"] == 409
        await clients[0].beat(0)
        for number in range(6):
            assert (await clients[number % 2].subscribe(50 + number))["ok"]
        answer = await clients[0].subscribe(50)
        assert answer["error"]["code"] == "rate_limited"
        assert answer["error"]["retry_after"] == 60
        clock.advance(60)
        assert (await clients[0].subscribe(50))["ok"]


async def test_heartbeats_count_with_those_of_http() -> None:
    clock = ManualClock()
    settings = attrs.evolve(SLOW_TICK, limit=LimitSettings())
    async with a_world(memory_stores(clock), clock, settings) as world:
        ana = await world.join("ana")
        client = await world.client(ana)
        for _ in range(15):
            await world.beat(ana, 0)
            await client.beat(0)
        answer = await client.call("presence:heartbeat", heartbeat_json(clock, 0))
        assert answer["error"]["code"] == "rate_limited"


async def test_the_clock_set_back_locks_nobody_out(world: World) -> None:
    client = await world.client(await world.join("ana"))
    for _ in range(30):
        await client.call("nearby:unsubscribe")
    world.clock.advance(-3600)
    assert (await client.call("nearby:unsubscribe")) == {"ok": True}
