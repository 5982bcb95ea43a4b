"""Statements written out once, for where every microsecond is felt.

SQLAlchemy finds what it has compiled before by walking through a statement's parts, each time it
is executed, and wraps what comes of it. The drivers are done with most statements in a fifth of the
time that SQLAlchemy needs around them.
"""

from __future__ import annotations

import functools
import sqlite3
from collections.abc import Callable, Mapping
from typing import Any, Final, Literal

import attrs
from sqlalchemy import Delete, Insert, Select, Update
from sqlalchemy.dialects.postgresql.asyncpg import PGDialect_asyncpg
from sqlalchemy.dialects.sqlite.pysqlite import SQLiteDialect_pysqlite
from sqlalchemy.engine import Dialect

DialectName = Literal["postgresql", "sqlite"]
Statement = Select[Any] | Insert | Update | Delete

_DRIVERS: Final[Mapping[DialectName, Dialect]] = {
    "postgresql": PGDialect_asyncpg(paramstyle="numeric_dollar"),  # type: ignore[no-untyped-call]  # SQLAlchemy's
    "sqlite": SQLiteDialect_pysqlite(dbapi=sqlite3, paramstyle="qmark"),
}


@attrs.frozen(eq=False)
class DriverText:
    """A statement as a driver takes it."""

    sql: str
    _parameters: tuple[tuple[str, Callable[[Any], Any] | None], ...]

    def values(self, parameters: Mapping[str, Any]) -> list[Any]:
        """The values of the parameters, in their order and in the form of the database."""
        return [
            parameters[name] if bound is None else bound(parameters[name])
            for name, bound in self._parameters
        ]


@functools.cache
def driver_text(statement: Statement, dialect_name: DialectName) -> DriverText:
    """A statement as the driver of a database takes it.

    It is kept for good: give statements that are, too. All their parameters are given by name
    when they are executed; the values of rows come as the driver has them.
    """
    dialect = _DRIVERS[dialect_name]
    compiled = statement.compile(dialect=dialect)
    names = compiled.positiontup or ()
    types = (compiled.binds[name].type for name in names)
    bound = (one.dialect_impl(dialect).bind_processor(dialect) for one in types)
    return DriverText(str(compiled), tuple(zip(names, bound, strict=True)))
