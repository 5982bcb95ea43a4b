"""``/mod``: the queue of cases, as it changes. For staff."""

from __future__ import annotations

from divan_rt.audience import Session
from divan_rt.dispatch import Event, Table
from divan_rt.messages import QueueWatched, WatchQueue
from divan_rt.watch import Watch


class ModEvents:
    """What clients may ask for in this namespace."""

    def __init__(self, watch: Watch) -> None:
        """Note in ``watch`` who is to be told."""
        self._watch = watch

    def table(self) -> Table:
        """The events by their names."""
        return {"queue:watch": Event(WatchQueue, self.watch)}

    async def watch(self, session: Session, _command: WatchQueue) -> QueueWatched:
        """Tell a socket from now on what happens to cases; once is as good as twice.

        Raises:
            NotAllowed, NotAuthenticated: its person is not of the staff any more.
        """
        return QueueWatched(await self._watch.listen(session))
