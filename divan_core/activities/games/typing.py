"""The typing duel: whoever types the same text better, in speed times accuracy, wins.

The text is revealed when the round opens, which is at once, and the server's clock alone says how
long somebody took. A word is five characters, spaces included, which is how words per minute are
counted wherever texts are entered (Arif and Stuerzlinger, "Analysis of Text Entry Performance
Metrics", IEEE TIC-STH 2009).
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Annotated, Any, Final

import attrs
from msgspec import Meta
from rapidfuzz.distance import Levenshtein

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
from divan_core.activities.games.prompts import fitting
from divan_core.activities.games.rounds import Round, check_round
from divan_core.activities.model import ActivityId
from divan_core.errors import AlreadyMoved
from divan_core.kernel.clock import Millis, rfc3339
from divan_core.kernel.ids import UserId

WORD: Final = 5
"""Characters of a word."""

FASTEST_WPM: Final = 300
"""Nobody types faster, not even a line: the best reach little over 200 for a minute."""

MINUTE_MS: Final = 60_000

ONLY_ROUND: Final = 1


@attrs.frozen
class TypingOptions:
    """How long both have, in seconds."""

    duration_s: Annotated[int, Meta(ge=10, le=300)] = 60


@attrs.frozen
class SubmitText:
    """Hand in what one has typed, once."""

    activity_id: ActivityId
    round: Round
    text: Annotated[str, Meta(min_length=1, max_length=2000)]


@attrs.frozen
class Signals:
    """What pasting would explain. These are facts to look at, not a verdict: nobody loses by them.

    ``impossible_speed``: more characters in the time than anybody types. ``whole_at_once``: so
    fast, and the whole text without a slip.
    """

    impossible_speed: bool = False
    whole_at_once: bool = False


@attrs.frozen
class Typed:
    """What somebody has handed in, measured; the text itself is not kept.

    ``wpm`` is in words per minute, ``accuracy`` from 0 to 1, ``score`` their product.
    """

    elapsed_ms: int
    characters: int
    wpm: float
    accuracy: float
    score: float
    signals: Signals = attrs.field(factory=Signals)


@attrs.frozen
class TypingState:
    """A duel: its one round."""

    players: tuple[UserId, UserId]
    prompt: str
    opens_at: Millis
    closes_at: Millis
    typed: Mapping[UserId, Typed] = attrs.field(factory=dict)
    over: bool = False

    def score(self, player: UserId) -> float:
        """What somebody has reached; 0 without a text."""
        typed = self.typed.get(player)
        return 0.0 if typed is None else typed.score


class TypingDuel(Silent):
    """The rules of the typing duel."""

    kind: Final = "typing_duel"
    options: Final = TypingOptions
    state: Final = TypingState
    moves: Final[Mapping[str, type[Any]]] = MappingProxyType({"submit": SubmitText})

    def begin(self, setting: Setting[TypingOptions]) -> Step[TypingState]:
        """Draw a text that fits the time, and reveal it."""
        duration_s = setting.options.duration_s
        (prompt,) = setting.draws.pick(fitting(duration_s), 1)
        closes_at = Millis(setting.at + duration_s * 1000)
        state = TypingState(setting.players, prompt, setting.at, closes_at)
        opened = RoundOpened(ONLY_ROUND, setting.at, closes_at, {"prompt": prompt})
        return Step(state, (opened,))

    def apply(self, state: TypingState, turn: Turn) -> Step[TypingState]:
        """Hand in a text.

        Raises:
            ActivityOver, NotYet: it is for a round that is not open.
            AlreadyMoved: the player has handed in a text.
        """
        check_round(turn.move.round, ONLY_ROUND, over=state.over)
        if turn.player in state.typed:
            raise AlreadyMoved("You have handed in your text.")
        elapsed_ms = max(turn.at - state.opens_at, 0)  # the clocks of two servers may differ
        typed = measured(state.prompt, turn.move.text, elapsed_ms)
        after = attrs.evolve(state, typed={**state.typed, turn.player: typed})
        return Step(after) if len(after.typed) < len(after.players) else _closed(after)

    def deadline(self, state: TypingState) -> Millis | None:
        """Until when both have to hand in."""
        return None if state.over else state.closes_at

    def expire(self, state: TypingState, now: Millis) -> Step[TypingState]:  # noqa: ARG002 - what was handed in decides
        """Whoever has handed in nothing has reached nothing."""
        return _closed(state)

    def standing(self, state: TypingState) -> Standing:
        """What each has reached, once the round is over: nobody types by what the other reached."""
        scores = {player: state.score(player) if state.over else 0 for player in state.players}
        return Standing(ONLY_ROUND, scores)

    def view(self, state: TypingState, viewer: UserId, now: Millis) -> Json:  # noqa: ARG002 - nothing here changes by time alone
        """The text, who has handed in, and the viewer's result; both of them at the end."""
        return {
            "prompt": state.prompt,
            "opens_at": rfc3339(state.opens_at),
            "closes_at": rfc3339(state.closes_at),
            "submitted": [str(player) for player in state.players if player in state.typed],
            "result": _result(state.typed[viewer]) if viewer in state.typed else None,
            "results": _results(state) if state.over else None,
        }


def measured(prompt: str, text: str, elapsed_ms: int) -> Typed:
    """How well a text was typed that was handed in so long after the prompt was shown.

    Accuracy is 1 less Levenshtein's distance to the prompt over the longer of the two lengths.
    No more characters count for speed than were asked for: else any letters, typed without
    looking, would be fast, and accurate where they happen to fit.
    """
    longer = max(len(prompt), len(text))
    accuracy = 1 - Levenshtein.distance(prompt, text) / longer
    wpm = _wpm(min(len(prompt), len(text)), elapsed_ms)
    too_fast = _wpm(len(text), elapsed_ms) > FASTEST_WPM
    return Typed(
        elapsed_ms=elapsed_ms,
        characters=len(text),
        wpm=round(wpm, 2),
        accuracy=round(accuracy, 4),
        score=round(wpm * accuracy, 2),
        signals=Signals(too_fast, too_fast and text == prompt),
    )


def _wpm(characters: int, elapsed_ms: int) -> float:
    """Words per minute; what takes no time at all takes a millisecond."""
    return characters / WORD * MINUTE_MS / max(elapsed_ms, 1)


def _closed(state: TypingState) -> Step[TypingState]:
    """The duel is over, and goes to whoever has reached more."""
    over = attrs.evolve(state, over=True)
    one, other = over.players
    lead = over.score(one) - over.score(other)
    winner = None if lead == 0 else one if lead > 0 else other
    closed = RoundClosed(ONLY_ROUND, winner, {"results": _results(over)})
    return Step(over, (closed,), Outcome(winner, abandoned=not over.typed))


def _results(state: TypingState) -> dict[str, Json]:
    return {str(player): _result(typed) for player, typed in state.typed.items()}


def _result(typed: Typed) -> Json:
    shown = ("elapsed_ms", "characters", "wpm", "accuracy", "score")
    return {name: getattr(typed, name) for name in shown}
