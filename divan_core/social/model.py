"""Friendships and blocks."""

from __future__ import annotations

import attrs

from divan_core.errors import InvalidInput
from divan_core.kernel.ids import UserId


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
    """``by`` wants nothing to do with ``target``; hidden from both sides, announced to none."""

    by: UserId
    target: UserId

    def __attrs_post_init__(self) -> None:
        """Refuse a block of oneself."""
        if self.by == self.target:
            raise InvalidInput("Nobody can block themselves.")
