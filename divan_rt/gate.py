"""Between python-socketio and our sessions: who comes in, what they say, and their end."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

import attrs
import socketio

from divan_core.errors import NotAuthenticated, RateLimited
from divan_core.identity.messages import Identity
from divan_core.kernel.clock import Clock, Millis
from divan_rt.audience import Session, Sessions
from divan_rt.auth import Handshake
from divan_rt.dispatch import Dispatch
from divan_rt.edge import Line
from divan_rt.library import Library, refusal
from divan_rt.messages import Refused
from divan_rt.outlet import Outlet
from divan_rt.packet import ENVELOPE, Envelope

STRANGER_MS: Final = 10_000
"""How long a connection may go without having shown who it is."""


@attrs.frozen
class GateTools:
    """What a gate is built from.

    ``line`` finds a connection's line; ``quit_`` ends what a session listens to.
    """

    library: Library
    line: Callable[[str], Line | None]
    handshake: Handshake
    dispatch: Dispatch
    sessions: Sessions
    clock: Clock
    quit_: Callable[[Session], None]


class Gate(socketio.AsyncNamespace):
    """One namespace."""

    def __init__(self, namespace: str, tools: GateTools) -> None:
        """Let people in and answer them."""
        begin: Any = super().__init__  # it has no types
        begin(namespace)
        self._name = namespace
        self._tools = tools
        self._strangers: dict[str, Millis] = {}

    async def trigger_event(self, event: str, *args: Any) -> object:  # noqa: ANN401 - by event
        """What python-socketio calls; clients reach nothing but the envelope."""
        if event == ENVELOPE:
            return await self._answer(*args)
        if event == "connect":
            await self._connect(*args)
        elif event == "disconnect":
            self._gone(args[0])
        return None

    async def end(self, session: Session, *, now: bool = False) -> None:
        """End a session and its connection; ``now`` does not wait for what was not read yet."""
        line = self._tools.line(session.eio_sid)
        await self._tools.library.disconnect(session.sid, namespace=self._name)
        self._gone(session.sid)
        await self._hang_up(session.eio_sid, line)
        if now and line is not None:
            line.cut()

    async def clear(self) -> None:
        """End connections that stay strangers."""
        tools, sockets = self._tools, self._tools.library.eio.sockets
        known = {session.eio_sid for session in tools.sessions}
        now = tools.clock.now()
        before = self._strangers
        self._strangers = {one: before.get(one, now) for one in sockets if one not in known}
        for eio_sid, since in self._strangers.items():
            if now - since >= STRANGER_MS:
                await self._hang_up(eio_sid, tools.line(eio_sid))

    async def _connect(self, sid: str, _environ: Mapping[str, object], auth: object = None) -> None:
        tools = self._tools
        try:
            identity = await tools.handshake.identity(auth)
            tools.sessions.add(self._session(sid, identity))
        except Exception as fault:  # noqa: BLE001 - refused with a problem, whatever it was
            found = tools.dispatch.problems.of(fault, "connect")
            raise refusal(found.title, found) from None

    def _session(self, sid: str, identity: Identity) -> Session:
        library = self._tools.library
        eio_sid = library.manager.eio_sid_from_sid(sid, self._name)
        socket = None if eio_sid is None else library.eio.sockets.get(eio_sid)
        if eio_sid is None or socket is None or socket.closed:
            raise NotAuthenticated
        return Session(sid, eio_sid, identity, Outlet(socket))

    async def _answer(self, sid: str, envelope: Envelope) -> object:
        tools = self._tools
        session = tools.sessions.get(sid)
        if session is None:
            return Refused(tools.dispatch.problems.of(NotAuthenticated(), envelope.name))
        if session.quota.arrive(tools.clock.now()):
            await self.end(session)
            return Refused(tools.dispatch.problems.of(RateLimited(), envelope.name))
        return await tools.dispatch.answer(session, envelope)

    def _gone(self, sid: str) -> None:
        session = self._tools.sessions.remove(sid)
        if session is not None:
            self._tools.quit_(session)

    async def _hang_up(self, eio_sid: str, line: Line | None) -> None:
        """Close a connection: python-engineio's writer ends at a None, after what is before it."""
        socket = self._tools.library.eio.sockets.pop(eio_sid, None)
        if socket is not None:
            await socket.close(wait=False)
            socket.queue.put_nowait(None)
        if line is not None:
            line.hang_up()
