"""The games that a Divan has, by kind and by the classes of their moves."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any, Final

import attrs
import msgspec

from divan_core.activities.games.game import AnyGame
from divan_core.activities.model import ActivityId
from divan_core.codec.faults import faults
from divan_core.errors import ConfigurationError, FieldError, NotFound, ValidationFailed

_KIND: Final = re.compile(r"[a-z][a-z0-9_]{0,31}")


@attrs.frozen
class Named:
    """What a class of moves is called, and in which game."""

    game: AnyGame
    name: str

    @property
    def operation(self) -> str:
        """The stable name of making such a move."""
        return f"activities.{self.game.kind}.{self.name}"


class Games:
    """Finds the game of a kind, and the game that a move is of."""

    def __init__(self, games: Iterable[AnyGame]) -> None:
        """Have these games.

        Raises:
            ConfigurationError: two have the same kind or the same class of moves, or a kind is
                not a name, or a class of moves has no ``activity_id``.
        """
        self._games: dict[str, AnyGame] = {}
        self._moves: dict[type[Any], Named] = {}
        for game in games:
            self._add(game)

    @property
    def kinds(self) -> tuple[str, ...]:
        """The kinds, in the order in which they were given."""
        return tuple(self._games)

    def find(self, kind: str) -> AnyGame | None:
        """The game of a kind, or None."""
        return self._games.get(kind)

    def get(self, kind: str) -> AnyGame:
        """The game of a kind that a client names.

        Raises:
            ValidationFailed: there is none.
        """
        game = self.find(kind)
        if game is None:
            allowed = f"must be one of {', '.join(self.kinds)}"
            raise ValidationFailed(errors=[FieldError("$.kind", allowed)])
        return game

    def of_move(self, move: object) -> Named:
        """The game of a move's class.

        Raises:
            TypeError: it is a move of no game.
        """
        named = self._moves.get(type(move))
        if named is None:
            raise TypeError(f"{type(move).__name__} is a move of no game.")
        return named

    def _add(self, game: AnyGame) -> None:
        if not _KIND.fullmatch(game.kind) or game.kind in self._games:
            raise ConfigurationError(f"The game {game.kind!r} needs a name of its own.")
        self._games[game.kind] = game
        for name, move in game.moves.items():
            if move in self._moves or "activity_id" not in attrs.fields_dict(move):
                raise ConfigurationError(
                    f"The move {name!r} of {game.kind} needs a class of its own, with activity_id."
                )
            self._moves[move] = Named(game, name)


def read_options(game: AnyGame, given: Mapping[str, Any]) -> Any:  # noqa: ANN401 - its own class
    """The options of a game out of JSON; what is left out has its default.

    Raises:
        ValidationFailed: some are of the wrong type or out of range; paths begin with
            ``$.options``.
    """
    return _read(given, game.options, "$.options")


def read_move(game: AnyGame, name: str, activity_id: ActivityId, given: Mapping[str, Any]) -> Any:  # noqa: ANN401 - its own class
    """A move of a game out of JSON.

    Raises:
        NotFound: the game has no such move.
        ValidationFailed: fields are missing, of the wrong type or out of range; paths begin with
            ``$.body``.
    """
    move = game.moves.get(name)
    if move is None:
        raise NotFound
    return _read({**given, "activity_id": str(activity_id)}, move, "$.body")


def _read(given: Mapping[str, Any], wanted: type[Any], root: str) -> Any:  # noqa: ANN401 - as wanted
    try:
        return msgspec.convert(given, wanted)
    except msgspec.ValidationError:
        found = faults(given, wanted)
    raise ValidationFailed(
        errors=[FieldError(root + fault.path.removeprefix("$"), fault.message) for fault in found]
    )
