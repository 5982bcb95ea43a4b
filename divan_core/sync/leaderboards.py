"""Leaderboards and the end of the day for programs without an event loop."""

from __future__ import annotations

from divan_core.kernel.actor import Actor
from divan_core.kernel.paging import Page
from divan_core.leaderboards.messages import (
    BoardEntry,
    BoardQuery,
    StreakQuery,
    StreakView,
    SummaryQuery,
    SummaryView,
)
from divan_core.leaderboards.service import Leaderboards
from divan_core.rollover.messages import RollOver, RolloverView
from divan_core.rollover.service import Rollover
from divan_core.stores.bundle import StoreUnit
from divan_core.sync.waiting import Waiting


class SyncLeaderboards:
    """:class:`~divan_core.leaderboards.service.Leaderboards`, waiting for each answer."""

    def __init__(self, service: Leaderboards[StoreUnit], waiting: Waiting) -> None:
        """Call ``service`` through the loop's thread."""
        self._service = service
        self._run = waiting.run

    def board(self, actor: Actor, query: BoardQuery) -> Page[BoardEntry]:
        """See ``Leaderboards.board``."""
        return self._run(self._service.board, actor, query)

    def summary(self, actor: Actor, query: SummaryQuery) -> SummaryView:
        """See ``Leaderboards.summary``."""
        return self._run(self._service.summary, actor, query)

    def streak(self, actor: Actor, query: StreakQuery) -> StreakView:
        """See ``Leaderboards.streak``."""
        return self._run(self._service.streak, actor, query)


class SyncRollover:
    """:class:`~divan_core.rollover.service.Rollover`, waiting for its answer."""

    def __init__(self, service: Rollover, waiting: Waiting) -> None:
        """Call ``service`` through the loop's thread."""
        self._service = service
        self._run = waiting.run

    def run(self, command: RollOver) -> RolloverView:
        """See ``Rollover.run``."""
        return self._run(self._service.run, command)
