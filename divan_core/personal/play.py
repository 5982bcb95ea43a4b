"""The games somebody has played, and what they wrote in them; not what the other one wrote."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import attrs

from divan_core.activities import policy
from divan_core.activities.games.registry import Games
from divan_core.activities.messages import ActivityId, StateName
from divan_core.activities.model import Activity, Score
from divan_core.codec.reader import builtins
from divan_core.kernel.clock import rfc3339
from divan_core.kernel.ids import UserId
from divan_core.kernel.units import Units
from divan_core.stores.bundle import StoreUnit

PAGE: Final = 500
"""How many rows one unit of work reads."""


@attrs.frozen
class OwnActivity:
    """A game of somebody: with whom, how it went, and all that they wrote in it.

    ``score`` and ``won`` are theirs. Times are RFC 3339.
    """

    activity_id: ActivityId
    kind: str
    state: StateName
    peer_id: UserId
    asked: bool
    options: dict[str, Any]
    score: Score
    won: bool
    created_at: str
    started_at: str | None
    ended_at: str | None
    words: tuple[str, ...]


async def play_of(
    units: Units[StoreUnit], games: Games, user_id: UserId
) -> tuple[OwnActivity, ...]:
    """Read them page by page, the newest first; each page in a unit of its own."""
    found: list[Activity] = []

    async def page(unit: StoreUnit) -> Sequence[Activity]:
        return await unit.activities.of(user_id, found[-1].id if found else None, PAGE)

    while portion := await units.read(page):
        found += portion
    return tuple(_own(one, games, user_id) for one in found)


def _own(activity: Activity, games: Games, user_id: UserId) -> OwnActivity:
    started, ended = activity.started_at, activity.ended_at
    return OwnActivity(
        activity_id=activity.id,
        kind=activity.kind,
        state=activity.stage.value,
        peer_id=activity.peer_of(user_id),
        asked=activity.players[0] == user_id,
        options=builtins(activity.options),
        score=activity.scores.get(user_id, 0),
        won=activity.winner_id == user_id,
        created_at=rfc3339(activity.created_at),
        started_at=None if started is None else rfc3339(started),
        ended_at=None if ended is None else rfc3339(ended),
        words=_words(activity, games, user_id),
    )


def _words(activity: Activity, games: Games, user_id: UserId) -> tuple[str, ...]:
    game = games.find(activity.kind)
    if game is None or activity.position is None:
        return ()
    texts = game.texts(policy.position_of(activity, game))
    return tuple(one.content for one in texts if one.player == user_id)
