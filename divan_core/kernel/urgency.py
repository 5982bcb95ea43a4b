"""Who is in no hurry: what works beside requests lets those go first that somebody waits for."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from types import TracebackType
from typing import Final

from divan_core.kernel.bell import Bell

_PATIENT: Final = ContextVar("divan_patient", default=False)


@contextmanager
def patient() -> Iterator[None]:
    """What is begun inside, and the tasks that are started there, are in no hurry."""
    before = _PATIENT.set(True)
    try:
        yield
    finally:
        _PATIENT.reset(before)


def is_patient() -> bool:
    """Whether whoever asks is in no hurry; a store may let others go before them for a moment."""
    return _PATIENT.get()


class Foreground:
    """What somebody waits for in this process: a context that may be entered many times at once."""

    def __init__(self) -> None:
        """Begin with nothing in hand."""
        self._in_hand = 0
        self._calm = Bell()

    def __enter__(self) -> None:
        """One more is in hand until the context ends."""
        self._in_hand += 1

    def __exit__(
        self,
        kind: type[BaseException] | None,
        fault: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """It is done with, however it went."""
        self._in_hand -= 1
        if not self._in_hand:
            self._calm.ring()

    async def give_way(self, most_s: float) -> None:
        """Return at the first moment at which nothing is in hand, or after so many seconds."""
        if self._in_hand:
            await self._calm.wait(self._calm.rings, most_s)
