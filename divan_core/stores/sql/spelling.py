"""Statements written out once, for where every microsecond is felt.

SQLAlchemy finds what it has compiled before by walking through a statement's parts, each time it
is executed. Text has next to none; and SQLite's driver is done with most statements in a tenth of
the time that SQLAlchemy needs around it.
"""

from __future__ import annotations

import functools
import re
import sqlite3
from collections.abc import Callable, Mapping
from typing import Any, Final

import attrs
from sqlalchemy import Delete, Insert, Select, TextClause, Update, bindparam, text
from sqlalchemy.dialects.postgresql.base import PGDialect
from sqlalchemy.dialects.sqlite.pysqlite import SQLiteDialect_pysqlite

Statement = Select[Any] | Insert | Update | Delete

_NAMED: Final = PGDialect(paramstyle="named")  # type: ignore[no-untyped-call]  # SQLAlchemy's
_CAST: Final = re.compile(r"(:\w+)::(?:TIMESTAMP WITH TIME ZONE|\w+)")
"""How the type of a parameter is written; it hides the parameter from ``text``, which writes it."""

_DRIVER: Final = SQLiteDialect_pysqlite(dbapi=sqlite3, paramstyle="qmark")


@attrs.frozen(eq=False)
class DriverText:
    """A statement as SQLite's driver takes it."""

    sql: str
    _parameters: tuple[tuple[str, Callable[[Any], Any] | None], ...]

    def values(self, parameters: Mapping[str, Any]) -> list[Any]:
        """The values of the parameters, in their order and in the form of the database."""
        return [
            parameters[name] if bound is None else bound(parameters[name])
            for name, bound in self._parameters
        ]


@functools.cache
def spelled(statement: Statement) -> TextClause:
    """A statement for PostgreSQL as text, with the same parameters.

    It is kept for good: give statements that are, too. All their parameters are given by name
    when they are executed; the values of rows come as the driver has them.
    """
    compiled = statement.compile(dialect=_NAMED)
    parameters = (bindparam(name, type_=one.type) for name, one in compiled.binds.items())
    return text(_CAST.sub(r"\1", str(compiled))).bindparams(*parameters)


@functools.cache
def driver_text(statement: Statement) -> DriverText:
    """A statement for SQLite's driver. The same holds as of :func:`spelled`."""
    compiled = statement.compile(dialect=_DRIVER)
    names = compiled.positiontup or ()
    types = (compiled.binds[name].type for name in names)
    bound = (one.dialect_impl(_DRIVER).bind_processor(_DRIVER) for one in types)
    return DriverText(str(compiled), tuple(zip(names, bound, strict=True)))
