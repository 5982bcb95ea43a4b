"""Statements written out once, for where every microsecond is felt.

SQLAlchemy finds what it has compiled before by walking through a statement's parts, each time it
is executed, and wraps what comes of it. The drivers are done with most statements in a fifth of the
time that SQLAlchemy needs around them.
"""

from __future__ import annotations

import functools
import re
import sqlite3
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, Literal

import attrs
from sqlalchemy import Delete, Insert, Select, TextClause, Update
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
    _constants: Mapping[str, Any]

    @property
    def count(self) -> int:
        """How many parameters it has."""
        return len(self._parameters)

    def values(self, parameters: Mapping[str, Any]) -> list[Any]:
        """The values of the parameters, in their order and in the form of the database."""
        if self._constants:
            parameters = {**self._constants, **parameters}
        return [
            parameters[name] if bound is None else bound(parameters[name])
            for name, bound in self._parameters
        ]


@attrs.frozen(eq=False)
class Together:
    """Several statements that SQLite runs as one, which PostgreSQL does by itself.

    They come one after the other, of no rows. What they have parameters of the same name for is
    the same. ``name`` is that of a view, whose insertion's trigger runs them.
    """

    name: str
    statements: tuple[Statement, ...]


@attrs.frozen(eq=False)
class TogetherText:
    """How SQLite's driver runs statements together: after ``making`` what it takes, once."""

    making: tuple[str, ...]
    text: DriverText


_IN_TEXT: Final = re.compile(r":(\w+)")
_NAMED: Final = SQLiteDialect_pysqlite(dbapi=sqlite3, paramstyle="named")


@functools.cache
def together_text(together: Together) -> TogetherText:
    """Statements as a trigger of a temporary view, which belongs to one connection."""
    compiled = [one.compile(dialect=_NAMED) for one in together.statements]
    binds = {name: bind for one in compiled for name, bind in one.binds.items()}
    columns = ", ".join(f'NULL AS "{name}"' for name in binds)
    steps = "".join(_IN_TEXT.sub(r"NEW.\1", str(one)) + "; " for one in compiled)
    name, places = together.name, ", ".join("?" * len(binds))
    bound = ((one, bind.type.dialect_impl(_NAMED)) for one, bind in binds.items())
    return TogetherText(
        (
            f"CREATE TEMP VIEW {name} AS SELECT {columns}",
            f"CREATE TEMP TRIGGER run_{name} INSTEAD OF INSERT ON {name} BEGIN {steps}END",
        ),
        DriverText(
            f"INSERT INTO {name} VALUES ({places})",  # noqa: S608 - names of our own
            tuple((one, impl.bind_processor(_NAMED)) for one, impl in bound),
            {},
        ),
    )


@functools.cache
def driver_text(statement: Statement | TextClause, dialect_name: DialectName) -> DriverText:
    """A statement as the driver of a database takes it.

    It is kept for good: give statements that are, too. All their parameters are given by name
    when they are executed; the values of rows come as the driver has them.
    """
    dialect = _DRIVERS[dialect_name]
    compiled = statement.compile(dialect=dialect)
    names = compiled.positiontup or ()
    binds = [(name, compiled.binds[name]) for name in names]
    bound = [(name, one.type.dialect_impl(dialect).bind_processor(dialect)) for name, one in binds]
    constants = {name: one.value for name, one in binds if not one.required}
    return DriverText(str(compiled), tuple(bound), constants)


def result_values(
    query: Select[Any], dialect_name: DialectName
) -> Sequence[Callable[[Any], Any] | None]:
    """What makes of each column, as the driver of a database has it, the value that is meant."""
    dialect = _DRIVERS[dialect_name]
    kinds = [one.type.dialect_impl(dialect) for one in query.selected_columns]
    return [kind.result_processor(dialect, None) for kind in kinds]
