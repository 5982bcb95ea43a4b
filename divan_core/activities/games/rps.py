"""Rock-paper-scissors, in which nobody can wait for the other's choice.

Each player commits to a choice by its hash, and reveals it once both have committed. A commitment
is bound to the activity, the round and the player, so it cannot be copied or used again; its nonce
of 128 bits or more keeps three choices from being tried out.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from types import MappingProxyType
from typing import Annotated, Any, Final, Literal

import attrs
from msgspec import Meta

from divan_core.activities.games.game import (
    Json,
    Outcome,
    RoundClosed,
    RoundOpened,
    Setting,
    Silent,
    Standing,
    Step,
    Turn,
)
from divan_core.activities.games.rounds import Round, check_round
from divan_core.activities.model import ActivityId
from divan_core.errors import AlreadyMoved, CommitmentMismatch, NotYet
from divan_core.kernel.clock import Millis, rfc3339
from divan_core.kernel.ids import UserId

REVEAL_MS: Final = 30_000
"""How long both have to reveal, once both have committed."""

MOST_ROUNDS: Final = 50
"""Drawn rounds are played again, but not for ever: after so many, it ends as it stands."""

Choice = Literal["rock", "paper", "scissors"]

_BEATS: Final[Mapping[Choice, Choice]] = {
    "rock": "scissors",
    "paper": "rock",
    "scissors": "paper",
}


@attrs.frozen
class RpsOptions:
    """Whoever wins more than half of ``best_of`` rounds wins; an odd number."""

    best_of: Literal[1, 3, 5, 7, 9] = 3


@attrs.frozen
class Commit:
    """Commit to a choice: see :func:`commitment_of`."""

    activity_id: ActivityId
    round: Round
    commitment: Annotated[str, Meta(max_length=64, pattern=r"^[0-9a-f]{64}$")]


@attrs.frozen
class Reveal:
    """Show the choice that one has committed to."""

    activity_id: ActivityId
    round: Round
    choice: Choice
    nonce: Annotated[str, Meta(max_length=256, pattern=r"^[0-9A-Fa-f]{32,256}$")]


@attrs.frozen
class Showdown:
    """A round that is over; the choice of whoever did not reveal it is missing."""

    round: int
    choices: Mapping[UserId, Choice]
    winner_id: UserId | None


@attrs.frozen
class RpsState:
    """A match: its open round, and those before it.

    ``reveal_by`` is there once both have committed. A choice stays here until the round is over.
    """

    activity_id: ActivityId
    players: tuple[UserId, UserId]
    best_of: int
    round: int
    opened_at: Millis
    commitments: Mapping[UserId, str] = attrs.field(factory=dict)
    choices: Mapping[UserId, Choice] = attrs.field(factory=dict)
    reveal_by: Millis | None = None
    past: tuple[Showdown, ...] = ()
    over: bool = False

    def wins(self, player: UserId) -> int:
        """How many rounds somebody has won."""
        return sum(showdown.winner_id == player for showdown in self.past)


def commitment_of(reveal: Reveal, player: UserId) -> str:
    """What somebody who is to reveal this has committed to, in lower-case hexadecimal.

    It is the SHA-256 of ``<activity_id>:<round>:<user_id>:<choice>:<nonce>``.
    """
    text = f"{reveal.activity_id}:{reveal.round}:{player}:{reveal.choice}:{reveal.nonce}"
    return hashlib.sha256(text.encode()).hexdigest()


class RockPaperScissors(Silent):
    """The rules of rock-paper-scissors."""

    kind: Final = "rps"
    options: Final = RpsOptions
    state: Final = RpsState
    moves: Final[Mapping[str, type[Any]]] = MappingProxyType({"commit": Commit, "reveal": Reveal})

    def begin(self, setting: Setting[RpsOptions]) -> Step[RpsState]:
        """Open the first round."""
        best_of = setting.options.best_of
        state = RpsState(setting.activity_id, setting.players, best_of, 1, setting.at)
        return Step(state, (RoundOpened(1, setting.at),))

    def apply(self, state: RpsState, turn: Turn) -> Step[RpsState]:
        """Commit, or reveal.

        Raises:
            ActivityOver, RoundOver, NotYet: it is for a round that is not open, or to reveal before
                both have committed.
            AlreadyMoved: the player has done so in this round.
            CommitmentMismatch: the player has committed to something else.
        """
        check_round(turn.move.round, state.round, over=state.over)
        if isinstance(turn.move, Commit):
            return _committed(state, turn, turn.move)
        return _revealed(state, turn, turn.move)

    def deadline(self, state: RpsState) -> Millis | None:
        """Until when both have to reveal, if both have committed."""
        return state.reveal_by

    def expire(self, state: RpsState, now: Millis) -> Step[RpsState]:
        """Whoever has not revealed loses the round; if neither has, nobody wins it."""
        revealed = [player for player in state.players if player in state.choices]
        return _closed(state, revealed[0] if len(revealed) == 1 else None, now)

    def standing(self, state: RpsState) -> Standing:
        """The rounds that each has won."""
        return Standing(state.round, {player: state.wins(player) for player in state.players})

    def view(self, state: RpsState, viewer: UserId, now: Millis) -> Json:  # noqa: ARG002 - nothing here changes by time alone
        """Who has committed and revealed in the open round, and the rounds before it."""
        return {
            "committed": [str(player) for player in state.players if player in state.commitments],
            "revealed": [str(player) for player in state.players if player in state.choices],
            "choice": state.choices.get(viewer),
            "reveal_by": None if state.reveal_by is None else rfc3339(state.reveal_by),
            "rounds": [_shown(showdown) for showdown in state.past],
        }


def _committed(state: RpsState, turn: Turn, commit: Commit) -> Step[RpsState]:
    if turn.player in state.commitments:
        raise AlreadyMoved("You have committed to a choice in this round.")
    commitments = {**state.commitments, turn.player: commit.commitment}
    both = len(commitments) == len(state.players)
    reveal_by = Millis(turn.at + REVEAL_MS) if both else None
    return Step(attrs.evolve(state, commitments=commitments, reveal_by=reveal_by))


def _revealed(state: RpsState, turn: Turn, reveal: Reveal) -> Step[RpsState]:
    if state.reveal_by is None:
        raise NotYet("Reveal once both have committed.")
    if turn.player in state.choices:
        raise AlreadyMoved("You have revealed your choice.")
    # Whose hash it is does not matter: the text that is hashed has the player's own id.
    if not hmac.compare_digest(commitment_of(reveal, turn.player), state.commitments[turn.player]):
        raise CommitmentMismatch
    shown = attrs.evolve(state, choices={**state.choices, turn.player: reveal.choice})
    if len(shown.choices) < len(shown.players):
        return Step(shown)
    return _closed(shown, _better(shown), turn.at)


def _better(state: RpsState) -> UserId | None:
    """Whose choice beats the other's; None for equal ones."""
    one, other = state.players
    if _BEATS[state.choices[one]] == state.choices[other]:
        return one
    return other if _BEATS[state.choices[other]] == state.choices[one] else None


def _closed(state: RpsState, winner: UserId | None, now: Millis) -> Step[RpsState]:
    """The round is over; the next one opens, unless the match is decided."""
    showdown = Showdown(state.round, state.choices, winner)
    past = (*state.past, showdown)
    closed = RoundClosed(state.round, winner, _shown(showdown))
    ended = attrs.evolve(state, past=past, commitments={}, choices={}, reveal_by=None, over=True)
    outcome = _outcome(ended)
    if outcome is not None:
        return Step(ended, (closed,), outcome)
    following = attrs.evolve(ended, round=state.round + 1, opened_at=now, over=False)
    return Step(following, (closed, RoundOpened(following.round, now)))


def _outcome(state: RpsState) -> Outcome | None:
    """How the match ends, if it does after its last round."""
    one, other = state.players
    wins = state.wins(one), state.wins(other)
    if max(wins) <= state.best_of // 2 and len(state.past) < MOST_ROUNDS:
        return None
    if wins[0] == wins[1]:
        return Outcome(abandoned=not any(showdown.choices for showdown in state.past))
    return Outcome(one if wins[0] > wins[1] else other)


def _shown(showdown: Showdown) -> dict[str, Any]:
    winner = showdown.winner_id
    return {
        "round": showdown.round,
        "winner_id": None if winner is None else str(winner),
        "choices": {str(player): choice for player, choice in showdown.choices.items()},
    }
