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
from operator import itemgetter
from typing import Any, Final, Literal

import attrs
from sqlalchemy import Delete, Insert, Select, TextClause, Update
from sqlalchemy.dialects.postgresql.asyncpg import PGDialect_asyncpg
from sqlalchemy.dialects.sqlite.pysqlite import SQLiteDialect_pysqlite
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeEngine

from divan_core.stores.sql.types import binding

DialectName = Literal["postgresql", "sqlite"]
Statement = Select[Any] | Insert | Update | Delete

_DRIVERS: Final[Mapping[DialectName, Dialect]] = {
    "postgresql": PGDialect_asyncpg(paramstyle="numeric_dollar"),  # type: ignore[no-untyped-call]  # SQLAlchemy's
    "sqlite": SQLiteDialect_pysqlite(dbapi=sqlite3, paramstyle="qmark"),
}


@attrs.frozen(eq=False)
class DriverText:
    """A statement as a driver takes it.

    ``count`` is how many parameters it has; ``_take`` finds their values by their names, and those
    of some places go through what ``_bound`` has for them.
    """

    sql: str
    count: int
    _take: Callable[[Mapping[str, Any]], Sequence[Any]]
    _bound: tuple[tuple[int, Callable[[Any], Any]], ...]
    _constants: Mapping[str, Any]

    @classmethod
    def of(
        cls,
        sql: str,
        kinds: Sequence[tuple[str, TypeEngine[Any]]],
        dialect: Dialect,
        constants: Mapping[str, Any],
    ) -> DriverText:
        """A text whose parameters have these names and types, some with a value of their own."""
        names = [name for name, _ in kinds]
        bound = [(place, binding(kind, dialect)) for place, (_, kind) in enumerate(kinds)]
        needed = tuple((place, made) for place, made in bound if made is not None)
        return cls(sql, len(names), _taking(names), needed, constants)

    def values(self, parameters: Mapping[str, Any]) -> list[Any]:
        """The values of the parameters, in their order and in the form of the database."""
        if self._constants:
            parameters = {**self._constants, **parameters}
        values = list(self._take(parameters))
        for place, bound in self._bound:
            values[place] = bound(values[place])
        return values


def _taking(names: Sequence[str]) -> Callable[[Mapping[str, Any]], Sequence[Any]]:
    """How to find the values of names; ``itemgetter`` is quick, and gives several as a tuple."""
    if len(names) > 1:
        return itemgetter(*names)
    return lambda parameters: [parameters[name] for name in names]


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
    return TogetherText(
        (
            f"CREATE TEMP VIEW {name} AS SELECT {columns}",
            f"CREATE TEMP TRIGGER run_{name} INSTEAD OF INSERT ON {name} BEGIN {steps}END",
        ),
        DriverText.of(
            f"INSERT INTO {name} VALUES ({places})",  # noqa: S608 - names of our own
            [(one, bind.type) for one, bind in binds.items()],
            _NAMED,
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
    constants = {name: one.value for name, one in binds if not one.required}
    kinds = [(name, one.type) for name, one in binds]
    return DriverText.of(str(compiled), kinds, dialect, constants)


def result_values(
    query: Select[Any], dialect_name: DialectName
) -> Sequence[Callable[[Any], Any] | None]:
    """What makes of each column, as the driver of a database has it, the value that is meant."""
    dialect = _DRIVERS[dialect_name]
    kinds = [one.type.dialect_impl(dialect) for one in query.selected_columns]
    return [kind.result_processor(dialect, None) for kind in kinds]
