"""Many rows at once, in few statements, whatever the database."""

from __future__ import annotations

import functools
from collections.abc import Collection, Iterable
from typing import Any
from uuid import UUID

from sqlalchemy import (
    BindParameter,
    Column,
    LargeBinary,
    Table,
    TextClause,
    bindparam,
    delete,
    text,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.sql.dml import Delete, Insert

from divan_core.stores.sql.clauses import portions
from divan_core.stores.sql.connection import SqlConnection
from divan_core.stores.sql.types import Id

Row = tuple[Any, ...]
"""The columns of a table, in its order; of rows that are removed, those of the key are enough."""

_DIALECT = postgresql.dialect()  # type: ignore[no-untyped-call]  # SQLAlchemy's


async def upsert(connection: SqlConnection, table: Table, rows: Collection[Row]) -> None:
    """Keep rows, each instead of one of the same key; all keys are different."""
    for portion in portions(list(rows)):
        if connection.dialect == "postgresql":
            await connection.execute(_unnested_upsert(table), _arrays(portion, len(table.c)))
        else:
            await connection.run(_upsert(table), _named(portion, len(table.c)))


async def remove(connection: SqlConnection, table: Table, rows: Collection[Row]) -> None:
    """Remove the rows of these keys, where there are any."""
    keys = len(table.primary_key)
    for portion in portions(list(rows)):
        if connection.dialect == "postgresql":
            await connection.execute(_unnested_delete(table), _arrays(portion, keys))
        else:
            await connection.run(_delete(table), _named(portion, keys))


def _named(rows: Collection[Row], width: int) -> list[dict[str, Any]]:
    names = [f"c{at}" for at in range(width)]
    bare = [[one.bytes if isinstance(one, UUID) else one for one in row] for row in rows]
    return [dict(zip(names, row, strict=False)) for row in bare]


def _arrays(rows: Collection[Row], width: int) -> dict[str, list[Any]]:
    return {f"c{at}": [row[at] for row in rows] for at in range(width)}


def unnested(columns: Iterable[Column[Any]]) -> str:
    """Rows of PostgreSQL whose columns come as the arrays ``c0``, ``c1``, ..."""
    kinds = [column.type.dialect_impl(_DIALECT).compile(_DIALECT) for column in columns]
    arrays = (f"CAST(:c{at} AS {kind.partition(' COLLATE')[0]}[])" for at, kind in enumerate(kinds))
    names = ", ".join(f"c{at}" for at in range(len(kinds)))
    return f"unnest({', '.join(arrays)}) AS given ({names})"


@functools.cache
def _unnested_upsert(table: Table) -> TextClause:
    keys = list(table.primary_key.columns.keys())
    names = [column.name for column in table.c]
    changes = ", ".join(f"{name} = excluded.{name}" for name in names if name not in keys)
    return text(
        f"INSERT INTO {table.name} ({', '.join(names)})"  # noqa: S608 - its own names
        f" SELECT * FROM {unnested(table.c)} ON CONFLICT ({', '.join(keys)})"
        f" DO {f'UPDATE SET {changes}' if changes else 'NOTHING'}"
    )


@functools.cache
def _unnested_delete(table: Table) -> TextClause:
    keys = table.primary_key.columns
    same = " AND ".join(f"{table.name}.{one.name} = given.c{at}" for at, one in enumerate(keys))
    return text(f"DELETE FROM {table.name} USING {unnested(keys)} WHERE {same}")  # noqa: S608


@functools.cache
def _upsert(table: Table) -> Insert:
    """For SQLite's driver, with values as it takes them."""
    statement = sqlite.insert(table).values(
        {column.name: _given(column, at) for at, column in enumerate(table.c)}
    )
    others = [column.name for column in table.c if not column.primary_key]
    return statement.on_conflict_do_update(
        index_elements=list(table.primary_key),
        set_={name: statement.excluded[name] for name in others},
    )


@functools.cache
def _delete(table: Table) -> Delete:
    """As above."""
    keys = enumerate(table.primary_key.columns)
    return delete(table).where(*(column == _given(column, at) for at, column in keys))


def _given(column: Column[Any], at: int) -> BindParameter[Any]:
    """A value as the driver takes it: an id is its bytes already."""
    kind = LargeBinary() if isinstance(column.type, Id) else column.type
    return bindparam(f"c{at}", type_=kind)
