"""Refusals of activities and the games in them."""

from __future__ import annotations

from divan_core.errors.kinds import Conflict, Gone, InvalidInput


class ActivityOpen(Conflict):
    """The two have an open activity of this kind already."""

    code = "activity_open"
    title = "You have an open activity of this kind"
    advice = "Play or cancel that one first."


class ActivityStarted(Conflict):
    """What is asked is possible in the lobby only."""

    code = "activity_started"
    title = "The activity has started"


class NotStarted(Conflict):
    """Nobody has started the activity."""

    code = "not_started"
    title = "The activity has not started"


class WrongGame(Conflict):
    """The activity is of another kind than what is asked of it."""

    code = "wrong_game"
    title = "The activity is another game"


class NotYourTurn(Conflict):
    """It is the other player's turn."""

    code = "not_your_turn"
    title = "It is not your turn"


class NotYet(Conflict):
    """The round is not open, or not as far as this move."""

    code = "not_yet"
    title = "It is too early for this"


class AlreadyMoved(Conflict):
    """The player has made this move in this round; moves are not taken back."""

    code = "already_moved"
    title = "You have made your move"


class ActivityOver(Gone):
    """The activity was completed or cancelled, or has expired."""

    code = "activity_over"
    title = "The activity is over"


class RoundOver(Gone):
    """The round is closed: the move came too late, by the server's clock."""

    code = "round_closed"
    title = "The round is closed"


class CommitmentMismatch(InvalidInput):
    """What is revealed is not what the player has committed to."""

    code = "commitment_mismatch"
    title = "This is not what you committed to"
