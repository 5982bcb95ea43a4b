"""What consumer groups have handled, in SQL."""

from __future__ import annotations

import functools

from sqlalchemy import String, Text, bindparam
from sqlalchemy.sql.dml import Insert

from divan_core.kernel.clock import Clock
from divan_core.kernel.events import Event
from divan_core.stores.sql.clauses import insert_missing
from divan_core.stores.sql.connection import DialectName, SqlConnection
from divan_core.stores.sql.moments import now_of, present
from divan_core.stores.sql.tables import HANDLED_EVENTS
from divan_core.stores.sql.types import Id


class SqlHandledEvents:
    """Keeps what is handled; see :class:`~divan_core.kernel.events.HandledEvents`."""

    def __init__(self, connection: SqlConnection, clock: Clock | None = None) -> None:
        """Work in the transaction of ``connection``; ``clock`` replaces the database's."""
        self._connection = connection
        self._clock = clock

    async def begin(self, group: str, event: Event) -> bool:
        """Record that the group handles the event; False if it has done so, or given up, before."""
        return await self._record(group, event, None)

    async def give_up(self, group: str, event: Event, reason: str) -> None:
        """Record that the group could not handle the event, unless it has."""
        await self._record(group, event, reason)

    async def _record(self, group: str, event: Event, gave_up: str | None) -> bool:
        statement = _statement(self._connection.dialect, clocked=self._clock is not None)
        row = {"of_event": event.id, "of_group": group, "reason": gave_up}
        done = await self._connection.execute(statement, {**row, **present(self._clock)})
        return done.rowcount > 0


@functools.cache
def _statement(dialect: DialectName, *, clocked: bool) -> Insert:
    return insert_missing(HANDLED_EVENTS, dialect).values(
        event_id=bindparam("of_event", type_=Id()),
        consumer_group=bindparam("of_group", type_=String()),
        handled_at=now_of(dialect, clocked=clocked),
        gave_up=bindparam("reason", type_=Text()),
    )
