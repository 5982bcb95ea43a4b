"""What consumer groups have handled, in SQL."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence

from sqlalchemy import String, Text, bindparam, column, func, null, select
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.sql.dml import Insert

from divan_core.kernel.clock import Clock
from divan_core.kernel.events import Event
from divan_core.stores.sql.clauses import insert_missing
from divan_core.stores.sql.connection import DialectName, SqlConnection
from divan_core.stores.sql.moments import now_of, present
from divan_core.stores.sql.tables import HANDLED_EVENTS
from divan_core.stores.sql.types import Id, id_of


class SqlHandledEvents:
    """Keeps what is handled; see :class:`~divan_core.kernel.events.HandledEvents`."""

    def __init__(
        self,
        connection: SqlConnection,
        clock: Clock | None = None,
        suppose: Callable[[str, Event], bool] | None = None,
    ) -> None:
        """Work in the transaction of ``connection``; ``clock`` replaces the database's.

        With ``suppose`` events are taken for new, as nearly all are.
        """
        self._connection = connection
        self._clock = clock
        self._suppose = suppose

    async def begin(self, group: str, event: Event) -> bool:
        """Record that the group handles the event; False if it has done so, or given up, before."""
        if self._suppose is not None:
            return self._suppose(group, event)
        return await self._record(group, event, None)

    async def begin_all(self, group: str, events: Sequence[Event]) -> Sequence[Event]:
        """The same of many; those that it has not handled."""
        if self._suppose is not None:
            return [one for one in events if self._suppose(group, one)]
        if self._connection.dialect == "sqlite":
            return [one for one in events if await self._record(group, one, None)]
        statement = _begin_statement(clocked=self._clock is not None)
        given = {"each_event": [one.id for one in events], "of_group": group}
        rows = await self._connection.rows(statement, {**given, **present(self._clock)})
        begun = {id_of(row[0]) for row in rows}
        return [one for one in events if one.id in begun]

    async def give_up(self, group: str, event: Event, reason: str) -> None:
        """Record that the group could not handle the event, unless it has."""
        await self._record(group, event, reason)

    async def _record(self, group: str, event: Event, gave_up: str | None) -> bool:
        statement = _statement(self._connection.dialect, clocked=self._clock is not None)
        row = {"of_event": event.id, "of_group": group, "reason": gave_up}
        done = await self._connection.run(statement, {**row, **present(self._clock)})
        return done is not None


@functools.cache
def _statement(dialect: DialectName, *, clocked: bool) -> Insert:
    inserting = insert_missing(HANDLED_EVENTS, dialect).values(
        event_id=bindparam("of_event", type_=Id()),
        consumer_group=bindparam("of_group", type_=String()),
        handled_at=now_of(dialect, clocked=clocked),
        gave_up=bindparam("reason", type_=Text()),
    )
    return inserting.returning(HANDLED_EVENTS.c.event_id)


@functools.cache
def _begin_statement(*, clocked: bool) -> Insert:
    """On PostgreSQL, of an array; sorted, so that nobody who does the same is in a circle."""
    each = (
        func.unnest(bindparam("each_event", type_=ARRAY(Id())))
        .table_valued(column("id", Id()), name="each")
        .render_derived()
    )
    group = bindparam("of_group", type_=String())
    now = now_of("postgresql", clocked=clocked)
    rows = select(each.c.id, group, now, null()).order_by(each.c.id)
    columns = ["event_id", "consumer_group", "handled_at", "gave_up"]
    inserting = insert_missing(HANDLED_EVENTS, "postgresql").from_select(columns, rows)
    return inserting.returning(HANDLED_EVENTS.c.event_id)
