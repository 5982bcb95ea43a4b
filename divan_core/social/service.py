"""The social graph's use cases."""

from __future__ import annotations

from typing import Protocol

import attrs

from divan_core.errors import NotFound
from divan_core.kernel.actor import Actor
from divan_core.kernel.audience import Audience
from divan_core.kernel.ids import UserId
from divan_core.kernel.limits import Limit, RateLimits
from divan_core.kernel.units import Units
from divan_core.social.model import Block, Friendship
from divan_core.social.ports import RelationRepository


class SocialUnit(Protocol):
    """What the social graph uses of a unit of work."""

    @property
    def relations(self) -> RelationRepository:
        """Friendships and blocks."""
        ...


@attrs.frozen
class SocialTools:
    """What the service is built from, besides its store."""

    audience: Audience
    limits: RateLimits
    block_limit: Limit


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
        """Hide the actor and the target from each other everywhere, and end a friendship.

        Raises:
            InvalidInput: the target is the actor.
            RateLimited: too many blocks.
        """
        block = Block(actor.user_id, target)
        friendship = Friendship.between(actor.user_id, target)
        tools = self._tools
        await tools.limits.admit(actor.campus_id, actor.user_id, tools.block_limit)
        if not await self._is_neighbour(actor, target):
            return

        async def body(unit: SocialUnit) -> None:
            await unit.relations.unfriend(friendship)
            await unit.relations.block((block,))

        async with tools.audience.changing(actor.campus_id, (actor.user_id, target)):
            await self._units.write(body)

    async def unblock(self, actor: Actor, target: UserId) -> None:
        """Undo the actor's block; an ended friendship stays ended.

        Raises:
            InvalidInput: the target is the actor.
        """
        block = Block(actor.user_id, target)

        async def body(unit: SocialUnit) -> None:
            await unit.relations.unblock(block)

        async with self._tools.audience.changing(actor.campus_id, (actor.user_id, target)):
            await self._units.write(body)

    async def remove(self, actor: Actor, target: UserId) -> None:
        """End the friendship with the target.

        Raises:
            InvalidInput: the target is the actor.
        """
        friendship = Friendship.between(actor.user_id, target)

        async def body(unit: SocialUnit) -> None:
            await unit.relations.unfriend(friendship)

        async with self._tools.audience.changing(actor.campus_id, (actor.user_id, target)):
            await self._units.write(body)

    async def befriend(self, actor: Actor, other: UserId) -> None:
        """Make two people of a campus friends, on the word of the host application.

        Raises:
            NotFound: there is no such person on the actor's campus.
        """
        friendship = Friendship.between(actor.user_id, other)
        if not await self._is_neighbour(actor, other):
            raise NotFound

        async def body(unit: SocialUnit) -> None:
            await unit.relations.befriend((friendship,))

        async with self._tools.audience.changing(actor.campus_id, (actor.user_id, other)):
            await self._units.write(body)

    async def _is_neighbour(self, actor: Actor, other: UserId) -> bool:
        card = await self._tools.audience.card(other)
        return card is not None and card.campus_id == actor.campus_id
