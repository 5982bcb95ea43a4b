"""Many rows at once, in few statements, whatever the database."""

from __future__ import annotations

import functools
from collections.abc import Collection, Iterable, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Column, Table, TextClause, text
from sqlalchemy.dialects import postgresql

from divan_core.stores.sql.clauses import portions
from divan_core.stores.sql.connection import DialectName, SqlConnection, ThreadConnection

Row = tuple[Any, ...]
"""The columns of a table, in its order; of rows that are removed, those of the key are enough.

Ids are as the driver takes them: see :func:`keyed`."""

_DIALECT = postgresql.dialect()  # type: ignore[no-untyped-call]  # SQLAlchemy's


def keyed(known: UUID, dialect: DialectName) -> UUID | bytes:
    """An id as the driver takes it."""
    return known.bytes if dialect == "sqlite" else known


async def upsert(connection: SqlConnection, table: Table, rows: Collection[Row]) -> None:
    """Keep rows, each instead of one of the same key; all keys are different."""
    for portion in portions(list(rows)):
        if connection.dialect == "postgresql":
            await connection.execute(_unnested_upsert(table), _arrays(portion, len(table.c)))
        else:
            await fill(connection, _upsert(table), portion)


async def remove(connection: SqlConnection, table: Table, rows: Collection[Row]) -> None:
    """Remove the rows of these keys, where there are any."""
    keys = len(table.primary_key)
    for portion in portions(list(rows)):
        if connection.dialect == "postgresql":
            await connection.execute(_unnested_delete(table), _arrays(portion, keys))
        else:
            await fill(connection, _delete(table), [row[:keys] for row in portion])


async def fill(connection: SqlConnection, sql: str, rows: Sequence[Row]) -> None:
    """Run a statement of SQLite once for each row, whose values are as its driver takes them."""
    assert isinstance(connection, ThreadConnection)  # noqa: S101 - what the dialect said
    await connection.fill(sql, rows)


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
def _upsert(table: Table) -> str:
    """For SQLite's driver: the keys of these tables are all that is unique in them."""
    names = table.c.keys()
    marks = ", ".join("?" * len(names))
    return f"INSERT OR REPLACE INTO {table.name} ({', '.join(names)}) VALUES ({marks})"  # noqa: S608


@functools.cache
def _delete(table: Table) -> str:
    """As above."""
    same = " AND ".join(f"{name} = ?" for name in table.primary_key.columns.keys())  # noqa: SIM118
    return f"DELETE FROM {table.name} WHERE {same}"  # noqa: S608
