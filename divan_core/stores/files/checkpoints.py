"""Checkpoints of the audit in a file, one line each."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import anyio.to_thread

from divan_core.errors import StoreUnavailable

_NOT_NOW: Final = "The file of checkpoints cannot be used now."


class FileCheckpoints:
    """A :class:`~divan_core.moderation.ports.Checkpoints`. Any number of processes may append."""

    def __init__(self, path: Path) -> None:
        """Keep them in ``path``, which is made when there is something to keep."""
        self._path = path

    async def lines(self) -> Sequence[str]:
        """All of them, oldest first."""
        return await anyio.to_thread.run_sync(self._lines)

    async def add(self, line: str) -> None:
        """Append one, durably: by one call, so that lines of several processes never mix."""
        await anyio.to_thread.run_sync(self._add, line)

    def _lines(self) -> Sequence[str]:
        try:
            return self._path.read_text(encoding="utf-8", errors="replace").splitlines()
        except FileNotFoundError:
            return ()
        except OSError as fault:
            raise StoreUnavailable(_NOT_NOW) from fault

    def _add(self, line: str) -> None:
        flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT
        try:
            file = os.open(self._path, flags, 0o600)
            try:
                os.write(file, f"{line}\n".encode())
                os.fsync(file)
            finally:
                os.close(file)
        except OSError as fault:
            raise StoreUnavailable(_NOT_NOW) from fault
