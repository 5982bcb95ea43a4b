"""What the social graph needs from a store."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Protocol

from divan_core.kernel.clock import Millis
from divan_core.kernel.events import Outbox
from divan_core.kernel.ids import CampusId, UserId
from divan_core.kernel.units import Locks
from divan_core.social.model import Between, Block, Friendship, Invite, InviteId, Way


class RelationRepository(Protocol):
    """Keeps friendships and blocks."""

    async def befriend(self, friendships: Sequence[Friendship]) -> None:
        """Keep these; existing ones stay as they are. Few statements, however many.

        Both people exist.
        """
        ...

    async def unfriend(self, friendship: Friendship) -> bool:
        """Remove it; whether it was there."""
        ...

    async def block(self, blocks: Sequence[Block]) -> None:
        """Keep these; existing ones stay as they are. Few statements, however many."""
        ...

    async def unblock(self, block: Block) -> bool:
        """Remove it; whether it was there."""
        ...

    async def friends(self, user_id: UserId, after: UserId | None, limit: int) -> Sequence[UserId]:
        """Up to ``limit`` friends with an id above ``after``, by id ascending."""
        ...

    async def blocked_by(
        self, user_id: UserId, after: UserId | None, limit: int
    ) -> Sequence[UserId]:
        """Up to ``limit`` people this person has blocked, above ``after``, by id ascending.

        Only those whose block is listed.
        """
        ...

    async def friendships_among(self, people: Sequence[UserId]) -> Sequence[Friendship]:
        """The friendships between any two of these people, in any order. Few statements."""
        ...

    async def blocks_among(self, people: Sequence[UserId]) -> Sequence[Block]:
        """The blocks of any of these people by another of them, in any order. Few statements."""
        ...

    async def tied(self, user_id: UserId, most: int) -> Sequence[UserId]:
        """Up to ``most`` different people with whom a friendship or a block stands, either way."""
        ...

    async def count_tied(self, user_id: UserId) -> int:
        """With how many people a friendship or a block stands, either way."""
        ...

    async def part(self, user_id: UserId, others: Sequence[UserId]) -> None:
        """Remove friendships and blocks, either way, between a person and these. Few statements."""
        ...


class InviteRepository(Protocol):
    """Keeps invites."""

    async def between(self, one: UserId, other: UserId) -> Between:
        """What stands between two people, in one statement.

        ``invites`` holds those of either direction whose state is open, whether or not their time
        is over.
        """
        ...

    async def get(self, invite_id: InviteId) -> Invite | None:
        """The invite, in whatever state, or None."""
        ...

    async def open(
        self, user_id: UserId, way: Way, now: Millis, before: InviteId | None, limit: int
    ) -> Sequence[Invite]:
        """Up to ``limit`` invites of this person that can be answered ``now``, by id descending.

        Those with an id below ``before``; ids grow with time, so the newest come first.
        """
        ...

    async def put(self, invites: Sequence[Invite]) -> None:
        """Keep these, replacing those that have the same id. Few statements, however many.

        Both people exist. Between two people there is one open invite in each direction at most.

        Raises:
            InviteExists: there would be two; nothing of the unit is kept.
        """
        ...

    async def expire(self, now: Millis, most: int) -> int:
        """Close up to ``most`` open invites whose time is over, those first that were over first.

        How many it were. Whoever has answered one meanwhile was first.
        """
        ...

    async def overdue(self, now: Millis) -> int:
        """How many open invites there are whose time is over."""
        ...

    async def of(self, user_id: UserId, most: int) -> Sequence[Invite]:
        """Up to ``most`` invites by or to a person, whatever their state, by id."""
        ...

    async def count_of(self, user_id: UserId) -> int:
        """How many invites there are by or to a person."""
        ...

    async def remove_of(self, user_id: UserId, most: int) -> int:
        """Remove up to ``most`` invites by or to a person; how many it were."""
        ...


class PeopleOnline(Protocol):
    """Who has live presence."""

    async def online(self, campus_id: CampusId, people: Collection[UserId]) -> frozenset[UserId]:
        """Those of these who are online, whoever may see it. One round trip, or none for nobody.

        Raises:
            StoreUnavailable: presence cannot be reached.
        """
        ...


class HandleDirectory(Protocol):
    """Whose handle is whose."""

    async def handles(self, handles: Sequence[str]) -> Mapping[str, UserId]:
        """Who has these handles; free ones are left out."""
        ...


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
