"""Invites as a program that imports the library sends them, on every set of stores."""

from __future__ import annotations

from uuid import UUID

import anyio
import pytest

from divan_core.accounts.messages import ChangePrivacy
from divan_core.errors import (
    AlreadyFriends,
    IdempotencyKeyInvalid,
    IdempotencyKeyReused,
    InvalidInput,
    InviteExists,
    NotFound,
    RateLimited,
)
from divan_core.kernel.actor import Actor
from divan_core.kernel.delivery import Group
from divan_core.kernel.ids import UserId
from divan_core.kernel.once import Done
from divan_core.settings import LimitSettings, Settings
from divan_core.social.messages import InviteView, SendInvite
from divan_core.social.model import INVITE_MS

from .conftest import World

pytestmark = pytest.mark.anyio
NOBODY = UserId(UUID(int=404))
WATCHING = Group("watching", "social")


async def pair(world: World) -> tuple[Actor, Actor]:
    return await world.join("ana"), await world.join("ben")


async def invite(
    world: World, sender: Actor, recipient: Actor, key: str | None = None
) -> Done[InviteView]:
    command = SendInvite(recipient.user_id)
    return await world.divan.social.invite(sender, command, idempotency_key=key)


async def events(world: World) -> list[str]:
    """What has been told on the bus, in order."""
    stores, names = world.divan.stores, []
    found = await stores.outbox.claim("test", 100, 1000)
    await stores.bus.publish(found)
    await stores.outbox.published("test", [one.id for one in found])
    while taken := await stores.bus.take(WATCHING, "test", 100):
        names += [one.event.name for one in taken]
        await stores.bus.acknowledge(WATCHING, taken)
    return names


@pytest.fixture
def settings() -> Settings:
    """Events wait for the test to ask for them."""
    return Settings(env="test", workers_enabled=False)


async def test_an_invite_is_open_and_is_told(world: World) -> None:
    ana, ben = await pair(world)
    done = await invite(world, ana, ben)
    assert (done.view.from_user_id, done.view.to_user_id) == (ana.user_id, ben.user_id)
    assert done.view.state == "open"
    assert not done.replayed
    assert await events(world) == ["invite.sent"]


async def test_two_who_invite_each_other_are_friends_in_the_next_answer(world: World) -> None:
    ana, ben = await pair(world)
    await world.beat(ana)
    await world.beat(ben)
    await invite(world, ana, ben)
    assert [one.is_friend for one in await world.near(ana)] == [False]
    done = await invite(world, ben, ana, "key")
    assert done.view.state == "accepted"
    assert [one.is_friend for one in await world.near(ana)] == [True]
    assert await events(world) == ["invite.sent", "invite.accepted", "friendship.begun"]
    again = await invite(world, ben, ana, "key")
    assert again.replayed
    assert again.body == done.body
    with pytest.raises(AlreadyFriends):
        await invite(world, ana, ben)


async def test_two_who_do_so_at_the_same_moment_are_friends_as_well(world: World) -> None:
    ana, ben = await pair(world)
    states = []

    async def send(one: Actor, other: Actor) -> None:
        states.append((await invite(world, one, other)).view.state)

    async with anyio.create_task_group() as group:
        group.start_soon(send, ana, ben)
        group.start_soon(send, ben, ana)
    assert sorted(states) == ["accepted", "open"]
    with pytest.raises(AlreadyFriends):
        await invite(world, ana, ben)


async def test_a_second_open_invite_is_refused_until_the_first_is_over(world: World) -> None:
    ana, ben = await pair(world)
    await invite(world, ana, ben)
    with pytest.raises(InviteExists):
        await invite(world, ana, ben)
    world.clock.advance(INVITE_MS / 1000)
    assert (await invite(world, ana, ben)).view.state == "open"


async def test_somebody_hidden_is_as_if_absent(world: World) -> None:
    ana, ben = await pair(world)
    shy = await world.join("shy", visibility="friends")
    ghost = await world.join("ghost", ghost_mode=True)
    await world.divan.social.block(ben, ana.user_id)
    for target in (ben.user_id, shy.user_id, ghost.user_id, NOBODY):
        with pytest.raises(NotFound) as refused:
            await world.divan.social.invite(ana, SendInvite(target))
        assert refused.value.detail == NotFound().detail
    assert await events(world) == []


async def test_a_handle_reaches_whoever_shows_themselves_to_friends(world: World) -> None:
    ana, _ = await pair(world)
    shy = await world.join("shy", visibility="friends")
    await world.join("ghost", ghost_mode=True)
    done = await world.divan.social.invite(ana, SendInvite(to_handle="shy"))
    assert done.view.to_user_id == shy.user_id
    for handle in ("ghost", "nobody.here"):
        with pytest.raises(NotFound):
            await world.divan.social.invite(ana, SendInvite(to_handle=handle))


async def test_a_block_closes_what_is_open(world: World) -> None:
    ana, ben = await pair(world)
    await invite(world, ana, ben)
    await world.divan.social.block(ben, ana.user_id)
    await world.divan.social.unblock(ben, ana.user_id)
    assert (await invite(world, ben, ana)).view.state == "open"


async def test_nobody_invites_themselves(world: World) -> None:
    ana, _ = await pair(world)
    with pytest.raises(InvalidInput):
        await invite(world, ana, ana)


async def test_a_key_performs_once_and_then_replays(world: World) -> None:
    ana, ben = await pair(world)
    first = await invite(world, ana, ben, "once")
    again = await invite(world, ana, ben, '"once"')
    assert (first.replayed, again.replayed) == (False, True)
    assert again.body == first.body
    assert again.view == first.view
    assert await events(world) == ["invite.sent"]


async def test_a_key_stands_for_one_payload_one_person_and_one_day(world: World) -> None:
    ana, ben = await pair(world)
    zoe = await world.join("zoe")
    await invite(world, ana, ben, "once")
    with pytest.raises(IdempotencyKeyReused):
        await invite(world, ana, zoe, "once")
    assert not (await invite(world, zoe, ben, "once")).replayed
    world.clock.advance(86_400)
    assert not (await invite(world, ana, zoe, "once")).replayed


async def test_a_refused_write_leaves_its_key_unused(world: World) -> None:
    ana, ben = await pair(world)
    await world.divan.accounts.change_privacy(ben, ChangePrivacy(ghost_mode=True))
    with pytest.raises(NotFound):
        await invite(world, ana, ben, "once")
    await world.divan.accounts.change_privacy(ben, ChangePrivacy(ghost_mode=False))
    assert not (await invite(world, ana, ben, "once")).replayed


async def test_many_at_once_are_one(world: World) -> None:
    ana, ben = await pair(world)
    answers: list[Done[InviteView]] = []

    async def send() -> None:
        answers.append(await invite(world, ana, ben, "once"))

    async with anyio.create_task_group() as group:
        for _ in range(50):
            group.start_soon(send)
    assert sorted(one.replayed for one in answers) == [False] + [True] * 49
    assert len({one.body for one in answers}) == 1
    assert await events(world) == ["invite.sent"]


@pytest.mark.parametrize("key", ["", "a b", "x" * 256, '"open', "ü"])
async def test_a_malformed_key_does_nothing(world: World, key: str) -> None:
    ana, ben = await pair(world)
    with pytest.raises(IdempotencyKeyInvalid):
        await invite(world, ana, ben, key)
    assert await events(world) == []


class TestLimit:
    """Invites are limited, and a replay is not one."""

    @pytest.fixture
    def settings(self) -> Settings:
        return Settings(env="test", workers_enabled=False, limit=LimitSettings(invite_per_minute=2))

    async def test_replays_do_not_count(self, world: World) -> None:
        ana, ben = await pair(world)
        zoe, eve = await world.join("zoe"), await world.join("eve")
        for _ in range(5):
            await invite(world, ana, ben, "once")
        await invite(world, ana, zoe, "twice")
        with pytest.raises(RateLimited):
            await invite(world, ana, eve)
        assert (await invite(world, ana, zoe, "twice")).replayed
