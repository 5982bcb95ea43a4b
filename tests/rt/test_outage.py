"""While a store is away nothing is told, nobody is sent away, and afterwards all is right."""

from typing import Any

import anyio
import attrs
import pytest

from divan_core.errors import StoreUnavailable
from divan_core.stores.bundle import Stores
from divan_core.stores.factories import memory_stores
from divan_core.stores.memory.unit import open_memory
from divan_core.stores.redis.store import open_redis
from divan_core.testing.clock import ManualClock
from tests.rt.world import FAST_TICK, SLOW_TICK, a_world
from tests.servers.valkey import RedisServer

pytestmark = pytest.mark.anyio


class Switched:
    """A store's port that can be switched off."""

    def __init__(self, port: object) -> None:
        self._port = port
        self.on = True

    def __getattr__(self, name: str) -> Any:
        return getattr(self._port, name) if self.on else self._refuse

    async def _refuse(self, *_args: object, **_named: object) -> None:
        raise StoreUnavailable


async def test_lists_wait_for_their_store() -> None:
    clock = ManualClock()
    stores = memory_stores(clock)
    presence, journal = Switched(stores.presence), Switched(stores.journal)
    stores = attrs.evolve(stores, presence=presence, journal=journal)
    async with a_world(stores, clock, SLOW_TICK) as world:
        ana, ben = await world.join("ana"), await world.join("ben")
        client = await world.client(ana)
        await client.beat(0)
        await client.subscribe(200)
        await world.beat(ben, 40)
        presence.on = journal.on = False
        for event in ("presence:heartbeat", "nearby:subscribe"):
            await refused(client, event, clock)
        await world.tick()
        await client.settle()
        assert client.updates == []
        presence.on = journal.on = True
        await world.tick()
        assert await client.settle() == await world.nearby(ana, 200)
        assert len(client.items) == 1


async def refused(client: Any, event: str, clock: ManualClock) -> None:
    payloads = {
        "presence:heartbeat": {
            "lat": 45.5,
            "lon": -73.57,
            "accuracy_m": 5,
            "device_id": "x",
            "ts_client": clock.now(),
        },
        "nearby:subscribe": {"radius_m": 50},
    }
    answer = await client.call(event, payloads[event])
    assert (answer["error"]["status"], answer["error"]["code"]) == (503, "store_unavailable")
    assert answer["error"]["retry_after"] == 1


async def test_a_campus_whose_store_is_away_does_not_hold_up_the_tick() -> None:
    """Of many lists only a few are asked for while there is no answer."""
    clock = ManualClock()
    stores = memory_stores(clock)
    presence = Switched(stores.presence)
    async with a_world(attrs.evolve(stores, presence=presence), clock, SLOW_TICK) as world:
        people = [await world.join(f"walker{number}") for number in range(40)]
        clients = [await world.client(one) for one in people]
        for client in clients:
            await client.beat(0)
            await client.subscribe(50)
        asked = 0

        async def away(*_args: object, **_named: object) -> None:
            nonlocal asked
            asked += 1
            await anyio.sleep(0.01)
            raise StoreUnavailable

        presence._refuse, presence.on = away, False  # type: ignore[method-assign]  # noqa: SLF001
        await world.server.tick()
        assert asked < len(people)
        presence.on = True
        await world.tick()
        for viewer, client in zip(people, clients, strict=True):
            assert await client.settle() == await world.nearby(viewer, 50)


async def test_everything_is_right_again_soon_after_redis_is_back(
    breakable_redis: RedisServer,
) -> None:
    clock = ManualClock()
    live = open_redis(breakable_redis.url, key=bytes(32), clock=clock)
    async with a_world(Stores.of(open_memory(), live), clock, FAST_TICK) as world:
        ana, ben = await world.join("ana"), await world.join("ben")
        client = await world.client(ana)
        await client.beat(0)
        await world.beat(ben, 40)
        await client.subscribe(200)
        assert len(client.items) == 1
        breakable_redis.stop()
        await refused(client, "presence:heartbeat", clock)
        breakable_redis.start()  # with everything lost
        with anyio.fail_after(5):
            await client.until(lambda: not client.items)
            await client.beat(0)
            await world.beat(ben, 80)
            await client.until(lambda: bool(client.items))
        assert client.items == await world.nearby(ana, 200)
