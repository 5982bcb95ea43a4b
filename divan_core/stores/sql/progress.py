"""How far a replica has come, by what its primary had written when: pure."""

from __future__ import annotations

from collections import deque
from typing import Final

KEPT: Final = 600
"""So many marks are remembered; one that is farther behind is so far behind that it is no use."""


class Progress:
    """Tells how old what a replica has is, without a clock of either server.

    Everything that was committed before ``at`` lies before the place of a mark, so whoever has
    replayed up to there has all of it, and is as old as the mark.
    """

    def __init__(self) -> None:
        """Know nothing yet."""
        self._marks: deque[tuple[float, int]] = deque(maxlen=KEPT)
        self._reached: float | None = None

    def mark(self, at: float, place: int) -> None:
        """The primary had come to this place of its log at ``at`` (seconds) or later.

        Places that lie farther are of a log that is gone: another server has become the primary.
        """
        while self._marks and self._marks[-1][1] > place:
            self._marks.pop()
        self._marks.append((at, place))

    def reach(self, place: int) -> None:
        """The replica has replayed up to this place."""
        while self._marks and self._marks[0][1] <= place:
            self._reached, _ = self._marks.popleft()

    def age(self, now: float) -> float | None:
        """How many seconds what the replica has is old, at most; None where nothing is known."""
        return None if self._reached is None else now - self._reached
