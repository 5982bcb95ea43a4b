"""Who is connected, and who may stay."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from typing import Final

import anyio

from divan_core.divan import Divan
from divan_core.errors import (
    InvalidCredentials,
    LimitExceeded,
    NotAllowed,
    NotAuthenticated,
    StoreUnavailable,
)
from divan_core.identity.messages import Identity
from divan_core.kernel.actor import Actor
from divan_core.kernel.clock import Millis
from divan_core.kernel.ids import CampusId, UserId
from divan_rt.feed import Feed
from divan_rt.outlet import Outlet
from divan_rt.quota import EventQuota
from divan_rt.traffic import Ending, Traffic

MAX_SOCKETS: Final = 32
"""Connections of one person in one process."""


class Connection:
    """One connection, with a session for each namespace that it has joined.

    Its sessions are of one person, and share the way out and the number of events. ``ending`` is
    why it will have ended.
    """

    def __init__(self, eio_sid: str, actor: Actor, outlet: Outlet) -> None:
        """``eio_sid`` names it; ``actor`` is whoever joined the first namespace."""
        self.eio_sid = eio_sid
        self.actor = actor
        self.outlet = outlet
        self.quota = EventQuota()
        self.sessions: dict[str, Session] = {}
        self.ending: Ending = "client"


class Session:
    """One connection in one namespace, and whose it is.

    ``feed`` is the list it listens to; ``listens`` is whether it is to be told of what happens to
    its person. Once ``ended``, it must not begin to listen to anything.
    """

    def __init__(
        self,
        sid: str,
        namespace: str,
        identity: Identity,
        connection: Connection,
        leave: Callable[[Session], None],
    ) -> None:
        """``sid`` names the session in its namespace; ``leave`` ends what it listens to."""
        self.sid = sid
        self.namespace = namespace
        self.connection = connection
        self.actor: Actor = identity.actor
        self.valid_until: Millis | None = identity.valid_until
        self.outlet = connection.outlet
        self.quota = connection.quota
        self.leave = leave
        self.feed: Feed | None = None
        self.listens = False
        self.ended = False


class Sessions:
    """Every session of this process."""

    def __init__(self, divan: Divan, traffic: Traffic) -> None:
        """Ask ``divan`` who may stay, and count in ``traffic`` who comes and goes."""
        self._divan = divan
        self._traffic = traffic
        self._sessions: dict[str, Session] = {}
        self._connections: dict[str, Connection] = {}
        self._sockets: Counter[UserId] = Counter()
        self._listening: dict[tuple[UserId, str], set[Session]] = {}

    def __iter__(self) -> Iterator[Session]:
        """All of them, while others come and go."""
        return iter(tuple(self._sessions.values()))

    @property
    def connections(self) -> Sequence[Connection]:
        """All connections, while others come and go."""
        return tuple(self._connections.values())

    def get(self, sid: str) -> Session | None:
        """The session with this id."""
        return self._sessions.get(sid)

    def connection(self, eio_sid: str) -> Connection | None:
        """The connection of this name, once it has a session."""
        return self._connections.get(eio_sid)

    def add(self, session: Session) -> None:
        """Let somebody in.

        Raises:
            InvalidCredentials: the connection is somebody else's.
            LimitExceeded: they have too many connections here.
        """
        connection, user_id = session.connection, session.actor.user_id
        if connection.actor.user_id != user_id:
            raise InvalidCredentials("A connection is one person's. Open another one.")
        if connection.eio_sid not in self._connections:
            if self._sockets[user_id] >= MAX_SOCKETS:
                raise LimitExceeded(f"You have {MAX_SOCKETS} sockets open here. Close one first.")
            self._connections[connection.eio_sid] = connection
            self._sockets[user_id] += 1
            self._traffic.opened += 1
        self._sessions[session.sid] = session
        connection.sessions[session.sid] = session

    def remove(self, sid: str) -> Session | None:
        """Forget a session; None where there is none."""
        session = self._sessions.pop(sid, None)
        if session is not None:
            session.ended = True
            self._forget_listener(session)
            del session.connection.sessions[sid]
            if not session.connection.sessions:
                self._forget_connection(session.connection)
        return session

    def listen(self, session: Session) -> None:
        """Let a session be told of what happens to its person."""
        if not session.ended:
            session.listens = True
            key = session.actor.user_id, session.namespace
            self._listening.setdefault(key, set()).add(session)

    def listening(self, user_id: UserId, namespace: str) -> Sequence[Session]:
        """The sessions of a person in a namespace that are to be told."""
        return tuple(self._listening.get((user_id, namespace), ()))

    async def unwelcome(self) -> list[Session]:
        """Whose credentials have ended, and who may not be here any more.

        While a store does not answer, whoever is here stays.
        """
        now = self._divan.clock.now()
        gone = await self._turned_away()
        return [
            session
            for session in self
            if session.actor in gone
            or (session.valid_until is not None and session.valid_until <= now)
        ]

    def _forget_listener(self, session: Session) -> None:
        key = session.actor.user_id, session.namespace
        listening = self._listening.get(key, set())
        listening.discard(session)
        if not listening:
            self._listening.pop(key, None)

    def _forget_connection(self, connection: Connection) -> None:
        user_id = connection.actor.user_id
        del self._connections[connection.eio_sid]
        self._traffic.closed[connection.ending] += 1
        self._sockets[user_id] -= 1
        if not self._sockets[user_id]:
            del self._sockets[user_id]

    async def _turned_away(self) -> set[Actor]:
        gone: set[Actor] = set()
        campuses: dict[CampusId, set[Actor]] = {}
        for session in self:
            campuses.setdefault(session.actor.campus_id, set()).add(session.actor)
        async with anyio.create_task_group() as tasks:
            for campus_id, actors in campuses.items():
                tasks.start_soon(self._judge, campus_id, actors, gone)
        return gone

    async def _judge(self, campus_id: CampusId, actors: set[Actor], gone: set[Actor]) -> None:
        with suppress(StoreUnavailable):
            await self._load(campus_id, actors)
            gone.update([actor for actor in actors if not await self._may_stay(actor)])

    async def _load(self, campus_id: CampusId, actors: Iterable[Actor]) -> None:
        """Bring the cache up to date, all in one go."""
        audience = self._divan.audience
        await audience.refresh(campus_id)
        await audience.cards([actor.user_id for actor in actors])

    async def _may_stay(self, actor: Actor) -> bool:
        try:
            await self._divan.accounts.actor(actor.user_id, actor.campus_id)
        except (NotAuthenticated, NotAllowed):
            return False
        return True
