"""Sets of ids in order, for keyset pages."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from typing import Generic, TypeVar
from uuid import UUID

from divan_core.stores.memory.changes import Changes

IdT = TypeVar("IdT", bound=UUID)


class OrderedIds(Generic[IdT]):
    """A set of ids that knows their order. New ids are mostly the highest, which costs nothing."""

    def __init__(self) -> None:
        """Begin empty."""
        self._ids: list[IdT] = []

    def __contains__(self, one: IdT) -> bool:
        place = bisect_left(self._ids, one)
        return place < len(self._ids) and self._ids[place] == one

    def __iter__(self) -> Iterator[IdT]:
        return iter(self._ids)

    def add(self, one: IdT, changes: Changes) -> None:
        """Add an id unless it is there."""
        if one not in self:
            self._insert(one)
            changes.did(lambda: self._remove(one))

    def discard(self, one: IdT, changes: Changes) -> bool:
        """Remove an id; whether it was there."""
        if one not in self:
            return False
        self._remove(one)
        changes.did(lambda: self._insert(one))
        return True

    def page(self, after: IdT | None, limit: int) -> Sequence[IdT]:
        """Up to ``limit`` ids above ``after``, ascending."""
        start = 0 if after is None else bisect_right(self._ids, after)
        return self._ids[start : start + limit]

    def below(self, before: IdT | None) -> Iterator[IdT]:
        """The ids below ``before``, or all, descending."""
        end = len(self._ids) if before is None else bisect_left(self._ids, before)
        return (self._ids[place] for place in range(end - 1, -1, -1))

    def _insert(self, one: IdT) -> None:
        self._ids.insert(bisect_left(self._ids, one), one)

    def _remove(self, one: IdT) -> None:
        del self._ids[bisect_left(self._ids, one)]
