"""What games with rounds share."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from divan_core.errors import ActivityOver, NotYet, RoundOver

Round = Annotated[int, Meta(ge=1, le=2**31 - 1)]
"""The number of a round, from 1."""


def check_round(asked: int, current: int, *, over: bool) -> None:
    """Refuse a move for another round than the one that is open.

    Raises:
        ActivityOver: no round is open any more.
        RoundOver: that round is over.
        NotYet: that round is to come.
    """
    if over:
        raise ActivityOver
    if asked < current:
        raise RoundOver(f"Round {asked} is over; it is round {current} by now.")
    if asked > current:
        raise NotYet(f"It is round {current}.")
