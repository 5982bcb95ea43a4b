"""Filling the index of people, and making it anew."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from divan_core.discovery.ports import IndexState, PeopleIndexUpkeep, Reindexed
from divan_core.kernel.ids import UserId

PORTION: Final = 500
"""People who are indexed in one unit."""

Progress = Callable[[int, int, UserId | None], object]
"""Told after each portion how many people were looked at, of about how many, and the last one."""


def _nobody_listens(_done: int, _total: int, _last: UserId | None) -> None:
    """Tell nobody."""


class IndexUpkeep:
    """Looks after the index by which people are found."""

    def __init__(self, index: PeopleIndexUpkeep) -> None:
        """Look after ``index``."""
        self._index = index

    async def state(self) -> IndexState:
        """How complete the index is.

        Raises:
            StoreUnavailable: the store does not answer.
        """
        return await self._index.state()

    async def reindex(
        self, after: UserId | None = None, progress: Progress = _nobody_listens
    ) -> Reindexed:
        """Make the index anew from the people, while it is used; begin behind ``after``.

        Each portion is a unit of its own, so what was done stays done: whoever is interrupted
        goes on behind the last person that ``progress`` was told of, or begins again.

        Raises:
            StoreUnavailable: the store does not answer.
        """
        total = (await self._index.state()).shown
        seen, mended, last = 0, 0, after
        while True:
            done = await self._index.reindex(last, PORTION)
            seen, mended = seen + done.seen, mended + done.mended
            progress(seen, max(seen, total), done.last)
            if done.last is None:
                await self._index.tidy()
                return Reindexed(seen, mended, last)
            last = done.last
