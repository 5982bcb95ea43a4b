"""Which discs a point of the plane lies in, without looking at all of them."""

from __future__ import annotations

import math
from collections.abc import Hashable, Iterator
from itertools import chain
from typing import Final, Generic, TypeAlias, TypeVar

import attrs

BUCKET_M: Final = 256.0
MANY: Final = 64
"""A disc that touches more buckets than this is looked at for every point instead."""

KeyT = TypeVar("KeyT", bound=Hashable)
Bucket: TypeAlias = tuple[int, int]


@attrs.frozen
class Disc:
    """A place in metres of the campus's frame, and how far it reaches."""

    east: float
    north: float
    reach_m: float

    def buckets(self) -> tuple[Bucket, ...] | None:
        """The buckets that the disc's square touches; None if they are too many."""
        west, east = (_bucket(self.east + side * self.reach_m) for side in (-1, 1))
        south, north = (_bucket(self.north + side * self.reach_m) for side in (-1, 1))
        if (east - west + 1) * (north - south + 1) > MANY:
            return None
        return tuple((x, y) for x in range(west, east + 1) for y in range(south, north + 1))


def _bucket(metres: float) -> int:
    return math.floor(metres / BUCKET_M)


class Grid(Generic[KeyT]):
    """Discs by the buckets that they touch."""

    def __init__(self) -> None:
        """No discs yet."""
        self._buckets: dict[Bucket, set[KeyT]] = {}
        self._wide: set[KeyT] = set()
        self._touched: dict[KeyT, tuple[Bucket, ...] | None] = {}

    def put(self, key: KeyT, disc: Disc) -> None:
        """Put a disc, in place of the one that had this key."""
        touched = disc.buckets()
        if key in self._touched and self._touched[key] == touched:
            return
        self.drop(key)
        self._touched[key] = touched
        if touched is None:
            self._wide.add(key)
        for bucket in touched or ():
            self._buckets.setdefault(bucket, set()).add(key)

    def drop(self, key: KeyT) -> None:
        """Take a disc away, if there is one."""
        for bucket in self._touched.pop(key, None) or ():
            keys = self._buckets[bucket]
            keys.remove(key)
            if not keys:
                del self._buckets[bucket]
        self._wide.discard(key)

    def near(self, east: float, north: float) -> Iterator[KeyT]:
        """All discs that the point lies in by more than rounding, and some that it does not."""
        return chain(self._buckets.get((_bucket(east), _bucket(north)), ()), self._wide)
