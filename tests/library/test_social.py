"""Friends, replies and lists as a program that imports the library uses them, on every store."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any, get_args
from uuid import UUID

import anyio
import pytest

from divan_core.accounts.messages import ChangePrivacy
from divan_core.errors import (
    AlreadyFriends,
    InvalidCursor,
    InvalidInput,
    InviteClosed,
    InviteExists,
    InviteExpired,
    NotFound,
)
from divan_core.kernel.actor import Actor
from divan_core.kernel.ids import UserId
from divan_core.kernel.paging import Page
from divan_core.kernel.visibility import Standing
from divan_core.settings import LimitSettings, Settings
from divan_core.social.messages import (
    FriendsFilter,
    FriendsQuery,
    InviteId,
    InvitesQuery,
    InviteView,
    ListedInvite,
    ListedPerson,
    MutualQuery,
    SendInvite,
)
from divan_core.social.model import INVITE_MS
from tests.sanctions import sentence

from .conftest import World
from .test_invites import events, invite

pytestmark = pytest.mark.anyio
NOBODY = UserId(UUID(int=404))
RACERS = 200


@pytest.fixture
def settings() -> Settings:
    """Events wait for the test to ask for them."""
    roomy = LimitSettings(invite_per_minute=10_000, invite_per_day=10_000, block_per_minute=10_000)
    return Settings(env="test", workers_enabled=False, limit=roomy)


async def people(world: World, *names: str) -> list[Actor]:
    return [await world.join(name) for name in names]


async def sent(world: World, sender: Actor, recipient: Actor) -> InviteId:
    return (await invite(world, sender, recipient)).view.id


async def friends(
    world: World, actor: Actor, only: FriendsFilter = "accepted", **query: Any
) -> Page[ListedPerson]:
    return await world.divan.social.friends(actor, FriendsQuery(only, **query))


async def names(world: World, actor: Actor, only: FriendsFilter = "accepted") -> list[str]:
    return [one.handle for one in (await friends(world, actor, only)).items]


async def boxes(world: World, actor: Actor) -> tuple[list[str], list[str]]:
    """Whose invites are in the inbox, and for whom those in the outbox are."""
    social, query = world.divan.social, InvitesQuery()
    found: list[Page[ListedInvite]] = [
        await social.inbox(actor, query),
        await social.outbox(actor, query),
    ]
    inbox, outbox = ([one.person.handle for one in page.items] for page in found)
    return inbox, outbox


async def test_an_accepted_invite_makes_friends_in_the_next_answer(world: World) -> None:
    ana, ben = await people(world, "ana", "ben")
    await world.beat(ana)
    await world.beat(ben)
    number = await sent(world, ana, ben)
    assert await boxes(world, ben) == (["ana"], [])
    assert await boxes(world, ana) == ([], ["ben"])
    view = await world.divan.social.accept(ben, number)
    assert (view.id, view.state) == (number, "accepted")
    assert [one.is_friend for one in await world.near(ana)] == [True]
    assert await names(world, ana) == ["ben"]
    assert await names(world, ben) == ["ana"]
    assert await boxes(world, ben) == await boxes(world, ana) == ([], [])
    assert await world.divan.social.accept(ben, number) == view
    assert await events(world) == ["invite.sent", "invite.accepted", "friendship.begun"]


async def test_replies_close_an_invite_for_good(world: World) -> None:
    ana, ben = await people(world, "ana", "ben")
    social = world.divan.social
    for reply, others in (
        (social.decline, ((social.accept, ben), (social.cancel, ana))),
        (social.cancel, ((social.accept, ben), (social.decline, ben))),
    ):
        number = await sent(world, ana, ben)
        by = ana if reply == social.cancel else ben
        view = await reply(by, number)
        assert await reply(by, number) == view
        for other, actor in others:
            with pytest.raises(InviteClosed):
                await other(actor, number)
    assert await names(world, ana) == []
    assert await events(world) == [
        "invite.sent",
        "invite.declined",
        "invite.sent",
        "invite.cancelled",
    ]


async def test_only_its_people_reply_to_an_invite(world: World) -> None:
    ana, ben, cyd = await people(world, "ana", "ben", "cyd")
    number, social = await sent(world, ana, ben), world.divan.social
    for reply, actor in (
        (social.accept, ana),
        (social.decline, ana),
        (social.cancel, ben),
        (social.accept, cyd),
        (social.cancel, cyd),
    ):
        with pytest.raises(NotFound):
            await reply(actor, number)
    with pytest.raises(NotFound):
        await social.accept(ben, InviteId(NOBODY))
    assert await boxes(world, ben) == (["ana"], [])


async def test_an_invite_is_open_for_seven_days(world: World) -> None:
    ana, ben = await people(world, "ana", "ben")
    number, social = await sent(world, ana, ben), world.divan.social
    world.clock.advance(INVITE_MS / 1000)
    assert await boxes(world, ben) == await boxes(world, ana) == ([], [])
    for reply, actor in ((social.accept, ben), (social.decline, ben), (social.cancel, ana)):
        with pytest.raises(InviteExpired):
            await reply(actor, number)


async def test_a_block_takes_the_invite_away_from_both(world: World) -> None:
    ana, ben = await people(world, "ana", "ben")
    number, social = await sent(world, ana, ben), world.divan.social
    await social.block(ben, ana.user_id)
    for reply, actor in ((social.accept, ben), (social.decline, ben), (social.cancel, ana)):
        with pytest.raises(NotFound):
            await reply(actor, number)
    assert await boxes(world, ben) == await boxes(world, ana) == ([], [])
    await social.unblock(ben, ana.user_id)
    with pytest.raises(InviteClosed):
        await social.accept(ben, number)


async def test_an_end_is_an_event_once(world: World) -> None:
    ana, ben = await people(world, "ana", "ben")
    social = world.divan.social
    await social.befriend(ana, ben.user_id)
    await social.befriend(ana, ben.user_id)
    await social.remove(ana, ben.user_id)
    await social.remove(ben, ana.user_id)
    await social.befriend(ben, ana.user_id)
    await social.block(ana, ben.user_id)
    await social.block(ana, ben.user_id)
    with pytest.raises(NotFound):
        await social.befriend(ana, ben.user_id)
    assert await events(world) == ["friendship.begun", "friendship.ended"] * 2


async def test_friends_who_hide_are_listed_as_offline(world: World) -> None:
    ana, ben, cyd, dan = await people(world, "ana", "ben", "cyd", "dan")
    for other in (ben, cyd, dan):
        await world.divan.social.befriend(ana, other.user_id)
        await world.beat(other)
    await world.divan.accounts.change_privacy(ben, ChangePrivacy(ghost_mode=True))
    await world.divan.accounts.change_privacy(cyd, ChangePrivacy(visibility="none"))
    found = {one.handle: one.online for one in (await friends(world, ana)).items}
    assert found == {"ben": False, "cyd": False, "dan": True}


@pytest.mark.parametrize("standing", [Standing.BANNED, Standing.DELETED, Standing.SHADOWED])
async def test_the_sanctioned_are_in_no_list(world: World, standing: Standing) -> None:
    ana, ben, cyd, dan, eve = await people(world, "ana", "ben", "cyd", "dan", "eve")
    social = world.divan.social
    await social.befriend(ana, ben.user_id)
    await social.befriend(eve, ben.user_id)
    await social.befriend(eve, ana.user_id)
    mine, theirs = await sent(world, ana, cyd), await sent(world, cyd, dan)
    await social.block(ana, dan.user_id)
    for one in (ben, cyd, dan):
        await sentence(world.divan, one, standing)
    assert await names(world, ana) == ["eve"]
    assert await names(world, ana, "blocked") == await names(world, ana, "pending") == []
    assert await boxes(world, ana) == await boxes(world, dan) == ([], [])
    assert (await social.mutual(ana, MutualQuery(eve.user_id))).items == ()
    with pytest.raises(NotFound):
        await social.accept(dan, theirs)
    with pytest.raises(NotFound):
        await social.cancel(ana, mine)


async def test_pending_goes_both_ways(world: World) -> None:
    ana, ben, cyd = await people(world, "ana", "ben", "cyd")
    first, second = await sent(world, ana, ben), await sent(world, cyd, ana)
    found = (await friends(world, ana, "pending")).items
    assert [(one.handle, one.direction, one.invite_id) for one in found] == [
        ("cyd", "received", second),
        ("ben", "sent", first),
    ]
    assert not any(one.is_friend for one in found)


async def test_whom_one_could_not_see_is_blocked_and_not_listed(world: World) -> None:
    """Or the list would tell a ghost, or somebody who has blocked the viewer, from nobody."""
    ana, ben, cyd, dan = await people(world, "ana", "ben", "cyd", "dan")
    ghost = await world.join("ghost", ghost_mode=True)
    social = world.divan.social
    await social.block(cyd, ana.user_id)
    await sent(world, dan, ana)
    await world.divan.accounts.change_privacy(dan, ChangePrivacy(ghost_mode=True))
    for other in (ghost, ben, cyd, dan):
        await social.block(ana, other.user_id)
    assert await names(world, ana, "blocked") == ["ben", "dan"]
    await world.divan.accounts.change_privacy(ghost, ChangePrivacy(ghost_mode=False))
    await world.beat(ana)
    await world.beat(ghost)
    assert await world.names(ghost) == await world.names(ana) == []


async def test_a_ghosts_invite_is_out_of_hand(world: World) -> None:
    """They do not exist for the sender any more; taking it back works, and does not tell."""
    ana, ben = await people(world, "ana", "ben")
    number, social = await sent(world, ana, ben), world.divan.social
    await world.divan.accounts.change_privacy(ben, ChangePrivacy(ghost_mode=True))
    assert await boxes(world, ana) == ([], [])
    assert await boxes(world, ben) == (["ana"], [])
    with pytest.raises(NotFound):
        await social.cancel(ana, number)
    assert await boxes(world, ben) == ([], [])
    with pytest.raises(InviteClosed):
        await social.accept(ben, number)


@pytest.mark.parametrize("over", ["declined", "accepted", "expired"])
async def test_what_became_of_a_ghosts_invite_is_not_told(world: World, over: str) -> None:
    ana, ben = await people(world, "ana", "ben")
    number, social = await sent(world, ana, ben), world.divan.social
    await world.divan.accounts.change_privacy(ben, ChangePrivacy(ghost_mode=True))
    if over == "expired":
        world.clock.advance(INVITE_MS / 1000)
    elif over == "declined":
        await social.decline(ben, number)
    else:
        await social.accept(ben, number)
        await social.remove(ben, ana.user_id)
    with pytest.raises(NotFound):
        await social.cancel(ana, number)


async def test_mutual_friends(world: World) -> None:
    ana, ben, cyd, dan, eve = await people(world, "ana", "ben", "cyd", "dan", "eve")
    social = world.divan.social
    for one, other in ((ana, cyd), (ben, cyd), (ana, dan), (ben, dan), (ana, eve), (ana, ben)):
        await social.befriend(one, other.user_id)
    await world.divan.accounts.change_privacy(dan, ChangePrivacy(ghost_mode=True))

    async def mutual(actor: Actor, other: Actor) -> list[str]:
        return [
            one.handle for one in (await social.mutual(actor, MutualQuery(other.user_id))).items
        ]

    assert await mutual(ana, ben) == await mutual(ben, ana) == ["cyd", "dan"]
    assert await mutual(ana, dan) == ["ben"]
    assert await mutual(cyd, eve) == ["ana"]
    await social.remove(cyd, ben.user_id)
    assert await mutual(ana, ben) == ["dan"]
    with pytest.raises(InvalidInput):
        await mutual(ana, ana)
    for hidden in (NOBODY, dan.user_id):
        with pytest.raises(NotFound):
            await social.mutual(eve, MutualQuery(hidden))


async def test_every_page_of_every_list(world: World) -> None:
    """Each person once, however small the pages; those who are hidden take up no room."""
    ana, *others = await people(world, "ana", *(f"one{number}" for number in range(12)))
    social = world.divan.social
    for number, other in enumerate(others):
        act = (social.befriend, social.block, _inviting(world), _invited(world))[number % 4]
        await act(ana, other.user_id)
    for other in others[4:8]:
        await sentence(world.divan, other, Standing.BANNED)
    for only in get_args(FriendsFilter):
        whole = (await friends(world, ana, only)).items
        assert len(whole) == (4 if only == "pending" else 2)
        assert await walked(world, ana, only) == list(whole)
    cursor = (await friends(world, ana, limit=1)).cursor
    assert cursor is not None
    with pytest.raises(InvalidCursor):
        await friends(world, others[0], cursor=cursor)
    with pytest.raises(InvalidCursor):
        await friends(world, ana, "pending", cursor=cursor)
    with pytest.raises(InvalidCursor):
        await social.inbox(ana, InvitesQuery(cursor=cursor))


def _inviting(world: World) -> Any:
    async def act(actor: Actor, other: UserId) -> None:
        await world.divan.social.invite(actor, SendInvite(other))

    return act


def _invited(world: World) -> Any:
    async def act(actor: Actor, other: UserId) -> None:
        sender = await world.divan.accounts.actor(other)
        await world.divan.social.invite(sender, SendInvite(actor.user_id))

    return act


async def walked(world: World, actor: Actor, only: FriendsFilter) -> list[ListedPerson]:
    found: list[ListedPerson] = []
    cursor: str | None = None
    while True:
        page = await friends(world, actor, only, limit=1, cursor=cursor)
        assert len(page.items) <= 1
        found += page.items
        cursor = page.cursor
        if cursor is None:
            return found


async def tolerant(act: Callable[..., Awaitable[object]], *given: Any) -> None:
    """Act, and take every refusal that a race can bring."""
    with suppress(NotFound, InviteClosed, InviteExists, AlreadyFriends):
        await act(*given)


class TestRaces:
    """Real ones: many at once, on every store."""

    async def test_two_hundred_accepts_are_one(self, world: World) -> None:
        ana, ben = await people(world, "ana", "ben")
        number = await sent(world, ana, ben)
        answers: list[InviteView] = []

        async def accept() -> None:
            answers.append(await world.divan.social.accept(ben, number))

        async with anyio.create_task_group() as group:
            for _ in range(RACERS):
                group.start_soon(accept)
        assert len(answers) == RACERS
        assert {one.state for one in answers} == {"accepted"}
        assert await names(world, ana) == ["ben"]
        assert await events(world) == ["invite.sent", "invite.accepted", "friendship.begun"]

    async def test_an_accept_and_a_block(self, world: World) -> None:
        """Whichever comes first, they end up apart, and every beginning has its end."""
        for number in range(10):
            ana, ben = await people(world, f"ana{number}", f"ben{number}")
            asked, social = await sent(world, ana, ben), world.divan.social

            async with anyio.create_task_group() as group:
                group.start_soon(tolerant, social.accept, ben, asked)
                group.start_soon(social.block, ana, ben.user_id)
            assert await names(world, ana) == await names(world, ben) == []
            told = await events(world)
            assert told in (
                ["invite.sent", "invite.cancelled"],
                ["invite.sent", "invite.accepted", "friendship.begun", "friendship.ended"],
            )

    async def test_invites_and_replies_from_both_sides(self, world: World) -> None:
        ana, ben = await people(world, "ana", "ben")
        asked, social = await sent(world, ana, ben), world.divan.social

        async with anyio.create_task_group() as group:
            for _ in range(20):
                group.start_soon(tolerant, social.accept, ben, asked)
                group.start_soon(tolerant, social.cancel, ana, asked)
                group.start_soon(tolerant, social.invite, ben, SendInvite(ana.user_id))
                group.start_soon(tolerant, social.invite, ana, SendInvite(ben.user_id))
        told = await events(world)
        assert told.count("friendship.begun") - told.count("friendship.ended") <= 1
        are_friends = await names(world, ana) == ["ben"]
        assert are_friends == (told.count("friendship.begun") == 1)
        assert len(await names(world, ana, "pending")) <= (0 if are_friends else 1)
