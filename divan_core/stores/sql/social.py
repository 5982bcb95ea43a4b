"""Friendships and blocks in SQL."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from uuid import UUID

from sqlalchemy import Column, Executable, Select, Table, delete, select, union_all

from divan_core.kernel.ids import UserId
from divan_core.social.model import Block, Friendship
from divan_core.stores.sql.clauses import among, insert_missing, portions
from divan_core.stores.sql.connection import SqlConnection
from divan_core.stores.sql.tables import BLOCKS, FRIENDSHIPS


class SqlRelations:
    """Keeps friendships and blocks."""

    def __init__(self, connection: SqlConnection) -> None:
        """Work in the transaction of ``connection``."""
        self._connection = connection

    async def befriend(self, friendships: Sequence[Friendship]) -> None:
        """Keep these; existing ones stay as they are."""
        await self._keep(FRIENDSHIPS, [_friendship_row(one) for one in friendships])

    async def unfriend(self, friendship: Friendship) -> bool:
        """Remove it; whether it was there."""
        return await self._remove(FRIENDSHIPS, _friendship_row(friendship))

    async def block(self, blocks: Sequence[Block]) -> None:
        """Keep these; existing ones stay as they are."""
        await self._keep(BLOCKS, [_block_row(one) for one in blocks])

    async def unblock(self, block: Block) -> bool:
        """Remove it; whether it was there."""
        return await self._remove(BLOCKS, {"by_id": block.by, "target_id": block.target})

    async def friends(self, user_id: UserId, after: UserId | None, limit: int) -> Sequence[UserId]:
        """Up to ``limit`` friends with an id above ``after``, by id ascending."""
        low, high = FRIENDSHIPS.c.low_id, FRIENDSHIPS.c.high_id
        both = union_all(_others(low, high, user_id, after), _others(high, low, user_id, after))
        return await self._page(both.order_by("other_id").limit(limit))

    async def blocked_by(
        self, user_id: UserId, after: UserId | None, limit: int
    ) -> Sequence[UserId]:
        """Up to ``limit`` people whose block is listed, above ``after``, by id ascending."""
        blocked = _others(BLOCKS.c.by_id, BLOCKS.c.target_id, user_id, after)
        blocked = blocked.where(BLOCKS.c.listed)
        return await self._page(blocked.order_by("other_id").limit(limit))

    async def friendships_among(self, people: Sequence[UserId]) -> Sequence[Friendship]:
        """The friendships between any two of these people."""
        pairs = await self._pairs(FRIENDSHIPS.c.low_id, FRIENDSHIPS.c.high_id, people)
        return [Friendship(low, high) for low, high in pairs]

    async def blocks_among(self, people: Sequence[UserId]) -> Sequence[Block]:
        """The blocks of any of these people by another of them."""
        pairs = await self._pairs(BLOCKS.c.by_id, BLOCKS.c.target_id, people)
        return [Block(by, target) for by, target in pairs]

    async def _pairs(
        self, this: Column[UUID], other: Column[UUID], people: Sequence[UserId]
    ) -> list[tuple[UserId, UserId]]:
        """Both columns of the rows whose both columns hold one of these people."""
        found: list[tuple[UserId, UserId]] = []
        asked = set(people)
        query = select(this.label("one"), other.label("other")).where(
            among(this, self._connection.dialect)
        )
        for portion in portions(list(asked)):
            rows = await self._connection.execute(query, {"among": portion})
            found += [(row.one, row.other) for row in rows if row.other in asked]
        return found

    async def _keep(self, table: Table, rows: Sequence[Mapping[str, UUID | bool]]) -> None:
        statement = insert_missing(table, self._connection.dialect)
        for portion in portions(rows):
            await self._connection.execute(statement, portion)

    async def _remove(self, table: Table, row: Mapping[str, UUID]) -> bool:
        exactly = [table.c[name] == value for name, value in row.items()]
        found = await self._connection.execute(delete(table).where(*exactly))
        return found.rowcount > 0

    async def _page(self, query: Executable) -> Sequence[UserId]:
        return [UserId(other) for other in (await self._connection.execute(query)).scalars()]


def _others(
    this: Column[UUID], other: Column[UUID], user_id: UserId, after: UserId | None
) -> Select[UUID]:
    query = select(other.label("other_id")).where(this == user_id)
    return query if after is None else query.where(other > after)


def _friendship_row(friendship: Friendship) -> Mapping[str, UUID]:
    return {"low_id": friendship.low, "high_id": friendship.high}


def _block_row(block: Block) -> Mapping[str, UUID | bool]:
    return {"by_id": block.by, "target_id": block.target, "listed": block.listed}
