"""The social graph's use cases."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Final, Protocol

import attrs

from divan_core.errors import NotFound
from divan_core.kernel.actor import Actor
from divan_core.kernel.audience import Audience
from divan_core.kernel.clock import Clock
from divan_core.kernel.events import Event, EventId, Outbox
from divan_core.kernel.ids import CampusId, Ids, UserId
from divan_core.kernel.limits import Limit, RateLimits
from divan_core.kernel.once import Attempt, Done, KeyGiven, Once
from divan_core.kernel.units import Locks, Units
from divan_core.kernel.visibility import Surface, can_see
from divan_core.social import policy
from divan_core.social.messages import SOCIAL, InviteView, SendInvite
from divan_core.social.model import Block, Friendship, InviteId
from divan_core.social.ports import HandleDirectory, InviteRepository, RelationRepository

SEND_INVITE: Final = "invites.send"


class SocialUnit(Protocol):
    """What the social graph uses of a unit of work."""

    @property
    def locks(self) -> Locks:
        """Names that one unit at a time can hold."""
        ...

    @property
    def relations(self) -> RelationRepository:
        """Friendships and blocks."""
        ...

    @property
    def invites(self) -> InviteRepository:
        """Invites."""
        ...

    @property
    def people(self) -> HandleDirectory:
        """Handles."""
        ...

    @property
    def outbox(self) -> Outbox:
        """The events of this unit."""
        ...


@attrs.frozen
class SocialLimits:
    """How often one person may do what."""

    block: Limit
    invite: Limit


@attrs.frozen
class SocialTools:
    """What the service is built from, besides its store."""

    audience: Audience
    limits: RateLimits
    limit: SocialLimits
    once: Once[SocialUnit]
    clock: Clock
    ids: Ids


class _MakesFriends(Exception):
    """The unit would begin a friendship, which has to be announced before."""


class Social:
    """Who is friends with whom, and who wants nothing to do with whom.

    Blocking, unblocking and removing answer the same for people who are hidden, gone or never
    were: nothing happens and nothing is told.
    """

    def __init__(self, units: Units[SocialUnit], tools: SocialTools) -> None:
        """Keep relations through ``units``."""
        self._units = units
        self._tools = tools

    async def block(self, actor: Actor, target: UserId) -> None:
        """Hide the actor and the target from each other everywhere.

        It ends their friendship and closes their invites.

        Raises:
            InvalidInput: the target is the actor.
            RateLimited: too many blocks.
        """
        block = Block(actor.user_id, target)
        friendship = Friendship.between(actor.user_id, target)
        tools = self._tools
        await tools.limits.admit(actor.campus_id, actor.user_id, tools.limit.block)
        if not await self._is_neighbour(actor, target):
            return

        async def body(unit: SocialUnit) -> None:
            await unit.locks.take(policy.pair(friendship))
            between = await unit.invites.between(actor.user_id, target)
            await unit.invites.put(policy.withdrawn(between))
            await unit.relations.unfriend(friendship)
            await unit.relations.block((block,))

        async with tools.audience.changing(actor.campus_id, (actor.user_id, target)):
            await self._units.write(body, locking=True)

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
        policy.check_invite(command)
        tools, ask = self._tools, await self._meant(actor, command)
        attempt = Attempt(
            actor, SEND_INVITE, command, InviteView, idempotency_key, tools.limit.invite
        )
        try:
            body = self._inviting(actor.campus_id, ask, announced=False)
            return await tools.once.once(attempt, body)
        except _MakesFriends:
            pass
        async with tools.audience.changing(actor.campus_id, ask.people):
            body = self._inviting(actor.campus_id, ask, announced=True)
            return await tools.once.once(attrs.evolve(attempt, limit=None), body)

    async def _meant(self, actor: Actor, command: SendInvite) -> policy.Ask:
        """What a command asks: the invite, and whether its recipient can be seen."""
        tools = self._tools
        target, surface = command.to_user_id, Surface.INVITE
        if target is None:
            target, surface = await self._named(command.to_handle or ""), Surface.INVITE_BY_HANDLE
        invite_id = InviteId(tools.ids.uuid())
        invite = policy.new_invite(invite_id, actor.user_id, target, tools.clock.now())
        await tools.audience.refresh(actor.campus_id)
        card = await tools.audience.card(target)
        if card is None or card.campus_id != actor.campus_id:
            return policy.Ask(invite, seen=False)
        relations = await tools.audience.relations(actor.user_id)
        known = target in relations.friends
        seen = known or can_see(actor.user_id, relations, card, surface)
        return policy.Ask(invite, seen=seen)

    async def _named(self, handle: str) -> UserId:
        async def body(unit: SocialUnit) -> Mapping[str, UserId]:
            return await unit.people.handles((handle,))

        found = await self._units.read(body)
        if handle not in found:
            raise NotFound
        return found[handle]

    def _inviting(
        self, campus_id: CampusId, ask: policy.Ask, *, announced: bool
    ) -> Callable[[SocialUnit], Awaitable[InviteView]]:
        async def body(unit: SocialUnit) -> InviteView:
            await unit.locks.take(policy.pair(ask.pair))
            kept = policy.after_invite(await unit.invites.between(*ask.people), ask)
            begun = policy.friendship_begun(kept)
            if begun is not None:
                if not announced:
                    raise _MakesFriends
                await unit.relations.befriend((begun,))
            await unit.invites.put(kept)
            await unit.outbox.add(*(self._event(campus_id, fact) for fact in policy.facts(kept)))
            return policy.invite_view(kept[0])

        return body

    def _event(self, campus_id: CampusId, fact: policy.Fact) -> Event:
        tools = self._tools
        return Event(
            id=EventId(tools.ids.uuid()),
            topic=SOCIAL,
            name=fact.name,
            campus_id=campus_id,
            aggregate=fact.aggregate,
            at=tools.clock.now(),
            data=fact.data,
        )

    async def unblock(self, actor: Actor, target: UserId) -> None:
        """Undo the actor's block; an ended friendship stays ended.

        Raises:
            InvalidInput: the target is the actor.
        """
        block = Block(actor.user_id, target)

        async def body(unit: SocialUnit) -> None:
            await unit.locks.take(policy.pair(Friendship.between(actor.user_id, target)))
            await unit.relations.unblock(block)

        async with self._tools.audience.changing(actor.campus_id, (actor.user_id, target)):
            await self._units.write(body, locking=True)

    async def remove(self, actor: Actor, target: UserId) -> None:
        """End the friendship with the target.

        Raises:
            InvalidInput: the target is the actor.
        """
        friendship = Friendship.between(actor.user_id, target)

        async def body(unit: SocialUnit) -> None:
            await unit.locks.take(policy.pair(friendship))
            await unit.relations.unfriend(friendship)

        async with self._tools.audience.changing(actor.campus_id, (actor.user_id, target)):
            await self._units.write(body, locking=True)

    async def befriend(self, actor: Actor, other: UserId) -> None:
        """Make two people of a campus friends, on the word of the host application.

        Raises:
            NotFound: there is no such person on the actor's campus.
        """
        friendship = Friendship.between(actor.user_id, other)
        if not await self._is_neighbour(actor, other):
            raise NotFound

        async def body(unit: SocialUnit) -> None:
            await unit.locks.take(policy.pair(friendship))
            await unit.relations.befriend((friendship,))

        async with self._tools.audience.changing(actor.campus_id, (actor.user_id, other)):
            await self._units.write(body, locking=True)

    async def _is_neighbour(self, actor: Actor, other: UserId) -> bool:
        card = await self._tools.audience.card(other)
        return card is not None and card.campus_id == actor.campus_id
