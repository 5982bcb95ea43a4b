"""What a game is: a pure state machine. Activities know this, and none of any game's rules.

A game decides by what it is given: its state, a move, the server's moment. It keeps nothing, asks
no clock and draws no chance but from the ``Draws`` that it begins with. Everything that a state
holds is kept as JSON, so a state is a frozen attrs class of what msgspec can read and write.

The life of a state::

    begin -> state -> apply(turn) | expire(now) -> state ... -> a step with an outcome

Whoever calls has settled what is due (:func:`settle`) before a move is applied, so a game never
sees a move at or after its own deadline.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping, Sequence
from typing import Any, Final, Generic, Protocol, TypeVar

import attrs

from divan_core.activities.games.draws import Draws
from divan_core.activities.model import ActivityId
from divan_core.kernel.clock import Millis
from divan_core.kernel.ids import UserId

OptionsT = TypeVar("OptionsT")
StateT = TypeVar("StateT")

Json = Mapping[str, Any]
"""What is told: texts, numbers, lists and objects of them. Moments are RFC 3339."""

MOST_DUE: Final = 1000
"""How many deadlines in a row one moment may settle; more is a game that never gets on."""

MOST_TEXTS: Final = 255
"""How many texts of one game have numbers."""

PLAYERS: Final = 2


@attrs.frozen
class Setting(Generic[OptionsT]):
    """What a game begins with.

    ``players`` are the one who asked for it and the one who was asked, in this order; ``at`` is
    the moment of the start, and ``draws`` is all the chance there is.
    """

    activity_id: ActivityId
    players: tuple[UserId, UserId]
    options: OptionsT
    at: Millis
    draws: Draws


class Move(Protocol):
    """What every class of moves has."""

    @property
    def activity_id(self) -> ActivityId:
        """In which activity it is made."""
        ...


@attrs.frozen
class Turn:
    """A move that one of the players makes at a moment.

    ``move`` is of one of the game's own classes of moves, so its fields have been checked.
    """

    player: UserId
    move: Any
    at: Millis


@attrs.frozen
class RoundOpened:
    """A round is open: both players learn what it is about from ``data``.

    It closes at ``closes_at``, or with the moves that end it where that is None.
    """

    round: int
    opens_at: Millis
    closes_at: Millis | None = None
    data: Json = attrs.field(factory=dict)


@attrs.frozen
class RoundClosed:
    """A round is over: both players learn how from ``data``. ``winner_id`` is None for nobody."""

    round: int
    winner_id: UserId | None = None
    data: Json = attrs.field(factory=dict)


Told = RoundOpened | RoundClosed
"""What both players are told of a step: nothing personal, and nothing that is still hidden."""


@attrs.frozen
class Outcome:
    """How a game ended. ``winner_id`` is None for a draw.

    ``abandoned``: nobody really played, so the activity has expired and counts for nobody.
    """

    winner_id: UserId | None = None
    abandoned: bool = False


@attrs.frozen
class Step(Generic[StateT]):
    """A state, what is told of how it came about, and the outcome once the game is over."""

    state: StateT
    told: tuple[Told, ...] = ()
    outcome: Outcome | None = None


class Veil(enum.Enum):
    """Who still sees a text that staff or a rule has hidden.

    ``TOMBSTONED``: only its author, with a notice. ``SHADOWED``: only its author, as ever.
    ``REMOVED``: nobody.
    """

    TOMBSTONED = "tombstoned"
    SHADOWED = "shadowed"
    REMOVED = "removed"


@attrs.frozen
class Text:
    """Something that a player wrote, and the other one may read.

    ``number`` is its place in the game, from 1 to :data:`MOST_TEXTS`, and stays what it is.
    """

    number: int
    player: UserId
    content: str = attrs.field(repr=False)


@attrs.frozen
class Standing:
    """How a game stands: the round that is open, or was the last one, and everybody's score."""

    round: int
    scores: Mapping[UserId, float]


class Game(Protocol[OptionsT, StateT]):
    """The rules of one kind of game for two.

    The classes of options, state and moves are frozen attrs classes. Their fields have the bounds
    (``Annotated[int, Meta(ge=1)]``, ``Literal[1, 3, 5]``), their defaults are the defaults:
    whatever a client sends is checked against them before a game sees it, and every fault is
    answered with its path.
    """

    @property
    def kind(self) -> str:
        """The game's name in activities: 1 to 32 of ``[a-z0-9_]``, beginning with a letter."""
        ...

    @property
    def options(self) -> type[OptionsT]:
        """The class of its options; all have defaults."""
        ...

    @property
    def state(self) -> type[StateT]:
        """The class of its states."""
        ...

    @property
    def moves(self) -> Mapping[str, type[Any]]:
        """The classes of its moves by their names, no class in two games.

        Each has a field ``activity_id`` of :data:`~divan_core.activities.model.ActivityId`, and
        those of games with rounds a field ``round``.
        """
        ...

    def begin(self, setting: Setting[OptionsT]) -> Step[StateT]:
        """The first state, and the first round if it opens at once."""
        ...

    def apply(self, state: StateT, turn: Turn) -> Step[StateT]:
        """What comes of a move that comes before :meth:`deadline`.

        Raises:
            NotYet, RoundOver: it is for a round, or a part of it, that is not open.
            NotYourTurn: the other player is to move.
            AlreadyMoved: the player has made it.
            DivanError: whatever else the game refuses, by an error with a code of its own.
        """
        ...

    def deadline(self, state: StateT) -> Millis | None:
        """The moment at which something happens by itself; None while all waits for the players."""
        ...

    def expire(self, state: StateT, now: Millis) -> Step[StateT]:
        """What comes of the deadline that passed, at ``now`` or before; noticed late, perhaps.

        What opens anew opens at ``now``, so the next deadline is later, or there is none.
        """
        ...

    def standing(self, state: StateT) -> Standing:
        """The round and the scores, which both players may know at any moment."""
        ...

    def view(self, state: StateT, viewer: UserId, now: Millis) -> Json:
        """What one of the players is shown of the game: no answer and no choice before its time.

        Also of a game that is over.
        """
        ...

    def texts(self, state: StateT) -> Sequence[Text]:
        """All that the players wrote and may read of each other, in order, whoever hid what.

        Each is decided about by machine once it is there, can be reported, and is its author's to
        take along. A game in which nobody writes has none.
        """
        ...

    def veiled(self, state: StateT, number: int, veil: Veil | None) -> StateT:
        """The state with a text hidden from whoever is not to see it, or shown again to both.

        Only :meth:`view` changes by that. A state that has no such text is as it was.
        """
        ...


AnyGame = Game[Any, Any]


class Silent:
    """The part of a game in which nobody writes, as a base class of it."""

    def texts(self, state: object) -> tuple[Text, ...]:  # noqa: ARG002 - there are none
        """Nothing: nobody writes here."""
        return ()

    def veiled(self, state: StateT, number: int, veil: Veil | None) -> StateT:  # noqa: ARG002 - there are none
        """The same, for there is nothing to hide."""
        return state


def settle(game: Game[OptionsT, StateT], state: StateT, now: Millis) -> Step[StateT]:
    """The state once everything that is due at ``now`` has happened; the same where nothing is."""
    told: list[Told] = []
    for _ in range(MOST_DUE):
        due = game.deadline(state)
        if due is None or now < due:
            return Step(state, tuple(told))
        step = game.expire(state, now)
        told += step.told
        state = step.state
        if step.outcome is not None:
            return attrs.evolve(step, told=tuple(told))
    raise RuntimeError(f"The game {game.kind} does not get beyond its deadline.")
