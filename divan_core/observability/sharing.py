"""What the processes of one server have measured, for whichever of them is asked.

Each writes what it has to a file of its own in a folder that they share, once a second; whoever is
asked reads those of the others. What a process that has ended has counted stays counted, as a sum
must not go down: its file stays, and a process that starts later makes it a part of its own.
"""

from __future__ import annotations

import os
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Final

import anyio

from divan_core.errors import ConfigurationError
from divan_core.observability.metrics import Metrics
from divan_core.observability.snapshot import Snapshot, read, written

EVERY_S: Final = 1.0
"""How often a process writes."""

STALE_S: Final = 10.0
"""How old the file of a process is that must have ended."""

ABANDONED_S: Final = 60.0
"""How old a file is that may become a part of another one."""

_ENDING: Final = ".metrics"


class SharedMetrics:
    """The metrics of one process, and those of the others beside it."""

    def __init__(self, metrics: Metrics, folder: Path, name: str) -> None:
        """Share ``metrics`` in ``folder``, under a ``name`` that no other process has."""
        self._metrics = metrics
        self._folder = folder
        self._own = folder / f"{name}{_ENDING}"
        self._inherited = Snapshot()

    @classmethod
    def beside_others(cls, metrics: Metrics, folder: str) -> SharedMetrics:
        """Those of this process, in a folder that is made where it is not there.

        Raises:
            ConfigurationError: it cannot be made, or written to.
        """
        path = Path(folder)
        try:
            path.mkdir(parents=True, exist_ok=True, mode=0o700)
            writable = os.access(path, os.W_OK | os.X_OK)
        except OSError as fault:
            raise ConfigurationError(f"Metrics cannot be shared in {folder}.") from fault
        if not writable:
            raise ConfigurationError(f"Metrics cannot be shared in {folder}.")
        return cls(metrics, path, f"{os.getpid()}-{time.time_ns()}")

    @asynccontextmanager
    async def shared(self) -> AsyncIterator[None]:
        """Others see what is measured inside the context, and who asks here sees them."""
        self._take_over()
        self._metrics.others = self._others
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(self._keep_writing)
            try:
                yield
            finally:
                tasks.cancel_scope.cancel()
                self.write()

    def write(self) -> None:
        """Write what was measured so far; where that cannot be, the others see the last of it."""
        whole = self._metrics.snapshot()
        whole.inherit(self._inherited)
        fresh = self._own.with_suffix(".new")
        with suppress(OSError):
            fresh.write_bytes(written(whole))
            fresh.replace(self._own)

    async def _keep_writing(self) -> None:
        while True:
            self.write()
            await anyio.sleep(EVERY_S)

    def _others(self) -> Iterator[Snapshot]:
        yield self._inherited
        for path in set(self._folder.glob(f"*{_ENDING}")) - {self._own}:
            with suppress(OSError, ValueError):
                yield _as_of(path)

    def _take_over(self) -> None:
        """Make what was left behind a part of this process's own; of several, one does."""
        for path in self._folder.glob(f"*{_ENDING}"):
            claimed = path.with_name(f"{path.name}.{self._own.stem}")
            with suppress(OSError, ValueError):
                if _age_s(path) > ABANDONED_S:
                    path.rename(claimed)
                    self._inherited.inherit(read(claimed.read_bytes()))
                    claimed.unlink()


def _as_of(path: Path) -> Snapshot:
    """What a file holds: all of it, or the counts alone of a process that has ended."""
    found = read(path.read_bytes())
    if _age_s(path) > STALE_S:
        found.levels.clear()
    return found


def _age_s(path: Path) -> float:
    return time.time() - path.stat().st_mtime
