"""Several rows at once, in the quickest way that either database has."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final
from uuid import UUID

from sqlalchemy import (
    BindParameter,
    Column,
    ColumnElement,
    Insert,
    Select,
    and_,
    any_,
    bindparam,
    column,
    func,
    select,
    tuple_,
)
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


class SeveralKeys:
    """A query of what is found by several keys, each of the same ``columns``, which have an index.

    PostgreSQL gets an array for each column, in one statement; SQLite is asked for each key.
    """

    def __init__(
        self,
        columns: Sequence[Column[Any]],
        query: Callable[[ColumnElement[bool]], Select[Any]],
    ) -> None:
        """``query`` makes one of the clause that says which rows are wanted."""
        self._names = [f"{_AMONG}_{one.name}" for one in columns]
        named = list(zip(self._names, columns, strict=True))
        given: list[BindParameter[Any]] = [bindparam(name, type_=one.type) for name, one in named]
        self._one = query(and_(*(one == value for one, value in zip(columns, given, strict=True))))
        arrays: list[BindParameter[Any]] = [
            bindparam(name, type_=ARRAY(one.type)) for name, one in named
        ]
        fields = [column(one.name, one.type) for one in columns]
        each = func.unnest(*arrays).table_valued(*fields, name="each").render_derived()
        self._many = query(tuple_(*columns).in_(select(*each.c)))

    async def found(
        self, connection: SqlConnection, keys: Iterable[Sequence[Any]]
    ) -> Sequence[Sequence[Any]]:
        """The rows as the driver has them, in any order; of no keys, none."""
        wanted = list(dict.fromkeys(keys))
        if not wanted:
            return ()
        if connection.dialect == "postgresql":
            arrays = map(list, zip(*wanted, strict=True))
            return await connection.rows(self._many, self._named(arrays))
        return [row for key in wanted for row in await connection.rows(self._one, self._named(key))]

    def _named(self, values: Iterable[Any]) -> Mapping[str, Any]:
        return dict(zip(self._names, values, strict=True))


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
