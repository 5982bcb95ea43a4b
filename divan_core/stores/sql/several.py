"""Several rows at once, in the quickest way that either database has."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final
from uuid import UUID

from sqlalchemy import ColumnElement, Insert, Select, any_, bindparam
from sqlalchemy.dialects.postgresql import ARRAY

from divan_core.stores.sql.clauses import portions
from divan_core.stores.sql.connection import SqlConnection

_AMONG: Final = "among"


class Several:
    """A query of the rows whose ``column``, which has an index, holds one of several ids.

    PostgreSQL gets the ids as one array, in one statement. SQLite is asked for each: it is no
    other process, and one statement that is kept serves any number of them.
    """

    def __init__(self, column: ColumnElement[Any], query: Select[Any]) -> None:
        """Add to ``query`` which rows are wanted."""
        many = any_(bindparam(_AMONG, type_=ARRAY(column.type)))
        self._many = query.where(column == many)
        self._one = query.where(column == bindparam(_AMONG, type_=column.type))

    async def found(
        self, connection: SqlConnection, ids: Iterable[UUID]
    ) -> Sequence[Sequence[Any]]:
        """The rows as the driver has them, each once, in any order; of no ids, none."""
        wanted = list(dict.fromkeys(ids))
        if not wanted:
            return ()
        if connection.dialect == "postgresql":
            return await connection.rows(self._many, {_AMONG: wanted})
        return [row for one in wanted for row in await connection.rows(self._one, {_AMONG: one})]


async def put_whole(
    connection: SqlConnection, statement: Insert, rows: Sequence[Mapping[str, Any]]
) -> None:
    """Run a statement once for each row that has every column of its table.

    SQLite's driver takes these as they are, without what SQLAlchemy does for each.
    """
    for portion in portions(rows):
        if connection.dialect == "sqlite":
            await connection.run(statement, portion)
        else:
            await connection.execute(statement, portion)
