"""Staff who watch the queue: what happens to cases, told to those who may see them at that moment.

A notice says that something happened to a case. The case is read once for all who watch here, and
each of them shows their credentials anew before they are told: whoever has lost the role, the
campus or the token hears nothing from then on, and is put out on the next beat.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Final
from uuid import UUID

import anyio
import attrs
import msgspec

from divan_core.divan import Divan
from divan_core.errors import NotAllowed, NotAuthenticated, Unavailable
from divan_core.kernel.actor import Actor
from divan_core.kernel.ids import CampusId
from divan_core.kernel.notices import NoticesLost, PersonNotice
from divan_core.moderation import watching
from divan_rt.audience import Session, Sessions
from divan_rt.auth import Handshake
from divan_rt.messages import CaseChanged
from divan_rt.packet import MOD, event
from divan_rt.telling import reload_packet

MOST_DUE: Final = 200
"""So many changes are told one by one; of more at once, that there were many."""

_NAMES: Final = frozenset({watching.CASE_NEW, watching.CASE_UPDATE})
_LOG: Final = logging.getLogger("divan.rt")


@attrs.frozen
class Due:
    """A change that is to be told; ``name`` is the event's."""

    name: str
    case_id: UUID
    change: str


class Watch:
    """The sessions of this process that are in ``/mod``."""

    def __init__(self, divan: Divan, sessions: Sessions, handshake: Handshake) -> None:
        """Read through ``divan``, and ask ``handshake`` again who it is that listens."""
        self._watching = divan.watching
        self._audience = divan.audience
        self._clock = divan.clock
        self._sessions = sessions
        self._handshake = handshake
        self._credentials: dict[Session, object] = {}
        self._due: list[Due] = []
        self._wake = anyio.Event()

    async def enter(self, session: Session, auth: object) -> None:
        """Let a member of staff in, who connected with ``auth``.

        Raises:
            NotAllowed: they are none.
        """
        self._watching.scope(session.actor)
        self._credentials[session] = auth

    def leave(self, session: Session) -> None:
        """Forget a session and its credentials."""
        self._credentials.pop(session, None)

    async def listen(self, session: Session) -> CampusId | None:
        """Tell a session from now on; the campus whose cases it is told of, None for all.

        Raises:
            NotAllowed, NotAuthenticated: its person is not of the staff any more.
        """
        identity = await self._handshake.identity(self._credentials.get(session))
        scope = self._watching.scope(identity.actor)
        self._sessions.listen(session)
        return scope

    def hear(self, notice: PersonNotice | NoticesLost) -> None:
        """Note what is to be told; what this version does not know is passed over."""
        if isinstance(notice, NoticesLost) or f"/{notice.topic}" != MOD or not self._credentials:
            return
        try:
            due = msgspec.convert({"name": notice.name, **notice.data}, Due)
        except msgspec.ValidationError:
            return
        if due.name in _NAMES and len(self._due) <= MOST_DUE:  # there are many already
            self._due.append(due)
            self._wake.set()

    async def run(self) -> None:
        """Tell what is due until cancelled; what comes meanwhile is told together."""
        while True:
            await self._wake.wait()
            self._wake = anyio.Event()
            due, self._due = self._due, []
            try:
                await self._tell(due)
            except Unavailable:
                self._reload()
            except Exception:  # noqa: BLE001 - one change's bug must not end all telling
                _LOG.exception("changes of cases could not be told")
                self._reload()

    async def unwelcome(self) -> list[Session]:
        """Who is not of the staff any more. While a store is away nobody is told, and all stay."""
        before = tuple(self._credentials)
        try:
            present = await self._present()
        except Unavailable:
            return []
        return [one for one in before if one not in present]

    async def _tell(self, due: Sequence[Due]) -> None:
        present = {one: who for one, who in (await self._present()).items() if one.listens}
        if not present:
            return
        if len(due) > MOST_DUE:
            self._reload()
            return
        found = await self._watching.cases({one.case_id for one in due})
        now = self._clock.now()
        for one in due:
            watched = found.get(one.case_id)
            if watched is None:
                continue
            packet = event(MOD, one.name, CaseChanged(one.change, watched.view))
            for session, actor in present.items():
                if watched.shown_to(actor):
                    session.outlet.update(packet, now)

    async def _present(self) -> dict[Session, Actor]:
        """Who is of the staff at this moment, by the credentials that they connected with.

        Raises:
            Unavailable: it cannot be found out.
        """
        known = tuple(self._credentials.items())
        for campus_id in {session.actor.campus_id for session, _ in known}:
            await self._audience.refresh(campus_id)
        found = dict[Session, Actor]()
        for session, auth in known:
            try:
                actor = (await self._handshake.identity(auth)).actor
                self._watching.scope(actor)
            except (NotAllowed, NotAuthenticated):
                continue
            found[session] = actor
        return found

    def _reload(self) -> None:
        """Tell those who listen that they may have missed something, and nothing of what."""
        now, packet = self._clock.now(), reload_packet(MOD)
        for session in tuple(self._credentials):
            if session.listens:
                session.outlet.update(packet, now)
