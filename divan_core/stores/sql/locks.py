"""Locks of units: advisory ones of PostgreSQL, which end with the transaction."""

from __future__ import annotations

import hashlib
from typing import Final

from sqlalchemy import BigInteger, bindparam, column, func, select
from sqlalchemy.dialects.postgresql import ARRAY

from divan_core.stores.sql.connection import SqlConnection

_NUMBERS: Final = (
    func.unnest(bindparam("names", type_=ARRAY(BigInteger())))
    .table_valued(column("number", BigInteger()), name="names")
    .render_derived()
)
_TAKE: Final = select(func.pg_advisory_xact_lock(_NUMBERS.c.number))


class SqlLocks:
    """Names are known by 64 bits of their hash; two that clash wait for each other."""

    def __init__(self, connection: SqlConnection) -> None:
        """Lock in the transaction of ``connection``."""
        self._connection = connection

    async def take(self, *names: str) -> None:
        """Hold these until the unit's end; on SQLite a unit that writes is alone anyway."""
        if self._connection.dialect == "postgresql":
            numbers = sorted({_number(name) for name in names})  # all take them in one order
            await self._connection.rows(_TAKE, {"names": numbers})


def _number(name: str) -> int:
    digest = hashlib.blake2b(name.encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big", signed=True)
