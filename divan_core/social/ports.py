"""What the social graph needs from a store."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from divan_core.kernel.ids import UserId
from divan_core.social.model import Between, Block, Friendship, Invite


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
        """Up to ``limit`` people this person has blocked, above ``after``, by id ascending."""
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

    async def put(self, invites: Sequence[Invite]) -> None:
        """Keep these, replacing those that have the same id. Few statements, however many.

        Both people exist. Between two people there is one open invite in each direction at most.

        Raises:
            InviteExists: there would be two; nothing of the unit is kept.
        """
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


class HandleDirectory(Protocol):
    """Whose handle is whose."""

    async def handles(self, handles: Sequence[str]) -> Mapping[str, UserId]:
        """Who has these handles; free ones are left out."""
        ...
