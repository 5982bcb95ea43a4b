"""Statements that nobody waits for, which PostgreSQL runs as one.

A unit writes most of what it writes for good, and asks for nothing in return; each such statement
by itself would be a round trip. So they are kept until something is read of what they change, or to
the end of the unit, and then go together: as the parts of one statement, which are all done or
none, and see nothing of each other.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Mapping
from typing import Any, Final

import attrs
from sqlalchemy import Table
from sqlalchemy.sql import visitors

from divan_core.stores.sql.spelling import DriverText, Statement, driver_text
from divan_core.stores.sql.tables import HANDLED_EVENTS

_NUMBER: Final = re.compile(r"\$(\d+)")


@attrs.frozen
class Whole:
    """Several statements as one, with the values of its parameters."""

    sql: str
    values: list[Any]


class Postponed:
    """The statements of one unit that are still to be run, in their order."""

    def __init__(self) -> None:
        """Begin with none."""
        self._steps: list[tuple[Statement, Mapping[str, Any]]] = []
        self._changed: set[Table] = set()

    def __bool__(self) -> bool:
        """Whether there are any."""
        return bool(self._steps)

    def is_handling(self, *, only: bool) -> bool:
        """Whether they say which events are handled; ``only``, nothing else."""
        if only:
            return self._changed == {HANDLED_EVENTS}
        return HANDLED_EVENTS in self._changed

    def concern(self, statement: Statement) -> bool:
        """Whether a statement could tell if they were run before it or after it.

        What refers to a row has to find it.
        """
        return not self._changed.isdisjoint(_referred(statement))

    def add(self, statement: Statement, parameters: Mapping[str, Any]) -> bool:
        """Keep one more; False if it cannot go together with the others, and is not kept.

        No two change the same table: of two parts, the second does not see the first. Rows that
        refer to each other may come together, for that is looked at when all parts are done.
        """
        tables = _mentioned(statement)
        if not _is_part(statement) or not self._changed.isdisjoint(tables):
            return False
        self._steps.append((statement, parameters))
        self._changed |= tables
        return True

    def take(self) -> Whole:
        """All of them, which are run now."""
        steps, self._steps, self._changed = self._steps, [], set()
        written = tuple(_written(statement) for statement, _ in steps)
        values = [one.values(given) for one, (_, given) in zip(written, steps, strict=True)]
        return Whole(_joined(written), [value for some in values for value in some])


def _written(statement: Statement) -> DriverText:
    return driver_text(statement, "postgresql")


@functools.cache
def _is_part(statement: Statement) -> bool:
    """Whether it may be a part: PostgreSQL has what changes something at the top only."""
    return not _written(statement).sql.startswith("WITH ")


@functools.cache
def _mentioned(statement: Statement) -> frozenset[Table]:
    """The tables that a statement changes or reads."""
    return frozenset(one for one in visitors.iterate(statement) if isinstance(one, Table))


@functools.cache
def _referred(statement: Statement) -> frozenset[Table]:
    """These, and those that rows refer to which it may change."""
    tables = _mentioned(statement)
    if statement.is_select and _is_part(statement):
        return tables
    return tables.union(key.column.table for one in tables for key in one.foreign_keys)


@functools.cache
def _joined(written: tuple[DriverText, ...]) -> str:
    """The text of all, whose parameters are numbered through."""
    if len(written) == 1:
        return written[0].sql
    parts, before = list[str](), 0
    for one in written:
        shift = functools.partial(_shifted, by=before)
        parts.append(f"step_{len(parts)} AS ({_NUMBER.sub(shift, one.sql)})")
        before += one.count
    return f"WITH {', '.join(parts)} SELECT 1"


def _shifted(number: re.Match[str], *, by: int) -> str:
    return f"${int(number[1]) + by}"
