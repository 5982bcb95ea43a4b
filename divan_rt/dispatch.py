"""From an event to its handler, and from what that answers to an acknowledgement."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final, Generic, TypeVar

import attrs

from divan_core.codec.problems import Problem, crash, problem_of
from divan_core.codec.reader import JsonReader
from divan_core.errors import DivanError, NotFound
from divan_core.kernel.clock import Clock
from divan_core.kernel.ids import Ids
from divan_core.kernel.urgency import Foreground
from divan_rt.audience import Session
from divan_rt.messages import Refused
from divan_rt.packet import Envelope
from divan_rt.traffic import UNKNOWN, Outcome, Traffic

CommandT = TypeVar("CommandT")

_ABSENT: Final = frozenset({b"", b"null"})
_LOG: Final = logging.getLogger("divan.rt")


class Event(Generic[CommandT]):
    """One row of a namespace's table: what an event brings, and what is done with it."""

    def __init__(
        self, command: type[CommandT], perform: Callable[[Session, CommandT], Awaitable[object]]
    ) -> None:
        """``perform`` answers with the acknowledgement."""
        self.command: Final = command
        self.perform: Final = perform
        self._reader = JsonReader(command)

    async def run(self, session: Session, payload: bytes) -> object:
        """Read the command and perform it.

        Raises:
            DivanError: it cannot be read, or is refused.
        """
        given = b"{}" if payload in _ABSENT else payload
        return await self.perform(session, self._reader.read(given))


Table = Mapping[str, Event[Any]]
"""The events of a namespace by their names."""


@attrs.frozen
class Problems:
    """Makes problems of what goes wrong with an event."""

    ids: Ids

    def of(self, fault: Exception, happening: str) -> Problem:
        """The problem for the client; what is a bug goes to the log with all it knows."""
        request_id = str(self.ids.uuid())
        if isinstance(fault, DivanError):
            return problem_of(fault, request_id)
        facts = {"request_id": request_id, "event": happening}
        _LOG.error("unexpected exception", exc_info=fault, extra={"facts": facts})
        return crash(request_id)


@attrs.frozen
class Dispatch:
    """Answers every event of a namespace, and counts them in ``traffic``.

    Workers of the process make way for what is of the ``foreground``.
    """

    namespace: str
    table: Table
    traffic: Traffic
    clock: Clock
    problems: Problems
    foreground: Foreground

    async def answer(self, session: Session, envelope: Envelope) -> object:
        """The acknowledgement of an event."""
        try:
            session.quota.admit(self.clock.now())
            with self.foreground:
                answer = await self._perform(session, envelope)
        except Exception as fault:  # noqa: BLE001 - the last resort: the client is told, the log too
            self._count(envelope, "refused" if isinstance(fault, DivanError) else "failed")
            return Refused(self.problems.of(fault, envelope.name))
        self._count(envelope, "ok")
        return answer

    def _count(self, envelope: Envelope, outcome: Outcome) -> None:
        name = envelope.name if envelope.name in self.table else UNKNOWN
        self.traffic.events[self.namespace, name, outcome] += 1

    async def _perform(self, session: Session, envelope: Envelope) -> object:
        if envelope.fault is not None:
            raise envelope.fault
        event = self.table.get(envelope.name)
        if event is None:
            raise NotFound("There is no such event.")
        return await event.run(session, envelope.payload)
