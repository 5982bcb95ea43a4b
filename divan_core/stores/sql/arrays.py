"""Many rows in one statement, where PostgreSQL gets an array for each column."""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import bindparam, column, func, select
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.sql.dml import Insert

from divan_core.stores.sql.clauses import portions
from divan_core.stores.sql.connection import SqlConnection


async def insert_all(
    connection: SqlConnection, statement: Insert, rows: Sequence[Mapping[str, Any]]
) -> None:
    """Run an insertion of one row, which is kept for good, for each of these.

    Rows have all columns of the table by their names, and no two have the same key.
    """
    for portion in portions(rows):
        if connection.dialect == "postgresql":
            arrays = {name: [row[name] for row in portion] for name in portion[0]}
            await connection.later(_of_arrays(statement), arrays)
        else:
            await connection.rows(statement, portion)


@functools.cache
def _of_arrays(statement: Insert) -> Insert:
    """The insertion of many rows, whose columns come as arrays; what it does on conflict stays."""
    columns: Any = statement.table.c
    arrays = (bindparam(one.name, type_=ARRAY(one.type)) for one in columns)
    kinds = (column(one.name, one.type) for one in columns)
    each = func.unnest(*arrays).table_valued(*kinds).render_derived(name="each")
    return statement.from_select([one.name for one in columns], select(*each.c))
