"""Who is restricted to what, in SQL."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row, delete, func, or_, select, update

from divan_core.kernel.clock import Millis
from divan_core.kernel.ids import UserId
from divan_core.safety.model import Restraint, Restriction, RestrictionId
from divan_core.stores.sql.catalogue import OptionalTables
from divan_core.stores.sql.clauses import insert_or_replace
from divan_core.stores.sql.connection import SqlConnection
from divan_core.stores.sql.safetytables import RESTRICTIONS


class SqlRestrictions:
    """Keeps who is restricted to what, where the database has the table for it."""

    def __init__(self, connection: SqlConnection, tables: OptionalTables) -> None:
        """Work in the transaction of ``connection``."""
        self._connection = connection
        self._tables = tables

    async def put(self, restriction: Restriction) -> None:
        """Keep it, replacing the one of the same id."""
        upsert = insert_or_replace(RESTRICTIONS, self._connection.dialect)
        await self._connection.execute(upsert, [_row(restriction)])

    async def get(self, restriction_id: RestrictionId) -> Restriction | None:
        """The restriction, or None."""
        if not self._tables.safety:
            return None
        query = select(RESTRICTIONS).where(RESTRICTIONS.c.id == restriction_id)
        row = (await self._connection.execute(query)).first()
        return _restriction(row) if row else None

    async def lift(self, restriction_id: RestrictionId, at: Millis) -> Restriction | None:
        """End it; what it is now, or None where nothing was to be ended."""
        of = RESTRICTIONS.c
        lifted = (
            update(RESTRICTIONS)
            .where(of.id == restriction_id, of.lifted_at.is_(None))
            .values(lifted_at=at)
            .returning(*of)
        )
        row = (await self._connection.execute(lifted)).first()
        return _restriction(row) if row else None

    async def of(self, user_id: UserId, at: Millis) -> Sequence[Restriction]:
        """Those of a person that have not ended, by (since, id)."""
        if not self._tables.safety:
            return ()
        of = RESTRICTIONS.c
        wanted = (
            of.user_id == user_id,
            of.lifted_at.is_(None),
            or_(of.until.is_(None), of.until > at),
        )
        query = select(RESTRICTIONS).where(*wanted).order_by(of.since, of.id)
        return [_restriction(row) for row in await self._connection.execute(query)]

    async def every(
        self, user_id: UserId, after: RestrictionId | None, limit: int
    ) -> Sequence[Restriction]:
        """Up to ``limit`` restrictions of a person with an id above ``after``, by id."""
        if not self._tables.safety:
            return ()
        query = select(RESTRICTIONS).where(RESTRICTIONS.c.user_id == user_id)
        query = query if after is None else query.where(RESTRICTIONS.c.id > after)
        rows = await self._connection.execute(query.order_by(RESTRICTIONS.c.id).limit(limit))
        return [_restriction(row) for row in rows]

    async def purge(self, before: Millis, most: int) -> int:
        """Delete up to ``most`` that ended, or were lifted, before a moment; how many it were."""
        if not self._tables.safety:
            return 0
        of = RESTRICTIONS.c
        over = select(of.id).where(or_(of.until < before, of.lifted_at < before)).limit(most)
        removed = delete(RESTRICTIONS).where(of.id.in_(over))
        return (await self._connection.execute(removed)).rowcount

    async def over(self, before: Millis) -> int:
        """How many of these there are."""
        if not self._tables.safety:
            return 0
        of = RESTRICTIONS.c
        ended = or_(of.until < before, of.lifted_at < before)
        query = select(func.count()).select_from(RESTRICTIONS).where(ended)
        counted: int = (await self._connection.execute(query)).scalar_one()
        return counted


def _restriction(row: Row[Any]) -> Restriction:
    return Restriction(
        id=row.id,
        user_id=row.user_id,
        campus_id=row.campus_id,
        restraint=Restraint(row.restraint),
        since=row.since,
        until=row.until,
        origin=row.origin,
        lifted_at=row.lifted_at,
    )


def _row(restriction: Restriction) -> dict[str, Any]:
    return {
        "id": restriction.id,
        "user_id": restriction.user_id,
        "campus_id": restriction.campus_id,
        "restraint": restriction.restraint.value,
        "since": restriction.since,
        "until": restriction.until,
        "origin": restriction.origin,
        "lifted_at": restriction.lifted_at,
    }
