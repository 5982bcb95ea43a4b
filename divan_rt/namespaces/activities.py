"""``/activities``: games between friends, as they go on."""

from __future__ import annotations

from divan_core.activities.messages import ActivityQuery
from divan_rt.audience import Session
from divan_rt.dispatch import Event, Table
from divan_rt.messages import Done, JoinedActivity
from divan_rt.playing import Playing


class ActivityEvents:
    """What clients may ask for in this namespace."""

    def __init__(self, playing: Playing) -> None:
        """Note in ``playing`` who is to be told of what."""
        self._playing = playing

    def table(self) -> Table:
        """The events by their names."""
        return {
            "activity:join": Event(ActivityQuery, self.join),
            "activity:leave": Event(ActivityQuery, self.leave),
        }

    async def join(self, session: Session, query: ActivityQuery) -> JoinedActivity:
        """Tell a socket everything of an activity of its person; once is as good as twice.

        Raises:
            NotFound: there is no such activity of its person.
        """
        return JoinedActivity(await self._playing.join(session, query.activity_id))

    async def leave(self, session: Session, query: ActivityQuery) -> Done:
        """Tell a socket no more of an activity than how it is; its person still plays."""
        self._playing.quit(session, query.activity_id)
        return Done()
