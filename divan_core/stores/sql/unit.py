"""Units of work in SQL."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from functools import cached_property, partial
from typing import TYPE_CHECKING, TypeVar

from divan_core.chat.model import ConversationId
from divan_core.errors import Unavailable
from divan_core.kernel.clock import Clock
from divan_core.kernel.events import Event
from divan_core.stores.past import of_past
from divan_core.stores.sql.accounts import SqlCampuses, SqlPeople
from divan_core.stores.sql.actions import SqlActions
from divan_core.stores.sql.activities import SqlActivities
from divan_core.stores.sql.appeals import SqlAppeals
from divan_core.stores.sql.audit import SqlAudit
from divan_core.stores.sql.auth import SqlLogins, SqlRegistrations, SqlSessions
from divan_core.stores.sql.cases import SqlCases
from divan_core.stores.sql.catalogue import Catalogue, OptionalTables, Run
from divan_core.stores.sql.connection import SqlConnection
from divan_core.stores.sql.decisions import SqlDecisions
from divan_core.stores.sql.deeds import SqlDeeds
from divan_core.stores.sql.engine import SqlEngine
from divan_core.stores.sql.erasures import SqlErasures
from divan_core.stores.sql.faults import HandledBefore
from divan_core.stores.sql.foresight import Foresight
from divan_core.stores.sql.handled import SqlHandledEvents
from divan_core.stores.sql.hopes import Hopes
from divan_core.stores.sql.invites import SqlInvites
from divan_core.stores.sql.keys import SqlKeys
from divan_core.stores.sql.locks import SqlLocks
from divan_core.stores.sql.lone import Lone, LoneConnection, SupposedWrongly
from divan_core.stores.sql.messages import SqlMessages
from divan_core.stores.sql.pending import Pending
from divan_core.stores.sql.policies import SqlPolicies
from divan_core.stores.sql.restrictions import SqlRestrictions
from divan_core.stores.sql.rooms import SqlRooms
from divan_core.stores.sql.scores import SqlScores
from divan_core.stores.sql.social import SqlRelations
from divan_core.stores.sql.trust import SqlTrust

if TYPE_CHECKING:
    from divan_core.stores.sql.replica import Replica  # its driver is an extra

ResultT = TypeVar("ResultT")


class SqlUnit:
    """The repositories of one transaction."""

    def __init__(
        self,
        connection: SqlConnection,
        tables: OptionalTables,
        clock: Clock | None = None,
        suppose: Foresight | Lone | None = None,
        *,
        hopeful: bool = False,
    ) -> None:
        """Work in the transaction of ``connection``; ``clock`` replaces that of the database.

        What is given out is remembered by what it can ``suppose`` later, or supposed now. A
        ``hopeful`` unit takes events for new, see ``Hopes``.
        """
        self._connection = connection
        self._tables = tables
        self._clock = clock
        self._suppose = suppose
        self._lone = suppose if isinstance(suppose, Lone) else None
        self._pending = Pending(clock)
        self._hopeful = hopeful

    @property
    def locks(self) -> SqlLocks:
        """Names that one unit at a time can hold."""
        return SqlLocks(self._connection)

    @property
    def campuses(self) -> SqlCampuses:
        """Campuses."""
        return SqlCampuses(self._connection)

    @property
    def people(self) -> SqlPeople:
        """People."""
        return SqlPeople(self._connection, self._tables)

    @property
    def relations(self) -> SqlRelations:
        """Friendships and blocks."""
        return SqlRelations(self._connection)

    @property
    def invites(self) -> SqlInvites:
        """Invites."""
        return SqlInvites(self._connection)

    @property
    def logins(self) -> SqlLogins:
        """How people sign in."""
        return SqlLogins(self._connection)

    @property
    def registrations(self) -> SqlRegistrations:
        """Who waits to be verified."""
        return SqlRegistrations(self._connection)

    @property
    def sessions(self) -> SqlSessions:
        """Who is signed in."""
        return SqlSessions(self._connection)

    @property
    def erasures(self) -> SqlErasures:
        """How far erasures have come."""
        return SqlErasures(self._connection)

    @property
    def messages(self) -> SqlMessages:
        """Conversations and their messages."""
        return SqlMessages(self._connection, self._suppose)

    @property
    def rooms(self) -> SqlRooms:
        """Rooms, and who is in them."""
        return SqlRooms(self._connection)

    @property
    def activities(self) -> SqlActivities:
        """Games between two people."""
        return SqlActivities(self._connection)

    @property
    def audit(self) -> SqlAudit:
        """What is on record."""
        return SqlAudit(self._connection, exists=self._tables.desk)

    @property
    def actions(self) -> SqlActions:
        """What was done about cases."""
        return SqlActions(self._connection, exists=self._tables.desk)

    @property
    def appeals(self) -> SqlAppeals:
        """Appeals."""
        return SqlAppeals(self._connection, exists=self._tables.appeals)

    @property
    def cases(self) -> SqlCases:
        """Cases, and the reports that they gather."""
        return SqlCases(self._connection, exists=self._tables.desk)

    @property
    def restrictions(self) -> SqlRestrictions:
        """Who is restricted to what."""
        return SqlRestrictions(self._connection, self._tables)

    @property
    def policies(self) -> SqlPolicies:
        """Policies of moderation."""
        return SqlPolicies(self._connection, self._tables)

    @property
    def decisions(self) -> SqlDecisions:
        """What was decided by machine."""
        return SqlDecisions(self._connection, self._tables)

    @property
    def trust(self) -> SqlTrust:
        """How much people are trusted."""
        return SqlTrust(self._connection, self._tables)

    @property
    def deeds(self) -> SqlDeeds:
        """What counts on leaderboards."""
        return SqlDeeds(self._connection)

    @property
    def scores(self) -> SqlScores:
        """Leaderboards."""
        return SqlScores(self._connection)

    @cached_property
    def keys(self) -> SqlKeys:
        """Idempotency keys; an answer is written at the end of the unit."""
        return SqlKeys(self._connection, self._clock, self._pending, self._lone)

    @property
    def outbox(self) -> Pending:
        """The events of this unit, written at its end."""
        return self._pending

    @property
    def handled(self) -> SqlHandledEvents:
        """What consumer groups have handled."""
        suppose = self._pending.suppose if self._hopeful else None
        return SqlHandledEvents(self._connection, self._clock, suppose)

    @property
    def supposes(self) -> bool:
        """Whether events are taken for new in it."""
        return self._pending.supposes

    async def end(self) -> None:
        """Write what was kept for the end."""
        if self._lone is not None:
            self._lone.conclude(self._pending)
        else:
            await self._pending.flush(self._connection)
            await self._connection.catch_up()


class SqlUnits:
    """Runs units of work as ``kernel/units.py`` promises, on either database."""

    def __init__(
        self,
        engine: SqlEngine,
        catalogue: Catalogue,
        recorded: Callable[[Sequence[Event]], object],
        clock: Clock | None = None,
        replica: Replica | None = None,
    ) -> None:
        """Run on ``engine``, with the optional tables that ``catalogue`` knows of.

        ``recorded`` is told what a unit may have committed. ``clock`` replaces that of
        the database. Where there is a ``replica``, the past is read there.
        """
        self._engine = engine
        self._past: Run = engine.read if replica is None else replica.read
        self._catalogue = catalogue
        self._recorded = recorded
        self._clock = clock
        self._foresight = Foresight()
        self._hopes = Hopes(engine.dialect)

    async def write(
        self,
        body: Callable[[SqlUnit], Awaitable[ResultT]],
        *,
        locking: bool = False,
        brief: bool = False,
    ) -> ResultT:
        """Run ``body`` in one transaction and return what it returns once that is durable."""
        tables = self._catalogue.known
        if brief and tables is not None and self._engine.dialect == "postgresql":
            try:
                return await self._supposed(body, tables)
            except SupposedWrongly as wrong:
                talk = wrong.talk
            if talk is not None and not self._foresight.is_contested(talk):
                return await self._in_turn(talk, body, tables, locking=locking)
        return await self._written(body, locking=locking)

    async def _in_turn(
        self,
        talk: ConversationId,
        body: Callable[[SqlUnit], Awaitable[ResultT]],
        tables: OptionalTables,
        *,
        locking: bool,
    ) -> ResultT:
        """Run ``body`` alone among those who write to a conversation, and suppose nothing of it.

        But whoever had to wait for others may know by them what to suppose. Where other processes
        write as well, the database is where to wait.
        """
        foresight = self._foresight
        async with foresight.turn(talk) as waited:
            if waited and not foresight.is_contested(talk):
                with suppress(SupposedWrongly):
                    return await self._supposed(body, tables)
            if not foresight.is_contested(talk):
                foresight.goes_openly(talk)
                return await self._written(body, locking=locking)
        return await self._written(body, locking=locking)

    async def _written(
        self, body: Callable[[SqlUnit], Awaitable[ResultT]], *, locking: bool
    ) -> ResultT:
        if self._hopes.are_up:
            try:
                return await self._kept(body, locking=locking, hopeful=True)
            except HandledBefore:
                self._hopes.were_wrong()
        return await self._kept(body, locking=locking, hopeful=False)

    async def _kept(
        self, body: Callable[[SqlUnit], Awaitable[ResultT]], *, locking: bool, hopeful: bool
    ) -> ResultT:
        """Run ``body`` in one transaction.

        Raises:
            HandledBefore: it hoped, and may have done so in vain.
        """
        events: Sequence[Event] = ()

        async def whole(connection: SqlConnection, tables: OptionalTables) -> ResultT:
            nonlocal events
            events = ()
            unit = SqlUnit(connection, tables, self._clock, self._foresight, hopeful=hopeful)
            try:
                result = await _to_the_end(unit, body)
            except Unavailable:
                raise
            except Exception as fault:
                if unit.supposes:  # to an event that was handled before, the world is another one
                    raise HandledBefore from fault
                raise
            events = unit.outbox.events
            return result

        try:
            run = partial(self._engine.write, locking=locking)
            return await self._catalogue.run(run, whole)
        finally:  # it may be committed, too, where nobody could wait for it or learn of it
            if events:
                self._recorded(events)

    async def _supposed(
        self, body: Callable[[SqlUnit], Awaitable[ResultT]], tables: OptionalTables
    ) -> ResultT:
        """Run ``body`` as one statement.

        Raises:
            SupposedWrongly: it has to be run in the ordinary way.
        """
        lone: Lone | None = None
        events: Sequence[Event] = ()
        kept = False

        async def whole(connection: LoneConnection) -> ResultT:
            nonlocal lone, events
            lone = Lone(connection, self._foresight, self._clock)
            unit = SqlUnit(connection, tables, self._clock, lone)
            result = await _to_the_end(unit, body)
            events = unit.outbox.events
            return result

        try:
            result = await self._engine.suppose(whole)
            kept = True
        except SupposedWrongly as fault:
            events = ()
            raise SupposedWrongly(None if lone is None else lone.talk) from fault
        finally:  # as of any other unit
            if lone is not None:
                lone.end(kept=kept)
            if events:
                self._recorded(events)
        return result

    async def read(self, body: Callable[[SqlUnit], Awaitable[ResultT]]) -> ResultT:
        """Run ``body`` on one consistent snapshot; what it writes is an error."""
        return await self._catalogue.run(
            self._engine.read,
            lambda connection, tables: _to_the_end(SqlUnit(connection, tables, self._clock), body),
        )

    async def look(self, body: Callable[[SqlUnit], Awaitable[ResultT]]) -> ResultT:
        """Run ``body``, which only reads, without a transaction."""
        return await self._catalogue.run(
            self._engine.look,
            lambda connection, tables: _to_the_end(SqlUnit(connection, tables, self._clock), body),
        )

    async def past(self, body: Callable[[SqlUnit], Awaitable[ResultT]]) -> ResultT:
        """Run ``body`` on what may be read as it was."""
        narrow = of_past(body)
        return await self._catalogue.run(
            self._past,
            lambda connection, tables: _to_the_end(
                SqlUnit(connection, tables, self._clock), narrow
            ),
        )


async def _to_the_end(unit: SqlUnit, body: Callable[[SqlUnit], Awaitable[ResultT]]) -> ResultT:
    """Run a body, and write what it has left for the end; a reading unit is refused that."""
    result = await body(unit)
    await unit.end()
    return result
