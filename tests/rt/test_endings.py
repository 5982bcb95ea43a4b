"""Sockets that end: with their token, with their person, and with their manners."""

import attrs
import pytest
from typed_settings import SecretStr

from divan_core.kernel.actor import Actor
from divan_core.kernel.clock import Millis
from divan_core.kernel.visibility import Standing
from divan_core.settings import JwtSettings
from divan_core.stores.factories import memory_stores
from divan_core.testing.clock import ManualClock
from tests import sanctions
from tests.rt.raw import RawClient
from tests.rt.test_handshake import SECRET, token_of
from tests.rt.world import SLOW_TICK, LiveClient, World, a_world, ids_of

pytestmark = pytest.mark.anyio


async def sentence(world: World, actor: Actor, standing: Standing) -> None:
    """What moderation will do: change a person's standing."""
    await sanctions.sentence(world.divan, actor, standing)


@pytest.mark.parametrize("standing", [Standing.BANNED, Standing.DELETED])
async def test_a_sanction_ends_the_persons_sockets(world: World, standing: Standing) -> None:
    ana, ben = await world.join("ana"), await world.join("ben")
    mine, other, bens = [await world.client(one) for one in (ana, ana, ben)]
    await sentence(world, ana, standing)
    await world.tick()
    await mine.ended()
    await other.ended()
    await bens.settle()
    async with RawClient.open(world.url) as client:
        assert (await client.connect(ids_of(ana))).startswith("44/presence,")


async def test_somebody_shadowed_stays(world: World) -> None:
    ana = await world.join("ana")
    client = await world.client(ana)
    await sentence(world, ana, Standing.SHADOWED)
    await world.tick()
    await client.settle()


async def test_a_token_ends_its_socket() -> None:
    clock = ManualClock()
    settings = attrs.evolve(SLOW_TICK, jwt=JwtSettings(secret=SecretStr(SECRET), leeway_s=5))
    async with a_world(memory_stores(clock), clock, settings) as world:
        ana = await world.join("ana")
        client = LiveClient(clock)
        await client.connect(world.url, {"token": token_of(ana, clock, seconds=60)})
        clock.advance(64.9)
        await world.tick()
        await client.settle()
        clock.advance(0.1)
        await world.tick()
        await client.ended()


async def test_the_connection_ends_with_the_socket(world: World) -> None:
    """Also where the other side does not do its part."""
    ana = await world.join("ana")
    async with RawClient.open(world.url) as client:
        await client.connect(ids_of(ana))
        await sentence(world, ana, Standing.BANNED)
        await world.tick()
        assert await client.frame() == "41/presence,"
        assert await client.is_closed()


async def test_long_polling_ends_too(world: World) -> None:
    ana = await world.join("ana")
    client = await world.client(ana, "polling")
    await sentence(world, ana, Standing.BANNED)
    await world.tick()
    await client.ended()


async def test_strangers_may_not_stay(world: World) -> None:
    async with RawClient.open(world.url) as silent, RawClient.open(world.url) as refused:
        await silent.frame()
        assert (await refused.connect({"token": "nonsense"})).startswith("44")
        await world.tick()
        world.clock.advance(9.9)
        await world.tick()
        await silent.send("2")  # not closed: frames still go both ways
        world.clock.advance(0.1)
        await world.tick()
        assert await silent.is_closed()
        assert await refused.is_closed()


async def test_who_is_let_in_stays(world: World) -> None:
    client = await world.client(await world.join("ana"))
    for _ in range(5):
        world.clock.advance(20)
        await world.tick()
    await client.settle()
    assert not client.closed.is_set()


async def test_an_ending_while_a_subscription_begins(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The list has no listener afterwards who never leaves."""
    ana = await world.join("ana")
    client = await world.client(ana)
    await client.beat(0)
    limits = world.divan.stores.limits

    async def admit(*_args: object) -> Millis:
        await sentence(world, ana, Standing.BANNED)
        await world.server.tick()
        return world.divan.clock.now()

    monkeypatch.setattr(limits, "admit", admit)
    await client.sio.emit("nearby:subscribe", {"radius_m": 50}, namespace="/presence")
    await client.ended()
    assert len(world.server._feeds) == 0  # noqa: SLF001 - only inside it shows
