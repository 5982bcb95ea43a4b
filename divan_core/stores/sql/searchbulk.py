"""Many rows at once, in few statements, whatever the database."""

from __future__ import annotations

import functools
from collections.abc import Collection, Iterable
from typing import Any

from sqlalchemy import Column, Table, TextClause, bindparam, delete, text
from sqlalchemy.dialects import postgresql
from sqlalchemy.sql.dml import Delete

from divan_core.stores.sql.clauses import insert_or_replace, portions
from divan_core.stores.sql.connection import SqlConnection

Row = tuple[Any, ...]
"""The columns of a table, in its order; of rows that are removed, those of the key are enough."""

_DIALECT = postgresql.dialect()  # type: ignore[no-untyped-call]  # SQLAlchemy's


async def upsert(connection: SqlConnection, table: Table, rows: Collection[Row]) -> None:
    """Keep rows, each instead of one of the same key; all keys are different."""
    for portion in portions(sorted(rows)):
        if connection.dialect == "postgresql":
            await connection.execute(_unnested_upsert(table), _arrays(portion, len(table.c)))
        else:
            names = table.c.keys()
            named = [dict(zip(names, row, strict=True)) for row in portion]
            await connection.run(insert_or_replace(table, "sqlite"), named)


async def remove(connection: SqlConnection, table: Table, rows: Collection[Row]) -> None:
    """Remove the rows of these keys, where there are any."""
    names = [f"c{at}" for at in range(len(table.primary_key))]
    for portion in portions(sorted(rows)):
        if connection.dialect == "postgresql":
            await connection.execute(_unnested_delete(table), _arrays(portion, len(names)))
        else:
            named = [dict(zip(names, row, strict=False)) for row in portion]
            await connection.run(_delete(table), named)


def _arrays(rows: Collection[Row], width: int) -> dict[str, list[Any]]:
    return {f"c{at}": [row[at] for row in rows] for at in range(width)}


def unnested(columns: Iterable[Column[Any]]) -> str:
    """Rows of PostgreSQL whose columns come as the arrays ``c0``, ``c1``, ..."""
    kinds = (column.type.dialect_impl(_DIALECT).compile(_DIALECT) for column in columns)
    arrays = (f"CAST(:c{at} AS {kind.partition(' COLLATE')[0]}[])" for at, kind in enumerate(kinds))
    names = ", ".join(f"c{at}" for at in range(len(columns)))
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
def _delete(table: Table) -> Delete:
    keys = enumerate(table.primary_key.columns)
    return delete(table).where(
        *(column == bindparam(f"c{at}", type_=column.type) for at, column in keys)
    )
