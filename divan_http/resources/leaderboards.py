"""Leaderboards, and how one stands on them."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import Final

from divan_core.divan import Divan
from divan_core.errors import InvalidCursor, NotFound
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
from divan_http.operation import Operation, PersonOperation


def board(divan: Divan, actor: Actor, query: BoardQuery) -> Awaitable[Page[BoardEntry]]:
    """List a board of your campus, the highest first; whoever hides from you leaves a hole."""
    return divan.leaderboards.board(actor, query)


def summary(divan: Divan, actor: Actor, query: SummaryQuery) -> Awaitable[SummaryView]:
    """Tell how you stand: ranks and points, streak and badges."""
    return divan.leaderboards.summary(actor, query)


def streak(divan: Divan, actor: Actor, query: StreakQuery) -> Awaitable[StreakView]:
    """Tell how many days in a row somebody has been active."""
    return divan.leaderboards.streak(actor, query)


OPERATIONS: Final[tuple[Operation, ...]] = (
    PersonOperation(
        method="GET",
        path="/leaderboards/{scope}",
        name="leaderboards.board",
        command=BoardQuery,
        view=Page[BoardEntry],
        perform=board,
        errors=(InvalidCursor,),
    ),
    PersonOperation(
        method="GET",
        path="/leaderboards/me/summary",
        name="leaderboards.summary",
        command=SummaryQuery,
        view=SummaryView,
        perform=summary,
    ),
    PersonOperation(
        method="GET",
        path="/leaderboards/streaks/{user_id}",
        name="leaderboards.streak",
        command=StreakQuery,
        view=StreakView,
        perform=streak,
        errors=(NotFound,),
    ),
)
