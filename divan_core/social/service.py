"""The social graph's use cases."""

from __future__ import annotations

import attrs

from divan_core.errors import NotFound
from divan_core.kernel.actor import Actor
from divan_core.kernel.ids import UserId
from divan_core.kernel.notices import PersonNotice
from divan_core.kernel.once import Done, KeyGiven
from divan_core.kernel.paging import Page
from divan_core.kernel.units import Units
from divan_core.kernel.visibility import Surface
from divan_core.social import policy
from divan_core.social.invitations import Invitations
from divan_core.social.lists import Lists
from divan_core.social.messages import (
    FriendsQuery,
    InvitesQuery,
    InviteView,
    ListedInvite,
    ListedPerson,
    MutualQuery,
    SendInvite,
)
from divan_core.social.model import Block, Friendship, InviteId, Reply, Way
from divan_core.social.ports import SocialUnit
from divan_core.social.telling import SocialView, Telling
from divan_core.social.tools import SocialTools, keep, lock, seen


class Social:
    """Who is friends with whom, and who wants nothing to do with whom.

    Blocking, unblocking and removing answer the same for people who are hidden, gone or never
    were: nothing happens and nothing is told.
    """

    def __init__(self, units: Units[SocialUnit], tools: SocialTools) -> None:
        """Keep relations through ``units``."""
        self._units = units
        self._tools = tools
        self._invitations = Invitations(units, tools)
        self._lists = Lists(units, tools)
        self._telling = Telling(units, tools.audience)

    async def invite(
        self, actor: Actor, command: SendInvite, *, idempotency_key: KeyGiven = None
    ) -> Done[InviteView]:
        """Ask somebody to be friends. Two who ask each other are friends at once.

        Raises:
            ValidationFailed: the command names nobody, or a person twice.
            InvalidInput: the actor asks themselves.
            NotFound: there is nobody whom the actor could invite.
            InviteExists, AlreadyFriends: there is nothing to ask.
            RateLimited: too many invites.
            Refusals of the key: see :class:`~divan_core.kernel.once.Once`.
        """
        return await self._invitations.send(actor, command, idempotency_key)

    async def accept(self, actor: Actor, invite_id: InviteId) -> InviteView:
        """Be friends with whoever sent the invite. Accepting again changes nothing.

        Raises:
            NotFound: there is no such invite to the actor, or its sender is not to be seen.
            InviteClosed: it was declined or cancelled.
            InviteExpired: it was open for seven days.
        """
        return await self._invitations.reply(actor, invite_id, Reply.ACCEPT)

    async def decline(self, actor: Actor, invite_id: InviteId) -> InviteView:
        """Refuse an invite. Declining again changes nothing.

        Raises:
            NotFound: there is no such invite to the actor, or its sender is not to be seen.
            InviteClosed: it was accepted or cancelled.
            InviteExpired: it was open for seven days.
        """
        return await self._invitations.reply(actor, invite_id, Reply.DECLINE)

    async def cancel(self, actor: Actor, invite_id: InviteId) -> InviteView:
        """Take an invite back. Cancelling again changes nothing.

        Raises:
            NotFound: there is no such invite of the actor. It is also the answer where its
                recipient is not to be seen any more, though it is taken back then.
            InviteClosed: it was accepted or declined.
            InviteExpired: it was open for seven days.
        """
        return await self._invitations.reply(actor, invite_id, Reply.CANCEL)

    async def inbox(self, actor: Actor, query: InvitesQuery) -> Page[ListedInvite]:
        """The open invites to the actor, newest first.

        Raises:
            InvalidCursor: the cursor is not of this list.
        """
        return await self._lists.invites(actor, Way.RECEIVED, query)

    async def outbox(self, actor: Actor, query: InvitesQuery) -> Page[ListedInvite]:
        """The open invites of the actor, newest first.

        Raises:
            InvalidCursor: the cursor is not of this list.
        """
        return await self._lists.invites(actor, Way.SENT, query)

    async def friends(self, actor: Actor, query: FriendsQuery) -> Page[ListedPerson]:
        """The actor's friends by id, or those they have blocked, or open invites, newest first.

        Friends who hide are there, as if offline.

        Raises:
            InvalidCursor: the cursor is not of this list.
        """
        return await self._lists.friends(actor, query)

    async def mutual(self, actor: Actor, query: MutualQuery) -> Page[ListedPerson]:
        """The friends that the actor and somebody else have in common, by id.

        Raises:
            InvalidInput: that is the actor.
            NotFound: there is nobody of this id whom the actor may see.
            InvalidCursor: the cursor is not of this list.
        """
        return await self._lists.mutual(actor, query)

    async def block(self, actor: Actor, target: UserId) -> None:
        """Hide the actor and the target from each other everywhere.

        It ends their friendship and closes their invites.

        Raises:
            InvalidInput: the target is the actor.
            RateLimited: too many blocks.
        """
        block, tools = Block(actor.user_id, target), self._tools
        await tools.limits.admit(actor.campus_id, actor.user_id, tools.limit.block)
        visible = await seen(tools.audience, actor, target, Surface.OUTBOX) is not None
        if not await self._is_neighbour(actor, target):
            return
        now = tools.clock.now()

        async def body(unit: SocialUnit) -> None:
            await lock(unit, actor.user_id, target)
            between = await unit.invites.between(actor.user_id, target)
            outcome = policy.after_block(between, block, now)
            await keep(unit, tools, actor.campus_id, outcome)
            known = not between.blocked and policy.has_invited(between, target, now)
            await unit.relations.block((attrs.evolve(block, listed=visible or known),))

        async with tools.audience.changing(actor.campus_id, (actor.user_id, target)):
            await self._units.write(body, locking=True)

    async def unblock(self, actor: Actor, target: UserId) -> None:
        """Undo the actor's block; an ended friendship stays ended.

        Raises:
            InvalidInput: the target is the actor.
        """
        block = Block(actor.user_id, target)

        async def body(unit: SocialUnit) -> None:
            await lock(unit, actor.user_id, target)
            await unit.relations.unblock(block)

        async with self._tools.audience.changing(actor.campus_id, (actor.user_id, target)):
            await self._units.write(body, locking=True)

    async def remove(self, actor: Actor, target: UserId) -> None:
        """End the friendship with the target.

        Raises:
            InvalidInput: the target is the actor.
        """
        friendship = Friendship.between(actor.user_id, target)
        tools = self._tools

        async def body(unit: SocialUnit) -> None:
            await lock(unit, actor.user_id, target)
            between = await unit.invites.between(actor.user_id, target)
            outcome = policy.after_remove(between, friendship, actor.user_id)
            await keep(unit, tools, actor.campus_id, outcome)

        async with tools.audience.changing(actor.campus_id, (actor.user_id, target)):
            await self._units.write(body, locking=True)

    async def befriend(self, actor: Actor, other: UserId) -> None:
        """Make two people of a campus friends, on the word of the host application.

        Raises:
            NotFound: there is no such person on the actor's campus, or one has blocked the other.
        """
        friendship = Friendship.between(actor.user_id, other)
        tools, now = self._tools, self._tools.clock.now()
        if not await self._is_neighbour(actor, other):
            raise NotFound

        async def body(unit: SocialUnit) -> None:
            await lock(unit, actor.user_id, other)
            between = await unit.invites.between(actor.user_id, other)
            outcome = policy.after_befriend(between, friendship, now)
            await keep(unit, tools, actor.campus_id, outcome)

        async with tools.audience.changing(actor.campus_id, (actor.user_id, other)):
            await self._units.write(body, locking=True)

    async def shown(self, notice: PersonNotice) -> SocialView | None:
        """What a notice shows its person now; None for nothing.

        Raises:
            StoreUnavailable: whether it may be seen cannot be found out.
        """
        return await self._telling.shown(notice)

    async def _is_neighbour(self, actor: Actor, other: UserId) -> bool:
        card = await self._tools.audience.card(other)
        return card is not None and card.campus_id == actor.campus_id
