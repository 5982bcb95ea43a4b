"""``/social``: invites and friendships, as they change."""

from __future__ import annotations

from divan_rt.audience import Session, Sessions
from divan_rt.dispatch import Event, Table
from divan_rt.messages import Done, SubscribeSelf


class SocialEvents:
    """What clients may ask for in this namespace."""

    def __init__(self, sessions: Sessions) -> None:
        """Note in ``sessions`` who is to be told."""
        self._sessions = sessions

    def table(self) -> Table:
        """The events by their names."""
        return {"subscribe:self": Event(SubscribeSelf, self.subscribe)}

    async def subscribe(self, session: Session, _command: SubscribeSelf) -> Done:
        """Tell a socket from now on what happens to its person; once is as good as twice."""
        self._sessions.listen(session)
        return Done()
