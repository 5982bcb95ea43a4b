"""Friendships and blocks in memory."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence

import attrs

from divan_core.kernel.ids import UserId
from divan_core.kernel.units import UnitMisused
from divan_core.kernel.visibility import Relations
from divan_core.social.model import Block, Friendship
from divan_core.stores.memory.accounts import AccountRecords
from divan_core.stores.memory.changes import Changes
from divan_core.stores.memory.ordered import OrderedIds

Neighbours = defaultdict[UserId, OrderedIds[UserId]]


def _neighbours() -> Neighbours:
    return defaultdict(OrderedIds)


@attrs.define
class SocialRecords:
    """Who is whose friend, and who blocks whom, from either side; and which blocks are listed."""

    friends: Neighbours = attrs.field(factory=_neighbours)
    blocks: Neighbours = attrs.field(factory=_neighbours)
    listed: Neighbours = attrs.field(factory=_neighbours)
    blocked_by: Neighbours = attrs.field(factory=_neighbours)

    def of(self, user_id: UserId) -> Relations:
        """One person's friends and blocks in either direction."""
        return Relations(
            friends=frozenset(self.friends.get(user_id, ())),
            blocked=frozenset(self.blocks.get(user_id, ()))
            | frozenset(self.blocked_by.get(user_id, ())),
        )


class MemoryRelations:
    """Keeps friendships and blocks."""

    def __init__(self, records: SocialRecords, accounts: AccountRecords, changes: Changes) -> None:
        """Work on ``records`` of those in ``accounts``; how to undo it goes into ``changes``."""
        self._records = records
        self._accounts = accounts
        self._changes = changes

    async def befriend(self, friendships: Sequence[Friendship]) -> None:
        """Keep these; existing ones stay as they are."""
        self._changes.begin()
        for friendship in friendships:
            self._require(friendship.low, friendship.high)
            self._records.friends[friendship.low].add(friendship.high, self._changes)
            self._records.friends[friendship.high].add(friendship.low, self._changes)

    async def unfriend(self, friendship: Friendship) -> bool:
        """Remove it; whether it was there."""
        self._changes.begin()
        self._records.friends[friendship.high].discard(friendship.low, self._changes)
        return self._records.friends[friendship.low].discard(friendship.high, self._changes)

    async def block(self, blocks: Sequence[Block]) -> None:
        """Keep these; existing ones stay as they are."""
        self._changes.begin()
        for block in blocks:
            self._require(block.by, block.target)
            if block.listed and block.target not in self._records.blocks[block.by]:
                self._records.listed[block.by].add(block.target, self._changes)
            self._records.blocks[block.by].add(block.target, self._changes)
            self._records.blocked_by[block.target].add(block.by, self._changes)

    async def unblock(self, block: Block) -> bool:
        """Remove it; whether it was there."""
        self._changes.begin()
        self._records.blocked_by[block.target].discard(block.by, self._changes)
        self._records.listed[block.by].discard(block.target, self._changes)
        return self._records.blocks[block.by].discard(block.target, self._changes)

    async def friends(self, user_id: UserId, after: UserId | None, limit: int) -> Sequence[UserId]:
        """Up to ``limit`` friends with an id above ``after``, by id ascending."""
        return _page(self._records.friends, user_id, after, limit)

    async def blocked_by(
        self, user_id: UserId, after: UserId | None, limit: int
    ) -> Sequence[UserId]:
        """Up to ``limit`` people whose block is listed, above ``after``, by id ascending."""
        return _page(self._records.listed, user_id, after, limit)

    async def friendships_among(self, people: Sequence[UserId]) -> Sequence[Friendship]:
        """The friendships between any two of these people."""
        pairs = _pairs(self._records.friends, people)
        return [Friendship(low, high) for low, high in pairs if low < high]

    async def blocks_among(self, people: Sequence[UserId]) -> Sequence[Block]:
        """The blocks of any of these people by another of them."""
        return [Block(by, target) for by, target in _pairs(self._records.blocks, people)]

    def _require(self, *people: UserId) -> None:
        if any(user_id not in self._accounts.people for user_id in people):
            raise self._changes.failed(UnitMisused("Somebody of a relation does not exist."))


def _page(
    neighbours: Neighbours, user_id: UserId, after: UserId | None, limit: int
) -> Sequence[UserId]:
    found = neighbours.get(user_id)
    return found.page(after, limit) if found else ()


def _pairs(neighbours: Neighbours, people: Sequence[UserId]) -> Iterator[tuple[UserId, UserId]]:
    """Everybody of these with each neighbour who is one of these as well."""
    asked = set(people)
    return ((one, other) for one in asked for other in neighbours.get(one, ()) if other in asked)
