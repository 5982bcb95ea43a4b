"""How an activity lives: who may play, and what each thing that happens makes of it."""

from __future__ import annotations

from typing import Any

import attrs

from divan_core.activities.games.draws import Draws
from divan_core.activities.games.game import (
    AnyGame,
    Outcome,
    Setting,
    Step,
    Told,
    Turn,
    settle,
)
from divan_core.activities.model import IDLE_MS, Activity, Meeting, Stage
from divan_core.codec.reader import decode, encode
from divan_core.errors import ActivityOver, ActivityStarted, NotFound, NotFriends, NotStarted
from divan_core.kernel.clock import Millis
from divan_core.kernel.ids import CampusId, UserId
from divan_core.kernel.visibility import PersonCard, Relations, Surface, can_see


@attrs.frozen
class Change:
    """What has become of an activity, and what its game tells of how.

    ``before`` is None for a new one.
    """

    before: Activity | None
    activity: Activity
    told: tuple[Told, ...] = ()

    @property
    def is_one(self) -> bool:
        """Whether anything has changed."""
        return self.before != self.activity


def lock_of(meeting: Meeting) -> str:
    """Under which name units are alone with what two people play."""
    return f"activities:{meeting.low}:{meeting.high}"


def is_there(
    viewer: UserId, campus_id: CampusId, relations: Relations, card: PersonCard | None
) -> bool:
    """Whether an activity with this person, which exists, is there for the viewer.

    Whoever plays has shown themselves in it, so hiding changes nothing; a block and leaving do.
    """
    if card is None or card.campus_id != campus_id:
        return False
    return can_see(viewer, relations, card, Surface.ACTIVITY)


def check_peer(
    viewer: UserId, campus_id: CampusId, relations: Relations, card: PersonCard | None
) -> None:
    """Refuse to play with strangers.

    Raises:
        NotFound: there is nobody of this id whom the viewer may see.
        NotFriends: there is, and they are not friends.
    """
    if card is None or card.campus_id != campus_id:
        raise NotFound
    is_friend = card.user_id in relations.friends
    surface = Surface.FRIENDS if is_friend else Surface.INVITE
    if not can_see(viewer, relations, card, surface):
        raise NotFound
    if not is_friend:
        raise NotFriends("Games are for friends.")


def check_start(activity: Activity, player: UserId, relations: Relations) -> None:
    """Refuse to begin with somebody who is no friend any more.

    Raises:
        NotFriends: they are not, and it has not begun before.
    """
    if activity.stage is Stage.LOBBY and activity.peer_of(player) not in relations.friends:
        raise NotFriends("Games are for friends.")


def after_start(activity: Activity, game: AnyGame, now: Millis) -> Change:
    """The game begins; nothing changes where it has begun before.

    Raises:
        ActivityOver: it has ended.
    """
    current = _still_open(settled(activity, game, now))
    if current.activity.stage is Stage.ACTIVE:
        return current
    begun = attrs.evolve(current.activity, stage=Stage.ACTIVE, started_at=now, moved_at=now)
    setting = Setting(
        activity_id=activity.id,
        players=activity.players,
        options=decode(activity.options, game.options),
        at=now,
        draws=Draws(activity.seed),
    )
    return _after_step(attrs.evolve(current, activity=begun), game, game.begin(setting), now)


def after_seed(activity: Activity, options: object, seed: bytes, now: Millis) -> Change:
    """Other options and another seed, while nothing has begun.

    Raises:
        ActivityStarted: the game has begun.
        ActivityOver: it has ended.
    """
    current = _still_open(settled(activity, None, now)).activity
    if current.stage is not Stage.LOBBY:
        raise ActivityStarted
    changed = attrs.evolve(
        current,
        options=encode(options),
        seed=seed,
        moved_at=now,
        due_at=Millis(now + IDLE_MS),
        version=activity.version + 1,
    )
    return Change(activity, changed)


def after_cancel(activity: Activity, game: AnyGame, now: Millis) -> Change:
    """Nobody wins; nothing changes where it was cancelled before.

    Raises:
        ActivityOver: it has ended in another way.
    """
    current = settled(activity, game, now)
    if current.activity.stage is Stage.CANCELLED:
        return current
    return _ended(_still_open(current), Stage.CANCELLED, now)


def after_move(activity: Activity, game: AnyGame, turn: Turn) -> Change:
    """A move, after everything that was due before it.

    Raises:
        ActivityOver: the game has ended, perhaps just by what was due.
        NotStarted: it has not begun.
        Refusals of the game: see :class:`~divan_core.activities.games.game.Game`.
    """
    current = _still_open(settled(activity, game, turn.at))
    if current.activity.stage is Stage.LOBBY:
        raise NotStarted("Start it first.")
    step = game.apply(position_of(current.activity, game), turn)
    moved = attrs.evolve(current.activity, moved_at=turn.at)
    return _after_step(attrs.evolve(current, activity=moved), game, step, turn.at)


def settled(activity: Activity, game: AnyGame | None, now: Millis) -> Change:
    """Everything that was due at ``now``: deadlines of the game, and then idleness.

    ``game`` is None where it is not known any more; then there is idleness only.
    """
    change = Change(activity, activity)
    if not (activity.is_open and activity.due(now)):
        return change
    idle_at = activity.moved_at + IDLE_MS
    due_first = activity.due_at is not None and activity.due_at < idle_at
    if game is not None and activity.stage is Stage.ACTIVE and due_first:
        step = settle(game, position_of(activity, game), now)
        change = _after_step(change, game, step, now)
    if change.activity.is_open and now >= idle_at:
        return _ended(change, Stage.EXPIRED, now)
    return change


def abandoned(activity: Activity, now: Millis) -> Change:
    """What has become of one whose game fails to go on by itself."""
    return _ended(Change(activity, activity), Stage.EXPIRED, now)


def position_of(activity: Activity, game: AnyGame) -> Any:  # noqa: ANN401 - the game's own class
    """The state of the game, which has begun."""
    return decode(activity.position or b"", game.state)


def has_completed(change: Change) -> bool:
    """Whether the change is the end of a game that counts."""
    activity = change.activity
    ends = change.before is not None and change.before.is_open
    return ends and activity.stage is Stage.COMPLETED and not activity.shadowed


def _still_open(change: Change) -> Change:
    if not change.activity.is_open:
        raise ActivityOver(f"It is {change.activity.stage.value}.")
    return change


def _after_step(change: Change, game: AnyGame, step: Step[Any], now: Millis) -> Change:
    """What a step of the game makes of the activity; it goes on or is over."""
    standing, activity = game.standing(step.state), change.activity
    played = attrs.evolve(
        activity,
        position=encode(step.state),
        round=standing.round,
        scores=dict(standing.scores),
        due_at=_due(activity, game.deadline(step.state)),
        version=_next(change),
    )
    after = attrs.evolve(change, activity=played, told=(*change.told, *step.told))
    return after if step.outcome is None else _over(after, step.outcome, now)


def _over(change: Change, outcome: Outcome, now: Millis) -> Change:
    if outcome.abandoned:
        return _ended(change, Stage.EXPIRED, now)
    ended = _ended(change, Stage.COMPLETED, now)
    return attrs.evolve(ended, activity=attrs.evolve(ended.activity, winner_id=outcome.winner_id))


def _ended(change: Change, stage: Stage, now: Millis) -> Change:
    ended = attrs.evolve(
        change.activity, stage=stage, ended_at=now, due_at=None, version=_next(change)
    )
    return attrs.evolve(change, activity=ended)


def _next(change: Change) -> int:
    """The version after that which is kept: one more, however much happened at once."""
    return 1 if change.before is None else change.before.version + 1


def _due(activity: Activity, deadline: Millis | None) -> Millis:
    idle_at = Millis(activity.moved_at + IDLE_MS)
    return idle_at if deadline is None else min(deadline, idle_at)
