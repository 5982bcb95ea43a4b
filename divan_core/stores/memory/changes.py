"""What one unit changes in memory, and how it is taken back."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TypeVar

from divan_core.kernel.units import UnitMisused

KeyT = TypeVar("KeyT")
ValueT = TypeVar("ValueT")


class Changes:
    """The undo log of one unit. Costs as much as the unit changes, whatever else there is."""

    def __init__(self, *, reading: bool) -> None:
        """Begin a unit; one that is ``reading`` may change nothing."""
        self._reading = reading
        self._undo: list[Callable[[], object]] = []
        self._failure: Exception | None = None

    def begin(self) -> None:
        """Say that a change follows.

        Raises:
            UnitMisused: the unit is for reading.
        """
        if self._reading:
            raise self.failed(UnitMisused("This unit is for reading."))

    def failed(self, failure: Exception) -> Exception:
        """Remember an error that the body must not hide, and give it back to be raised."""
        self._failure = self._failure or failure
        return failure

    def confirm(self) -> None:
        """Raise the error that the body hid, if there was one."""
        if self._failure is not None:
            raise self._failure

    def did(self, undo: Callable[[], object]) -> None:
        """Remember how to take back what was just done."""
        self._undo.append(undo)

    def set(self, mapping: dict[KeyT, ValueT], key: KeyT, value: ValueT) -> None:
        """Put a value into a dict."""
        if key in mapping:
            self.did(partial(mapping.__setitem__, key, mapping[key]))
        else:
            self.did(partial(mapping.__delitem__, key))
        mapping[key] = value

    def drop(self, mapping: dict[KeyT, ValueT], key: KeyT) -> None:
        """Take a key, which is there, out of a dict."""
        self.did(partial(mapping.__setitem__, key, mapping[key]))
        del mapping[key]

    def take_back(self) -> None:
        """Undo everything, the last change first."""
        while self._undo:
            self._undo.pop()()
