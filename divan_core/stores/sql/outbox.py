"""The outbox in SQL, as the relay sees it: outside the units that fill it."""

from __future__ import annotations

import math
import time
from collections.abc import Collection, Mapping, Sequence
from typing import Any, Final, Protocol

import msgspec
from sqlalchemy import Executable, Row, Update

from divan_core.kernel.bell import Bell, SharedBells
from divan_core.kernel.clock import Clock
from divan_core.kernel.delivery import GroupsOfTopics, OutboxLag
from divan_core.kernel.events import Event, EventId
from divan_core.kernel.ids import CampusId
from divan_core.kernel.tally import EventTally
from divan_core.stores.sql import outboxstatements as sql
from divan_core.stores.sql.clauses import portions
from divan_core.stores.sql.connection import SqlConnection
from divan_core.stores.sql.engine import SqlEngine
from divan_core.stores.sql.eventdata import read_data
from divan_core.stores.sql.moments import present
from divan_core.stores.sql.types import id_of, millis_of

CARRIES_S: Final = 2.0
"""How long after it has claimed events a process is taken to carry its own: a relay at work looks
every second."""


class Wakeup(Protocol):
    """Tells the other processes on a database that there are new events, and hears of theirs."""

    @property
    def bell(self) -> Bell:
        """Rings when another process has told."""
        ...

    def tell(self) -> None:
        """Tell the others, soon."""
        ...


class SqlOutboxQueue:
    """An :class:`~divan_core.kernel.delivery.OutboxQueue` of statements that stand alone."""

    def __init__(
        self, engine: SqlEngine, clock: Clock | None = None, wakeup: Wakeup | None = None
    ) -> None:
        """Ask ``engine``. ``clock`` replaces the database's; ``wakeup`` knows other processes."""
        self._engine = engine
        self._clock = clock
        self._wakeup = wakeup
        self._bell = wakeup.bell if wakeup else Bell()
        self._bells = SharedBells()
        self._tally = EventTally()
        self._claimed_at = -math.inf

    @property
    def bell(self) -> Bell:
        """See the port."""
        return self._bell

    def bell_of(self, topics: Collection[str]) -> Bell:
        """See the port."""
        return self._bells.of(topics)

    @property
    def tally(self) -> EventTally:
        """See the port."""
        return self._tally

    def recorded(self, events: Sequence[Event]) -> None:
        """Say that a unit has recorded events; to be called after its commit.

        Other processes are told where no relay of this one carries them: theirs would come for
        little more than to find them gone.
        """
        self._tally.add(events)
        self._bell.ring()
        self._bells.ring({event.topic for event in events})
        if self._wakeup and time.monotonic() - self._claimed_at > CARRIES_S:
            self._wakeup.tell()

    async def claim(self, owner: str, most: int, lease_ms: int) -> Sequence[Event]:
        """See the port."""
        statement = sql.claim_statement(self._engine.dialect, clocked=self._clocked)
        wish = {"to_owner": owner, "most": most, "lease_ms": lease_ms, **present(self._clock)}

        async def body(connection: SqlConnection) -> Sequence[Sequence[Any]]:
            return await connection.rows(statement, wish)

        rows = await self._engine.change(body)
        self._claimed_at = time.monotonic()
        return [_event(row) for row in sorted(rows, key=_position)]

    async def published(self, owner: str, events: Collection[EventId]) -> None:
        """See the port. A lease that ran out is lost once somebody else has claimed the event."""
        statement = sql.published_statement(self._engine.dialect, clocked=self._clocked)
        await self._end(statement, {"of_owner": owner, **present(self._clock)}, events)

    async def release(self, owner: str, events: Collection[EventId]) -> None:
        """See the port."""
        statement = sql.release_statement(self._engine.dialect)
        await self._end(statement, {"of_owner": owner}, events)

    async def republish(
        self, groups: GroupsOfTopics, campuses: Collection[CampusId] | None = None
    ) -> int:
        """See the port."""
        return await self._count(sql.republish_statement(groups, campuses), {})

    async def retry(self, topic: str | None = None) -> int:
        """See the port."""
        again, forgive = sql.retry_statement(topic), sql.forgive_statement(topic)
        if self._engine.dialect == "postgresql":
            return await self._count(again.add_cte(forgive.cte("forgiven")), {})

        async def body(connection: SqlConnection) -> int:
            count = (await connection.execute(again)).rowcount
            await connection.execute(forgive)
            return count

        return await self._engine.change(body)

    async def settle(self, groups: GroupsOfTopics, keep_ms: int, most: int) -> int:
        """See the port."""
        statement = sql.settle_statement(groups, self._engine.dialect, clocked=self._clocked)
        return await self._count(statement, self._over(keep_ms, most))

    async def forget_handled(self, keep_ms: int, most: int) -> int:
        """See the port."""
        statement = sql.forget_statement(self._engine.dialect, clocked=self._clocked)
        return await self._count(statement, self._over(keep_ms, most))

    async def lag(self, groups: GroupsOfTopics, latest: int | None = None) -> OutboxLag:
        """See the port."""
        dialect = self._engine.dialect
        statement = sql.lag_statement(groups, dialect, latest, clocked=self._clocked)

        async def body(connection: SqlConnection) -> Row[Any]:
            return (await connection.execute(statement, present(self._clock))).one()

        row = await self._engine.ask(body)
        oldest_ms = None if row.oldest is None else max(0, row.present - row.oldest)
        return OutboxLag(row.waiting, oldest_ms, row.unsettled, row.given_up)

    @property
    def _clocked(self) -> bool:
        return self._clock is not None

    def _over(self, keep_ms: int, most: int) -> Mapping[str, Any]:
        return {"since_ms": -keep_ms, "most": most, **present(self._clock)}

    async def _end(
        self, statement: Update, wish: Mapping[str, Any], events: Collection[EventId]
    ) -> None:
        async def body(connection: SqlConnection) -> None:
            for portion in portions(list(events)):
                given = {**wish, "among": portion}
                if connection.dialect == "postgresql":
                    await connection.rows(statement, given)
                else:
                    await connection.execute(statement, given)

        await self._engine.change(body)

    async def _count(self, statement: Executable, parameters: Mapping[str, Any]) -> int:
        """How many rows the statement changed."""

        async def body(connection: SqlConnection) -> int:
            return (await connection.execute(statement, parameters)).rowcount

        return await self._engine.change(body)


def _position(row: Sequence[Any]) -> int:
    position: int = row[0]
    return position


def _event(row: Sequence[Any]) -> Event:
    """An event of a row as the driver has it; its data are JSON, or what was made of it."""
    _position, event_id, topic, name, campus_id, aggregate, at, data = row
    return Event(
        id=EventId(id_of(event_id)),
        topic=topic,
        name=name,
        campus_id=CampusId(id_of(campus_id)),
        aggregate=aggregate,
        at=millis_of(at),
        **read_data(_decode(data) if isinstance(data, str) else data),
    )


_decode: Final = msgspec.json.Decoder(dict[str, Any]).decode
