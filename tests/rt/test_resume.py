"""Coming back after the connection was lost."""

import anyio
import pytest

from divan_core.accounts.messages import ChangeProfile
from divan_core.kernel.actor import Actor
from divan_core.kernel.visibility import Standing
from tests.rt.raw import RawClient
from tests.rt.test_endings import sentence
from tests.rt.world import PATIENCE_S, LiveClient, World, ids_of

pytestmark = pytest.mark.anyio


async def watching(world: World, viewer: Actor) -> LiveClient:
    client = await world.client(viewer)
    await client.beat(0)
    assert (await client.subscribe(200))["ok"]
    return client


async def gone(world: World, client: LiveClient) -> None:
    """The socket is lost, and the server knows."""
    sockets = world.server._library.eio.sockets  # noqa: SLF001 - only inside it shows
    before = len(sockets)
    await client.close()
    with anyio.fail_after(PATIENCE_S):
        while len(sockets) == before:  # noqa: ASYNC110 - sockets go without telling
            await anyio.sleep(0.01)
    await world.tick()


async def test_what_was_missed_is_sent_and_then_the_list(world: World) -> None:
    ana, ben = await world.join("ana"), await world.join("ben")
    await world.beat(ben, 40)
    client = await watching(world, ana)
    seen, first = client.seq, dict(client.items)
    await world.divan.accounts.change_profile(ben, ChangeProfile(display_name="Benno"))
    await world.tick()
    await client.settle()
    assert client.seq == seen + 1
    await gone(world, client)
    await world.divan.accounts.change_profile(ben, ChangeProfile(display_name="Benjamin"))
    world.clock.advance(29)
    back = await world.client(ana)
    back.seq, back.items = seen, first
    answer = await back.subscribe(200, since_seq=seen)
    assert [update["seq"] for update in back.updates] == [seen + 1, seen + 2]
    shown = [item["display_name"] for update in back.updates for item in update["updated"]]
    assert shown == ["Benno", "Benjamin"]
    assert answer["seq"] == seen + 2
    assert back.items == await world.nearby(ana, 200)


async def test_nothing_is_sent_when_nothing_was_missed(world: World) -> None:
    ana, ben = await world.join("ana"), await world.join("ben")
    await world.beat(ben, 40)
    client = await watching(world, ana)
    await gone(world, client)
    world.clock.advance(10)
    back = await world.client(ana)
    answer = await back.subscribe(200, since_seq=client.seq)
    assert answer["seq"] == client.seq
    assert back.updates == []
    assert back.items == client.items


async def test_after_the_grace_there_is_only_the_list(world: World) -> None:
    ana, ben = await world.join("ana"), await world.join("ben")
    await world.beat(ben, 40)
    client = await watching(world, ana)
    await gone(world, client)
    await world.divan.accounts.change_profile(ben, ChangeProfile(display_name="Benjamin"))
    world.clock.advance(30)
    await world.tick()
    back = await world.client(ana)
    answer = await back.subscribe(200, since_seq=client.seq)
    assert answer["seq"] not in {client.seq, client.seq + 1}
    assert back.updates == []
    assert back.items == await world.nearby(ana, 200)


@pytest.mark.parametrize("off", [-1000, 1, 1000])
async def test_a_number_that_does_not_fit_brings_only_the_list(world: World, off: int) -> None:
    ana, ben = await world.join("ana"), await world.join("ben")
    await world.beat(ben, 40)
    client = await watching(world, ana)
    await world.divan.accounts.change_profile(ben, ChangeProfile(display_name="Benno"))
    await world.tick()
    await client.settle()
    back = await world.client(ana)
    answer = await back.subscribe(200, since_seq=client.seq + off)
    assert answer["seq"] == client.seq
    assert back.updates == []


async def test_a_socket_may_subscribe_again(world: World) -> None:
    ana, ben = await world.join("ana"), await world.join("ben")
    await world.beat(ben, 40)
    client = await watching(world, ana)
    again = await client.subscribe(200)
    assert again["seq"] == client.seq
    await world.divan.accounts.change_profile(ben, ChangeProfile(display_name="Benno"))
    await world.tick()
    await client.settle()
    assert len(client.updates) == 1


async def test_a_return_is_authorised_anew(world: World) -> None:
    ana = await world.join("ana")
    client = await watching(world, ana)
    await gone(world, client)
    await sentence(world, ana, Standing.BANNED)
    async with RawClient.open(world.url) as back:
        assert (await back.connect(ids_of(ana))).startswith("44/presence,")


async def test_without_presence_a_return_is_refused(world: World) -> None:
    ana = await world.join("ana")
    client = await watching(world, ana)
    await gone(world, client)
    world.clock.advance(90)
    back = await world.client(ana)
    answer = await back.subscribe(200, since_seq=client.seq)
    assert answer["error"]["code"] == "presence_required"


async def test_others_do_not_notice_a_lost_socket(world: World) -> None:
    ana, ben = await world.join("ana"), await world.join("ben")
    client, bens = await watching(world, ana), await world.client(ben)
    await bens.beat(40)
    await world.tick()
    await client.settle()
    client.updates.clear()
    await gone(world, bens)
    world.clock.advance(29)
    await world.tick()
    back = await world.client(ben)
    await back.beat(40)
    await world.tick()
    assert set(await client.settle()) == {str(ben.user_id)}
    assert client.updates == []


async def test_lists_that_nobody_comes_back_for_are_dropped(world: World) -> None:
    ana = await world.join("ana")
    client = await watching(world, ana)
    await client.subscribe(100)
    feeds = world.server._feeds  # noqa: SLF001 - only inside it shows
    assert len(feeds) == 2
    await gone(world, client)
    world.clock.advance(30)
    await world.tick()
    assert len(feeds) == 0
    assert not feeds.campuses()


async def test_a_refused_subscription_leaves_no_list(world: World) -> None:
    client = await world.client(await world.join("ana"))
    assert not (await client.subscribe(100))["ok"]
    assert len(world.server._feeds) == 0  # noqa: SLF001 - as above
