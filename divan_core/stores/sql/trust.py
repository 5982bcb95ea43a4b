"""How much people are trusted, in SQL."""

from __future__ import annotations

import functools
from typing import Final

from sqlalchemy import bindparam, delete, func, select
from sqlalchemy.sql.dml import Insert

from divan_core.kernel.clock import Millis
from divan_core.kernel.ids import UserId
from divan_core.safety.trust import Change, Merit, Trust
from divan_core.stores.sql.catalogue import OptionalTables
from divan_core.stores.sql.clauses import insert_missing, insert_or_replace
from divan_core.stores.sql.connection import DialectName, SqlConnection
from divan_core.stores.sql.safetytables import TRUST, TRUST_CHANGES
from divan_core.stores.sql.types import Id, millis_of

_GET: Final = select(TRUST.c.score, TRUST.c.at).where(
    TRUST.c.user_id == bindparam("of_user", type_=Id())
)


@functools.cache
def _adding(dialect: DialectName) -> Insert:
    row = {one.name: bindparam(one.name, type_=one.type) for one in TRUST_CHANGES.c}
    return insert_missing(TRUST_CHANGES, dialect).values(row).returning(TRUST_CHANGES.c.cause)


class SqlTrust:
    """Keeps how much people are trusted, where the database has the tables for it."""

    def __init__(self, connection: SqlConnection, tables: OptionalTables) -> None:
        """Work in the transaction of ``connection``."""
        self._connection = connection
        self._tables = tables

    async def get(self, user_id: UserId) -> Trust | None:
        """Somebody's trust; None where nothing has changed it yet."""
        if not self._tables.safety:
            return None
        row = await self._connection.run(_GET, {"of_user": user_id})
        return None if row is None else Trust(row[0], millis_of(row[1]))

    async def put(self, user_id: UserId, trust: Trust) -> None:
        """Keep it, in place of what it was."""
        row = {"user_id": user_id, "score": trust.score, "at": trust.at}
        await self._connection.rows(insert_or_replace(TRUST, self._connection.dialect), row)

    async def add(self, user_id: UserId, change: Change) -> bool:
        """Keep why it is changed; False where that cause has counted."""
        if not self._tables.safety:
            return False
        row = {
            "user_id": user_id,
            "cause": change.cause,
            "merit": change.merit.value,
            "at": change.at,
        }
        statement = _adding(self._connection.dialect)
        return await self._connection.run(statement, row) is not None

    async def counted(self, user_id: UserId, merit: Merit, after: Millis) -> int:
        """How often something has changed it after a moment."""
        of = TRUST_CHANGES.c
        query = select(func.count()).where(
            of.user_id == user_id, of.merit == merit.value, of.at > after
        )
        counted: int = (await self._connection.execute(query)).scalar_one()
        return counted

    async def count_of(self, user_id: UserId) -> int:
        """How many rows there are of somebody."""
        if not self._tables.safety:
            return 0
        changes = select(func.count()).where(TRUST_CHANGES.c.user_id == user_id)
        counted: int = (await self._connection.execute(changes)).scalar_one()
        return counted + (await self.get(user_id) is not None)

    async def remove_of(self, user_id: UserId, most: int) -> int:
        """Delete up to ``most`` of these; how many it were."""
        if not self._tables.safety:
            return 0
        of = TRUST_CHANGES.c
        some = select(of.cause).where(of.user_id == user_id).limit(most)
        changes = delete(TRUST_CHANGES).where(of.user_id == user_id, of.cause.in_(some))
        removed: int = (await self._connection.execute(changes)).rowcount
        if removed < most:
            trust = delete(TRUST).where(TRUST.c.user_id == user_id)
            removed += (await self._connection.execute(trust)).rowcount
        return removed
