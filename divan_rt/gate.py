"""Between python-socketio and our sessions: who comes in, what they say, and their end."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final

import attrs
import socketio

from divan_core.errors import NotAuthenticated, RateLimited
from divan_core.identity.messages import Identity
from divan_core.kernel.clock import Clock, Millis
from divan_rt.audience import Connection, Session, Sessions
from divan_rt.auth import Handshake
from divan_rt.dispatch import Dispatch
from divan_rt.edge import Line
from divan_rt.library import Library, refusal
from divan_rt.messages import Refused
from divan_rt.outlet import Outlet
from divan_rt.packet import ENVELOPE, Envelope
from divan_rt.traffic import Traffic

STRANGER_MS: Final = 10_000
"""How long a connection may go without having shown who it is."""


@attrs.frozen
class Hall:
    """What the gates of all namespaces share: the connections, and their ends.

    ``line`` finds a connection's line.
    """

    library: Library
    line: Callable[[str], Line | None]
    handshake: Handshake
    sessions: Sessions
    clock: Clock
    traffic: Traffic
    strangers: dict[str, Millis] = attrs.field(factory=dict, init=False)

    async def end(self, connection: Connection, *, now: bool = False) -> None:
        """End a connection in every namespace; ``now`` does not wait for what was not read yet."""
        eio_sid = connection.eio_sid
        line = self.line(eio_sid)
        if connection.ending == "client":
            connection.ending = "server"
        for session in tuple(connection.sessions.values()):
            await self.library.disconnect(session.sid, namespace=session.namespace)
            self.gone(session.sid)
        await self._hang_up(eio_sid, line)
        if now and line is not None:
            line.cut()

    def gone(self, sid: str) -> None:
        """Forget a session, if it is known, and what it listens to."""
        session = self.sessions.remove(sid)
        if session is not None:
            session.leave(session)

    async def put_out(self, session: Session) -> None:
        """End one session; the others of its connection go on."""
        await self.library.disconnect(session.sid, namespace=session.namespace)
        self.gone(session.sid)

    async def clear(self) -> None:
        """End connections that stay strangers."""
        now, before = self.clock.now(), dict(self.strangers)
        self.strangers.clear()
        for eio_sid in tuple(self.library.eio.sockets):
            if self.sessions.connection(eio_sid) is None:
                self.strangers[eio_sid] = before.get(eio_sid, now)
        for eio_sid, since in tuple(self.strangers.items()):
            if now - since >= STRANGER_MS:
                await self._hang_up(eio_sid, self.line(eio_sid))

    async def _hang_up(self, eio_sid: str, line: Line | None) -> None:
        """Close a connection: python-engineio's writer ends at a None, after what is before it."""
        socket = self.library.eio.sockets.pop(eio_sid, None)
        if socket is not None:
            await socket.close(wait=False)
            socket.queue.put_nowait(None)
        if line is not None:
            line.hang_up()


async def _nothing(_session: Session, _auth: object) -> None:
    """Begin nothing."""


@attrs.frozen
class Behind:
    """What lies behind a gate: ``enter`` begins what a session listens to, ``leave`` ends it.

    ``enter`` is given what the client connected with, and may refuse it.
    """

    leave: Callable[[Session], None]
    enter: Callable[[Session, object], Awaitable[None]] = _nothing


class Gate(socketio.AsyncNamespace):
    """One namespace."""

    def __init__(self, namespace: str, hall: Hall, dispatch: Dispatch, behind: Behind) -> None:
        """Let people in and answer them; ``behind`` begins and ends what a session listens to."""
        begin: Any = super().__init__  # it has no types
        begin(namespace)
        self._name = namespace
        self._hall = hall
        self._dispatch = dispatch
        self._behind = behind

    async def trigger_event(self, event: str, *args: Any) -> object:  # noqa: ANN401 - by event
        """What python-socketio calls; clients reach nothing but the envelope."""
        if event == ENVELOPE:
            return await self._answer(*args)
        if event == "connect":
            await self._connect(*args)
        elif event == "disconnect":
            self._hall.gone(args[0])
        return None

    async def _connect(self, sid: str, _environ: Mapping[str, object], auth: object = None) -> None:
        hall = self._hall
        try:
            identity = await hall.handshake.identity(auth)
            session = self._session(sid, identity)
            hall.sessions.add(session)
            await self._behind.enter(session, auth)
        except Exception as fault:  # noqa: BLE001 - refused with a problem, whatever it was
            hall.gone(sid)
            found = self._dispatch.problems.of(fault, "connect")
            raise refusal(found.title, found) from None

    def _session(self, sid: str, identity: Identity) -> Session:
        hall = self._hall
        eio_sid = hall.library.manager.eio_sid_from_sid(sid, self._name)
        socket = None if eio_sid is None else hall.library.eio.sockets.get(eio_sid)
        if eio_sid is None or socket is None or socket.closed:
            raise NotAuthenticated
        connection = hall.sessions.connection(eio_sid)
        if connection is None:
            outlet = Outlet(socket, hall.traffic)
            connection = Connection(eio_sid, identity.actor, outlet)
        return Session(sid, self._name, identity, connection, self._behind.leave)

    async def _answer(self, sid: str, envelope: Envelope) -> object:
        hall, problems = self._hall, self._dispatch.problems
        session = hall.sessions.get(sid)
        if session is None:
            return Refused(problems.of(NotAuthenticated(), envelope.name))
        if session.quota.arrive(hall.clock.now()):
            await hall.end(session.connection)
            return Refused(problems.of(RateLimited(), envelope.name))
        return await self._dispatch.answer(session, envelope)
