"""Lines of tasks that would change the same person.

Tasks of one process that amend one record at once would all but one have to try again, and so on:
a thousand calls would cost half a million. In a line each finds the record as it guesses it.
"""

from __future__ import annotations

from collections import deque
from typing import Final

import anyio

_PATIENCE_S: Final = 0.25


class Turns:
    """One task at a time for each person; a courtesy, not a lock: the impatient go ahead."""

    def __init__(self, patience_s: float = _PATIENCE_S) -> None:
        """Nobody waits in line for longer than ``patience_s``."""
        self._patience_s = patience_s
        self._lines: dict[bytes, deque[anyio.Event]] = {}

    def taken(self, name: bytes) -> bool:
        """Take the turn if nobody has it; whether there is one to :meth:`give` on."""
        if name in self._lines:
            return False
        self._lines[name] = deque()
        return True

    async def take(self, name: bytes) -> bool:
        """Wait for a turn; whether there is one to :meth:`give` on."""
        if self.taken(name):
            return True
        line = self._lines[name]
        called = anyio.Event()
        line.append(called)
        try:
            with anyio.move_on_after(self._patience_s):
                await called.wait()
        except BaseException:  # cancelled, perhaps just as the turn came
            self._quit(name, called)
            raise
        if not called.is_set():
            line.remove(called)
        return called.is_set()

    def give(self, name: bytes) -> None:
        """Let the next one have the turn."""
        line = self._lines[name]
        if line:
            line.popleft().set()
        else:
            del self._lines[name]

    def _quit(self, name: bytes, called: anyio.Event) -> None:
        if called.is_set():
            self.give(name)
        else:
            self._lines[name].remove(called)
