"""What was made lately, as much of it as fits; what nobody kept or asked for longest goes first."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

KeyT = TypeVar("KeyT")
ItemT = TypeVar("ItemT")


class Lately(Generic[KeyT, ItemT]):
    """Items by key, whose sizes together are bounded; the last one stays, however large it is."""

    def __init__(self, capacity: int, size: Callable[[ItemT], int]) -> None:
        """Keep up to ``capacity`` of what ``size`` says of each; that must not change."""
        self._capacity = capacity
        self._size_of = size
        self._items: dict[KeyT, ItemT] = {}
        self._size = 0

    @property
    def size(self) -> int:
        """How much is kept."""
        return self._size

    def oldest(self) -> KeyT:
        """The key of what goes first; there is one."""
        return next(iter(self._items))

    def get(self, key: KeyT) -> ItemT | None:
        """What is kept under a key."""
        return self._items.get(key)

    def renew(self, key: KeyT) -> None:
        """Let what is kept under a key, if it is still, go last."""
        item = self._items.pop(key, None)
        if item is not None:
            self._items[key] = item

    def keep(self, key: KeyT, item: ItemT) -> Sequence[tuple[KeyT, ItemT]]:
        """Keep an item in place of the one that has its key; what has to go for it."""
        self.drop(key)
        self._items[key] = item
        self._size += self._size_of(item)
        gone: list[tuple[KeyT, ItemT]] = []
        while self._size > self._capacity and len(self._items) > 1:
            oldest = self.oldest()
            gone.append((oldest, self._items[oldest]))
            self.drop(oldest)
        return gone

    def drop(self, key: KeyT) -> None:
        """Keep nothing under a key."""
        before = self._items.pop(key, None)
        if before is not None:
            self._size -= self._size_of(before)
