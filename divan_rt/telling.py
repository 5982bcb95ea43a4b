"""From notices to the sockets of their person, in whichever namespace they are for."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import Final, TypeAlias

from divan_core.errors import StoreUnavailable
from divan_core.kernel.clock import Clock
from divan_core.kernel.notices import NoticesLost, PersonNotice
from divan_rt.audience import Session, Sessions
from divan_rt.library import EnginePacket
from divan_rt.messages import Reload
from divan_rt.packet import event

Views: TypeAlias = Mapping[str, Callable[[PersonNotice], Awaitable[object]]]
"""By namespace: what a notice shows its person now, None for nothing."""

_LOG: Final = logging.getLogger("divan.rt")


class Teller:
    """Tells sockets what happened to their person, decided afresh for each notice.

    Where some may have missed a notice they are told to reload (``social:reload``): lists are the
    truth, and notices only save asking for them.
    """

    def __init__(self, sessions: Sessions, views: Views, clock: Clock) -> None:
        """Tell those of ``sessions`` who listen."""
        self._sessions = sessions
        self._views = views
        self._clock = clock

    async def hear(self, notice: PersonNotice | NoticesLost) -> None:
        """Pass a notice on to the sockets of its person that are here, if any."""
        if isinstance(notice, NoticesLost):
            self.reload(self._sessions)
            return
        namespace = f"/{notice.topic}"
        if namespace not in self._views or not self._listening(notice, namespace):
            return
        try:
            view = await self._views[namespace](notice)
        except StoreUnavailable:
            self.reload(self._listening(notice, namespace))
        except Exception:  # noqa: BLE001 - one notice's bug must not end all telling
            _LOG.exception("a notice could not be shown")
            self.reload(self._listening(notice, namespace))
        else:
            if view is not None:
                self._send(self._listening(notice, namespace), event(namespace, notice.name, view))

    def reload(self, sessions: Iterable[Session]) -> None:
        """Tell those of these sessions who listen that they may have missed something."""
        for session in sessions:
            if session.listens:
                self._send((session,), reload_packet(session.namespace))

    def _listening(self, notice: PersonNotice, namespace: str) -> list[Session]:
        found = self._sessions.listening(notice.user_id, namespace)
        return [one for one in found if one.actor.campus_id == notice.campus_id]

    def _send(self, sessions: Iterable[Session], packet: EnginePacket) -> None:
        now = self._clock.now()
        for session in sessions:
            session.outlet.update(packet, now)


def reload_packet(namespace: str) -> EnginePacket:
    """What a socket is sent that may have missed something."""
    return event(namespace, f"{namespace.removeprefix('/')}:reload", Reload())
