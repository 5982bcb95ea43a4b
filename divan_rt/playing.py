"""Players' sockets: what happens in their activities, told to each as they may see it."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Final

from divan_core.activities.messages import UPDATE, ActivityId, ActivityQuery, ActivityView
from divan_core.activities.telling import Happening
from divan_core.divan import Divan
from divan_core.errors import DivanError, StoreUnavailable
from divan_core.kernel.notices import NoticesLost, PersonNotice
from divan_rt.audience import Session, Sessions
from divan_rt.packet import ACTIVITIES, event
from divan_rt.telling import Teller

MOST_JOINED: Final = 64
"""How many activities one socket is told all of; beyond, the one it joined first is left."""

_LOG: Final = logging.getLogger("divan.rt")


class Playing:
    """The sessions of this process that are in ``/activities``.

    Each is told how the activities of its person are now, whenever one has changed, so that whoever
    is asked for a game learns of it; and of those that it has joined, everything. Whether they may
    know of it is decided anew for each notice.
    """

    def __init__(self, divan: Divan, sessions: Sessions, teller: Teller) -> None:
        """Read through ``divan``; ``teller`` tells of what may have been missed."""
        self._activities = divan.activities
        self._clock = divan.clock
        self._sessions = sessions
        self._teller = teller
        self._joined: dict[Session, dict[ActivityId, None]] = {}

    async def enter(self, session: Session, _auth: object) -> None:
        """Tell a session from now on."""
        self._sessions.listen(session)

    def leave(self, session: Session) -> None:
        """Forget a session."""
        self._joined.pop(session, None)

    async def join(self, session: Session, activity_id: ActivityId) -> ActivityView:
        """Tell a session everything of an activity; how it is now.

        It is read last, so that nothing is missing between it and what is told.

        Raises:
            NotFound: there is no such activity of its person.
        """
        joined = self._joined.setdefault(session, {})
        joined[activity_id] = None
        while len(joined) > MOST_JOINED:
            del joined[next(iter(joined))]
        try:
            return await self._activities.get(session.actor, ActivityQuery(activity_id))
        except DivanError:
            self.quit(session, activity_id)
            raise
        finally:
            if session.ended:
                self.leave(session)

    def quit(self, session: Session, activity_id: ActivityId) -> None:
        """Tell a session no more of an activity than how it is."""
        self._joined.get(session, {}).pop(activity_id, None)

    async def hear(self, notice: PersonNotice | NoticesLost) -> None:
        """Pass a notice on to the sockets of its person that are here, if any."""
        if isinstance(notice, NoticesLost) or f"/{notice.topic}" != ACTIVITIES:
            return
        if not self._listening(notice):
            return
        try:
            shown = await self._activities.shown(notice)
        except StoreUnavailable:
            self._teller.reload(self._listening(notice))
        except Exception:  # noqa: BLE001 - one notice's bug must not end all telling
            _LOG.exception("a notice of an activity could not be shown")
            self._teller.reload(self._listening(notice))
        else:
            self._tell(self._listening(notice), shown)

    def _tell(self, sessions: Sequence[Session], shown: Sequence[Happening]) -> None:
        now = self._clock.now()
        for one in shown:
            packet = event(ACTIVITIES, one.name, one.view)
            for session in sessions:
                if one.name == UPDATE or one.activity_id in self._joined.get(session, ()):
                    session.outlet.update(packet, now)

    def _listening(self, notice: PersonNotice) -> Sequence[Session]:
        found = self._sessions.listening(notice.user_id, ACTIVITIES)
        return [one for one in found if one.actor.campus_id == notice.campus_id]
