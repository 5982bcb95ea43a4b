"""Who is connected, and who may stay."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import suppress
from typing import Final

import anyio

from divan_core.divan import Divan
from divan_core.errors import LimitExceeded, NotAllowed, NotAuthenticated, StoreUnavailable
from divan_core.identity.messages import Identity
from divan_core.kernel.actor import Actor
from divan_core.kernel.clock import Millis
from divan_core.kernel.ids import CampusId, UserId
from divan_rt.feed import Feed
from divan_rt.outlet import Outlet
from divan_rt.quota import EventQuota

MAX_SOCKETS: Final = 32
"""Sockets of one person in one process."""


class Session:
    """One socket in one namespace, and whose it is.

    ``feed`` is the list it listens to; once ``ended``, it must not begin to listen to any.
    """

    def __init__(self, sid: str, eio_sid: str, identity: Identity, outlet: Outlet) -> None:
        """``sid`` names the socket in its namespace, ``eio_sid`` its connection."""
        self.sid = sid
        self.eio_sid = eio_sid
        self.actor: Actor = identity.actor
        self.valid_until: Millis | None = identity.valid_until
        self.outlet = outlet
        self.quota = EventQuota()
        self.feed: Feed | None = None
        self.ended = False


class Sessions:
    """Every session of this process."""

    def __init__(self, divan: Divan) -> None:
        """Ask ``divan`` who may stay."""
        self._divan = divan
        self._sessions: dict[str, Session] = {}
        self._sockets: Counter[UserId] = Counter()

    def __iter__(self) -> Iterator[Session]:
        """All of them, while others come and go."""
        return iter(tuple(self._sessions.values()))

    def get(self, sid: str) -> Session | None:
        """The session with this id."""
        return self._sessions.get(sid)

    def add(self, session: Session) -> None:
        """Let somebody in.

        Raises:
            LimitExceeded: they have too many sockets here.
        """
        user_id = session.actor.user_id
        if self._sockets[user_id] >= MAX_SOCKETS:
            raise LimitExceeded(f"You have {MAX_SOCKETS} sockets open here. Close one first.")
        self._sessions[session.sid] = session
        self._sockets[user_id] += 1

    def remove(self, sid: str) -> Session | None:
        """Forget a session; None where there is none."""
        session = self._sessions.pop(sid, None)
        if session is not None:
            session.ended = True
            user_id = session.actor.user_id
            self._sockets[user_id] -= 1
            if not self._sockets[user_id]:
                del self._sockets[user_id]
        return session

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
