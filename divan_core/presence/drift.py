"""A person's secret offset: normal, slowly drifting, never redrawn, kept nowhere.

The offset follows the process of Android's ``LocationFudger``: once an hour it becomes 0.9996 of
itself plus 3 % of a fresh standard normal, so that it is always standard normal and forgets itself
over about three months; averaging over days gains an observer nothing. Its randomness is a keyed
hash of person and hour instead of a generator, so every process computes the same offset, it
survives any restart, and there is nothing to store.

To reach any hour in a few steps the process is built from the top: knots every 1,024 hours by the
same recursion (its influence gone after 24 knots), then halving with the process's bridge: between
two ends n hours away on either side, with r = a^n, the middle is normal with mean
r/(1+r²)·(left+right) and variance (1-r²)/(1+r²) (Gaussian conditioning on a stationary AR(1)).
"""

from __future__ import annotations

import hashlib
import math
import struct
from typing import Final

from divan_core.kernel.clock import Millis
from divan_core.kernel.ids import UserId
from divan_core.presence.model import HOUR_MS, Offset

WEIGHT: Final = 0.03
"""How much of the offset is new after an hour (``LocationFudger.NEW_WEIGHT``)."""

_KEEP: Final = math.sqrt(1.0 - WEIGHT * WEIGHT)
_SPAN: Final = 1024
_KNOTS: Final = 24
_KNOT_KEEP: Final = _KEEP**_SPAN
_KNOT_NEW: Final = math.sqrt(1.0 - _KNOT_KEEP * _KNOT_KEEP)
_SCALE: Final = 1.0 / math.sqrt(1.0 - _KNOT_KEEP ** (2 * _KNOTS))

Pair = tuple[float, float]


class Drift:
    """Offsets of all people under one secret key."""

    def __init__(self, key: bytes) -> None:
        """``key`` is secret and 16-64 bytes; another key means other offsets for everyone."""
        self._key = key

    def offset(self, user_id: UserId, now: Millis) -> Offset:
        """The person's offset in the present hour (80 µs; records keep it for the hour)."""
        hour = now // HOUR_MS
        east, north = self._at(user_id.bytes, hour)
        return Offset(hour, east, north)

    def _at(self, person: bytes, hour: int) -> Pair:
        knot, rest = divmod(hour, _SPAN)
        left, right = self._knot(person, knot), self._knot(person, knot + 1)
        low, half = knot * _SPAN, _SPAN // 2
        while rest and half:
            middle = self._bridge(left, right, half, self._normal(person, low + half))
            if rest >= half:
                low, rest, left = low + half, rest - half, middle
            else:
                right = middle
            half //= 2
        return left

    def _knot(self, person: bytes, knot: int) -> Pair:
        east = north = 0.0
        for index in range(knot - _KNOTS + 1, knot + 1):
            fresh = self._normal(person, index * _SPAN)
            east = _KNOT_KEEP * east + _KNOT_NEW * fresh[0]
            north = _KNOT_KEEP * north + _KNOT_NEW * fresh[1]
        return east * _SCALE, north * _SCALE

    @staticmethod
    def _bridge(left: Pair, right: Pair, hours: int, fresh: Pair) -> Pair:
        r = _KEEP**hours
        pull, spread = r / (1.0 + r * r), math.sqrt((1.0 - r * r) / (1.0 + r * r))
        return (
            pull * (left[0] + right[0]) + spread * fresh[0],
            pull * (left[1] + right[1]) + spread * fresh[1],
        )

    def _normal(self, person: bytes, hour: int) -> Pair:
        """Two independent standard normals (Box and Muller, 1958) of person and hour."""
        message = person + hour.to_bytes(8, "big", signed=True)
        digest = hashlib.blake2b(message, digest_size=16, key=self._key, person=b"divan drift")
        one, two = struct.unpack("<QQ", digest.digest())
        radius = math.sqrt(-2.0 * math.log((one + 1) / 2**64))
        angle = math.tau * (two / 2**64)
        return radius * math.cos(angle), radius * math.sin(angle)
