"""Chance for games: draws that follow from a seed, so that a game is the same wherever it runs."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Final, TypeVar

ItemT = TypeVar("ItemT")

_BYTES: Final = 8
_SPAN: Final = 1 << 8 * _BYTES


class Draws:
    """Draws nobody can guess who does not know the seed; with it, the same ones every time.

    Each is the next eight bytes of BLAKE2b in counter mode, keyed with the seed.
    """

    def __init__(self, seed: bytes) -> None:
        """Draw from a seed of 16 to 64 bytes."""
        self._seed = seed
        self._drawn = 0

    def below(self, bound: int) -> int:
        """A number from 0 to ``bound - 1``, each as likely; ``bound`` is from 1 to 2**64."""
        fair = _SPAN - _SPAN % bound  # beyond it, small numbers would come more often
        number = self._next()
        while number >= fair:
            number = self._next()
        return number % bound

    def pick(self, items: Sequence[ItemT], count: int) -> tuple[ItemT, ...]:
        """``count`` different ones of these, in an order of chance; all when there are fewer."""
        left = list(items)
        picked = min(count, len(left))
        return tuple(left.pop(self.below(len(left))) for _ in range(picked))

    def _next(self) -> int:
        place = self._drawn.to_bytes(_BYTES, "big")
        self._drawn += 1
        digest = hashlib.blake2b(place, digest_size=_BYTES, key=self._seed).digest()
        return int.from_bytes(digest, "big")
