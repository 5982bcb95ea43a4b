"""What a unit keeps to itself until its end: its events, what it handles, the answer to its key."""

from __future__ import annotations

import functools
from collections.abc import Iterator, Mapping, Sequence
from operator import attrgetter
from typing import Any, Final

import attrs
from sqlalchemy import CTE, Text, bindparam, column, func, insert, select, true
from sqlalchemy import cast as as_type
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.sql.dml import Insert, Update
from sqlalchemy.types import TypeEngine

from divan_core.idempotency.model import KeyScope
from divan_core.kernel.clock import Clock
from divan_core.kernel.events import Event, EventId
from divan_core.stores.sql.connection import DialectName, Parameters, SqlConnection
from divan_core.stores.sql.eventdata import stored_data
from divan_core.stores.sql.keystatements import (
    Claimed,
    KeyStatements,
    Step,
    answer_statement,
    keep_statement,
)
from divan_core.stores.sql.moments import now_of, present
from divan_core.stores.sql.spelling import Statement, Together
from divan_core.stores.sql.tables import HANDLED_EVENTS, IDEMPOTENCY_KEYS, OUTBOX

_PLAIN: Final = ("id", "topic", "name", "campus_id", "aggregate", "at")
_FIELDS: Final = (*_PLAIN, "data")
_EACH: Final = tuple(f"each_{name}" for name in _FIELDS)
_plain: Final = attrgetter(*_PLAIN)
_TOGETHER: Final = 2
"""How many events SQLite records together with a key: a message has so many."""

_NUMBERED: Final = tuple(
    tuple(f"{name}_{number}" for name in _FIELDS) for number in range(_TOGETHER)
)
"""What the parameters of each are called."""


@attrs.frozen
class Answer:
    """The answer to a key that the unit has claimed."""

    scope: KeyScope
    claimed: Claimed
    body: bytes
    ttl_s: int


class Pending:
    """Written with the least number of statements, as the last of the unit.

    Is the unit's :class:`~divan_core.kernel.events.Outbox` as well.
    """

    def __init__(self, clock: Clock | None = None) -> None:
        """Begin with nothing. ``clock`` replaces that of the database."""
        self._clock = clock
        self._events: list[Event] = []
        self._answers: list[Answer] = []
        self._handled: dict[tuple[str, EventId], None] = {}

    @property
    def events(self) -> Sequence[Event]:
        """What the unit has recorded."""
        return self._events

    @property
    def answers(self) -> Sequence[Answer]:
        """What its keys were answered."""
        return self._answers

    async def add(self, *events: Event) -> None:
        """Record these, after those the unit has recorded before."""
        self._events += events

    def answer(self, scope: KeyScope, claimed: Claimed, body: bytes, ttl_s: int) -> None:
        """Keep the answer to a key."""
        self._answers.append(Answer(scope, claimed, body, ttl_s))

    @property
    def supposes(self) -> bool:
        """Whether events are taken for new."""
        return bool(self._handled)

    def suppose(self, group: str, event: Event) -> bool:
        """Take an event for new, which the end of the unit will show; False if that was done."""
        key = group, event.id
        new = key not in self._handled
        self._handled[key] = None
        return new

    async def flush(self, connection: SqlConnection) -> None:
        """Write it all in one statement; in none if it is nothing.

        On SQLite, in two where there are many events. Events alone go with what else is left.

        Raises:
            StoreUnavailable: as any statement of the unit.
            UnitMisused: the unit was for reading; or an event had been recorded before.
            HandledBefore: something was taken for new that is not.
        """
        if self._handled:
            groups, events = map(list, zip(*self._handled, strict=True))
            given = {"each_group": groups, "each_event": events, **present(self._clock)}
            await connection.later(_handle(clocked=self._clocked), given)
        if not self._events and not self._answers:
            return
        connection.confirm()
        if connection.dialect == "postgresql" and not self._answers:
            await connection.later(record(clocked=self._clocked), self.columns())
            return
        for statement, parameters in self._steps(connection.dialect):
            await connection.rows(statement, parameters)

    @property
    def _clocked(self) -> bool:
        return self._clock is not None

    def _steps(self, dialect: DialectName) -> Iterator[tuple[Statement | Together, Parameters]]:
        answers = [self._answering(dialect, one) for one in self._answers]
        if not self._events:
            yield from answers
        elif dialect == "sqlite" and len(self._answers) == 1 and len(self._events) <= _TOGETHER:
            _, parameters = answers[0]
            given = {**parameters, **present(self._clock)}
            for names, event in zip(_NUMBERED, self._events, strict=False):
                given.update(zip(names, _row(event), strict=True))
            yield _record_and_keep(len(self._events), clocked=self._clocked), given
        elif dialect == "sqlite":
            yield _record_on_sqlite(clocked=self._clocked), self._rows()
            yield from answers
        else:
            _, parameters = answers[0]
            statement = _record_and_answer(clocked=self._clocked)
            yield statement, {**parameters, **self.columns()}
            yield from answers[1:]

    def _answering(self, dialect: DialectName, answer: Answer) -> Step:
        statements = KeyStatements(IDEMPOTENCY_KEYS, dialect, self._clock)
        return statements.answering(answer.scope, answer.claimed, answer.body, answer.ttl_s)

    def _rows(self) -> Sequence[Mapping[str, Any]]:
        now = present(self._clock)
        return [{**dict(zip(_FIELDS, _row(one), strict=True)), **now} for one in self._events]

    def columns(self) -> Mapping[str, Any]:
        """The events as rows, with one array for each column, which serves any number."""
        rows = list(map(_row, self._events))
        arrays = {name: [row[place] for row in rows] for place, name in enumerate(_EACH)}
        return {**arrays, **present(self._clock)}


def _row(event: Event) -> Sequence[Any]:
    """The values of the fields."""
    return *_plain(event), stored_data(event)


@functools.cache
def _record_on_sqlite(*, clocked: bool, suffix: str = "") -> Insert:
    given = {name: bindparam(f"{name}{suffix}", type_=OUTBOX.c[name].type) for name in _PLAIN}
    given["data"] = bindparam(f"data{suffix}", type_=Text())
    return insert(OUTBOX).values(**given, recorded_at=now_of("sqlite", clocked=clocked))


@functools.cache
def _record_and_keep(count: int, *, clocked: bool) -> Together:
    """On SQLite, so many events, and the key with its answer."""
    recording = [_record_on_sqlite(clocked=clocked, suffix=f"_{one}") for one in range(count)]
    keeping = keep_statement(IDEMPOTENCY_KEYS, clocked=clocked)
    name = f"record_{count}_and_keep{'_clocked' if clocked else ''}"
    return Together(name, (*recording, keeping))


@functools.cache
def record(*, clocked: bool, after: CTE | None = None) -> Insert:
    """On PostgreSQL, insert events from arrays; their positions are in the order of the arrays.

    With ``after``, only where that has a row.
    """
    types: dict[str, TypeEngine[Any]] = {name: OUTBOX.c[name].type for name in _FIELDS}
    types["data"] = Text()
    arrays = (bindparam(f"each_{name}", type_=ARRAY(kind)) for name, kind in types.items())
    each = (
        func.unnest(*arrays)
        .table_valued(*(column(*field) for field in types.items()), with_ordinality="place")
        .render_derived(name="each")
    )
    data = as_type(each.c.data, OUTBOX.c.data.type)
    values = (*(each.c[name] for name in _FIELDS[:-1]), data)
    source = select(*values, now_of("postgresql", clocked=clocked)).order_by(each.c.place)
    if after is not None:
        source = source.select_from(each.join(after, true()))
    return insert(OUTBOX).from_select([*_FIELDS, "recorded_at"], source)


@functools.cache
def _handle(*, clocked: bool) -> Insert:
    """On PostgreSQL, insert what is handled; sorted, so that nobody is in a circle."""
    kinds: dict[str, TypeEngine[Any]] = {
        "each_event": HANDLED_EVENTS.c.event_id.type,
        "each_group": HANDLED_EVENTS.c.consumer_group.type,
    }
    each = (
        func.unnest(*(bindparam(name, type_=ARRAY(kind)) for name, kind in kinds.items()))
        .table_valued(*(column(*field) for field in kinds.items()))
        .render_derived(name="each")
    )
    keys = tuple(each.c)
    rows = select(*keys, now_of("postgresql", clocked=clocked)).order_by(*keys)
    return insert(HANDLED_EVENTS).from_select(["event_id", "consumer_group", "handled_at"], rows)


@functools.cache
def _record_and_answer(*, clocked: bool) -> Update:
    recorded = record(clocked=clocked).cte("recorded")
    return answer_statement(IDEMPOTENCY_KEYS, "postgresql", clocked=clocked).add_cte(recorded)
