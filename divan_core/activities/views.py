"""What is told of activities: to their players, to sockets, and in events."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from divan_core.activities.games.game import AnyGame, RoundOpened, Told
from divan_core.activities.messages import ENDED, ROUND, SCORE, UPDATE, ActivityView
from divan_core.activities.model import Activity
from divan_core.activities.policy import Change, position_of
from divan_core.codec.reader import builtins
from divan_core.kernel.clock import Millis, rfc3339
from divan_core.kernel.ids import UserId


def view_of(activity: Activity, game: AnyGame | None, viewer: UserId, now: Millis) -> ActivityView:
    """An activity as one of its players may see it."""
    shown = None
    if game is not None and activity.position is not None:
        shown = dict(game.view(position_of(activity, game), viewer, now))
    return ActivityView(
        id=activity.id,
        kind=activity.kind,
        state=activity.stage.value,
        players=activity.players,
        options=builtins(activity.options),
        round=activity.round,
        scores={player: activity.scores.get(player, 0) for player in activity.players},
        winner_id=activity.winner_id,
        created_at=rfc3339(activity.created_at),
        started_at=_moment(activity.started_at),
        ended_at=_moment(activity.ended_at),
        game=shown,
    )


def changed_data(change: Change) -> Mapping[str, Any]:
    """What the event of a change holds: who is told, and what, in order."""
    activity = change.activity
    people = activity.players[:1] if activity.shadowed else activity.players
    return {
        "activity_id": str(activity.id),
        "people": [str(player) for player in people],
        "deadline": activity.deadline,
        "notices": [{"name": name, "data": data} for name, data in _notices(change)],
    }


def completed_data(activity: Activity) -> Mapping[str, Any]:
    """What the event of a game that was played to its end holds."""
    return {
        "activity_id": str(activity.id),
        "kind": activity.kind,
        "players": [str(player) for player in activity.players],
        "winner_id": _id(activity.winner_id),
    }


def _notices(change: Change) -> Iterator[tuple[str, Mapping[str, Any]]]:
    before, activity = change.before, change.activity
    about = {"activity_id": str(activity.id)}
    yield from ((ROUND, about | _told(one)) for one in change.told)
    scores = {str(player): activity.scores.get(player, 0) for player in activity.players}
    if before is not None and before.position and before.scores != activity.scores:
        yield SCORE, about | {"round": activity.round, "scores": scores}
    yield UPDATE, about | {"state": activity.stage.value, "version": activity.version}
    if not activity.is_open and (before is None or before.is_open):
        winner = {"winner_id": _id(activity.winner_id), "scores": scores}
        yield ENDED, about | {"state": activity.stage.value} | winner


def _told(told: Told) -> dict[str, Any]:
    common = {"round": told.round, "game": dict(told.data)}
    if isinstance(told, RoundOpened):
        times = {"opens_at": rfc3339(told.opens_at), "closes_at": _moment(told.closes_at)}
        return {**common, "state": "open", **times}
    return {**common, "state": "closed", "winner_id": _id(told.winner_id)}


def _moment(moment: Millis | None) -> str | None:
    return None if moment is None else rfc3339(moment)


def _id(user_id: UserId | None) -> str | None:
    return None if user_id is None else str(user_id)
