"""How far erasures have come, in SQL."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row, select

from divan_core.erasure.model import Erasure
from divan_core.kernel.ids import UserId
from divan_core.stores.sql.clauses import insert_or_replace
from divan_core.stores.sql.connection import SqlConnection
from divan_core.stores.sql.tables import ERASURES


class SqlErasures:
    """Keeps how far erasures have come."""

    def __init__(self, connection: SqlConnection) -> None:
        """Work in the transaction of ``connection``."""
        self._connection = connection

    async def get(self, user_id: UserId) -> Erasure | None:
        """The person's erasure, finished or not, or None."""
        query = select(ERASURES).where(ERASURES.c.user_id == user_id)
        row = (await self._connection.execute(query)).first()
        return _erasure(row) if row else None

    async def put(self, erasure: Erasure) -> None:
        """Keep it, replacing that of the same person."""
        upsert = insert_or_replace(ERASURES, self._connection.dialect)
        await self._connection.execute(upsert, [_row(erasure)])

    async def waiting(self, most: int) -> Sequence[Erasure]:
        """Up to ``most`` that are not finished, those first that began first."""
        of = ERASURES.c
        query = select(ERASURES).where(of.finished_at.is_(None))
        rows = await self._connection.execute(query.order_by(of.started_at, of.user_id).limit(most))
        return [_erasure(row) for row in rows]


def _erasure(row: Row[Any]) -> Erasure:
    return Erasure(row.user_id, row.campus_id, row.step, row.started_at, row.finished_at)


def _row(erasure: Erasure) -> dict[str, Any]:
    return {
        "user_id": erasure.user_id,
        "campus_id": erasure.campus_id,
        "step": erasure.step,
        "started_at": erasure.started_at,
        "finished_at": erasure.finished_at,
    }
