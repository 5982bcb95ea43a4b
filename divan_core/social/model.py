"""Friendships, blocks and invites."""

from __future__ import annotations

import enum
from typing import Final, NewType
from uuid import UUID

import attrs

from divan_core.errors import InvalidInput
from divan_core.kernel.clock import Millis
from divan_core.kernel.ids import UserId

InviteId = NewType("InviteId", UUID)

INVITE_MS: Final = 7 * 86_400_000
"""How long an invite stays open, in milliseconds."""


@attrs.frozen
class Friendship:
    """Two people who accepted each other; ``low`` has the smaller id."""

    low: UserId
    high: UserId

    @classmethod
    def between(cls, one: UserId, other: UserId) -> Friendship:
        """The friendship of two different people, in whichever order they are given.

        Raises:
            InvalidInput: they are the same person.
        """
        if one == other:
            raise InvalidInput("Nobody can befriend themselves.")
        return cls(min(one, other), max(one, other))


@attrs.frozen
class Block:
    """``by`` wants nothing to do with ``target``; hidden from both sides, announced to none.

    ``listed`` is whether it stands in the list of whom ``by`` has blocked: not where ``by`` could
    not see ``target`` to begin with, as that list would tell that there is somebody.
    """

    by: UserId
    target: UserId
    listed: bool = attrs.field(default=True, eq=False)

    def __attrs_post_init__(self) -> None:
        """Refuse a block of oneself."""
        if self.by == self.target:
            raise InvalidInput("Nobody can block themselves.")


class InviteState(enum.Enum):
    """Where an invite stands. Only an open one can change."""

    OPEN = "open"
    ACCEPTED = "accepted"
    DECLINED = "declined"
    CANCELLED = "cancelled"
    EXPIRED = "expired"


@attrs.frozen
class Invite:
    """``sender`` asks ``recipient`` to be friends; open until ``expires_at``."""

    id: InviteId
    sender: UserId
    recipient: UserId
    created_at: Millis
    expires_at: Millis
    state: InviteState = InviteState.OPEN

    def open_at(self, now: Millis) -> bool:
        """Whether it can still be answered."""
        return self.state is InviteState.OPEN and now < self.expires_at


class Reply(enum.Enum):
    """What becomes of an open invite: its recipient accepts or declines, its sender cancels."""

    ACCEPT = "accept"
    DECLINE = "decline"
    CANCEL = "cancel"


class Way(enum.Enum):
    """Which invites of a person: those they received, those they sent, or both."""

    RECEIVED = "received"
    SENT = "sent"
    EITHER = "either"


@attrs.frozen
class Between:
    """What stands between two people: their friendship, a block either way, invites not closed."""

    friends: bool = False
    blocked: bool = False
    invites: tuple[Invite, ...] = ()
