"""The few clauses that PostgreSQL and SQLite spell differently."""

from __future__ import annotations

import functools
import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Final, TypeAlias, TypeVar

from sqlalchemy import ColumnElement, Select, Table, any_, bindparam, func, or_, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.sql.base import ReadOnlyColumnCollection
from sqlalchemy.sql.dml import Insert
from sqlalchemy.sql.elements import KeyedColumnElement

from divan_core.stores.sql.connection import DialectName

ItemT = TypeVar("ItemT")

NewValues: TypeAlias = ReadOnlyColumnCollection[str, KeyedColumnElement[Any]]
"""The row that was to be inserted, by the names of its columns."""

MOST_AT_ONCE: Final = 10_000
"""How many values go into one statement; SQLite allows 32,766 parameters."""


def _nothing(_new: NewValues) -> Mapping[str, ColumnElement[Any]]:
    """No column is special."""
    return {}


def _insert(table: Table, dialect: DialectName) -> postgresql.Insert | sqlite.Insert:
    return postgresql.insert(table) if dialect == "postgresql" else sqlite.insert(table)


@functools.cache
def insert_or_replace(
    table: Table,
    dialect: DialectName,
    *decisive: str,
    otherwise: Callable[[NewValues], Mapping[str, ColumnElement[Any]]] = _nothing,
) -> Insert:
    """Insert a row, or bring the row of the same key to the new values.

    A row is left alone, whatever else is new, when its ``decisive`` columns (else all of them)
    already have the new values. ``otherwise`` makes of the new values those of the columns that a
    row, which is there, gets instead.
    """
    statement = _insert(table, dialect)
    new = statement.excluded
    others = [column for column in table.columns if not column.primary_key]
    compared = [table.columns[name] for name in decisive] or others
    return statement.on_conflict_do_update(
        index_elements=list(table.primary_key),
        set_={column.name: new[column.name] for column in others} | dict(otherwise(new)),
        where=or_(*(column.is_distinct_from(new[column.name]) for column in compared)),
    )


@functools.cache
def insert_or_change(
    table: Table,
    dialect: DialectName,
    change: Callable[[NewValues], Mapping[str, ColumnElement[Any]]],
) -> Insert:
    """Insert a row, or change the row of the same key by the one that was to be inserted."""
    statement = _insert(table, dialect)
    return statement.on_conflict_do_update(
        index_elements=list(table.primary_key), set_=dict(change(statement.excluded))
    )


@functools.cache
def insert_missing(table: Table, dialect: DialectName) -> Insert:
    """Insert a row unless there is one of the same key."""
    return _insert(table, dialect).on_conflict_do_nothing(index_elements=list(table.primary_key))


def among(column: ColumnElement[ItemT], dialect: DialectName) -> ColumnElement[bool]:
    """Whether a column holds one of the values of the parameter ``among``, a list.

    On PostgreSQL they travel as one array: one prepared statement serves any number. The array is
    unnested because ``= ANY`` compares every row with every value where a new table has no
    statistics yet, as while it is filled.
    """
    if dialect == "sqlite":
        return column.in_(bindparam("among", expanding=True, type_=column.type))
    values = bindparam("among", type_=postgresql.ARRAY(column.type))
    return column.in_(select(func.unnest(values)))


def named_among(
    column: ColumnElement[ItemT], name: str, dialect: DialectName
) -> ColumnElement[bool]:
    """Whether a column holds one of the values of the parameter of this name, a list."""
    if dialect == "sqlite":
        return column.in_(bindparam(name, expanding=True, type_=column.type))
    return column == any_(bindparam(name, type_=postgresql.ARRAY(column.type)))


def one_of(column: ColumnElement[ItemT], dialect: DialectName) -> ColumnElement[bool]:
    """As :func:`among`, for a table whose index is always the better way, however it grows."""
    if dialect == "sqlite":
        return among(column, dialect)
    return column == any_(bindparam("among", type_=postgresql.ARRAY(column.type)))


def selected(
    column: ColumnElement[ItemT], query: Select[ItemT], dialect: DialectName
) -> ColumnElement[bool]:
    """Whether a column holds one of the values that ``query`` finds first.

    PostgreSQL gets them as an array: it then looks them up in the column's index, where it might
    join the whole table with a query about whose size it is wrong.
    """
    if dialect == "sqlite":
        return column.in_(query)
    return column == any_(func.array(query.scalar_subquery()))


def portions(items: Sequence[ItemT], most: int = MOST_AT_ONCE) -> Iterator[Sequence[ItemT]]:
    """The items, as many at a time as go into one statement."""
    for start in itertools.count(step=most):
        portion = items[start : start + most]
        if not portion:
            return
        yield portion


def greater(
    one: ColumnElement[ItemT], other: ColumnElement[ItemT], dialect: DialectName
) -> ColumnElement[ItemT]:
    """The greater one of two values, neither of which is NULL."""
    name = func.max if dialect == "sqlite" else func.greatest
    return name(one, other, type_=one.type)
