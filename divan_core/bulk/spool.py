"""Lines set aside, to be read more than once."""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Container, Iterator
from typing import IO, Final

IN_MEMORY_BYTES: Final = 16 * 2**20
"""Up to this size a spool stays in memory; then it becomes a file without a name."""

LONGEST_LINE: Final = 2**20
"""Bytes of the longest line that is looked at."""

NumberedLine = tuple[int, bytes]


class Spool(contextlib.AbstractContextManager["Spool"]):
    """Lines with their numbers, in the order in which they were added."""

    def __init__(self) -> None:
        """Begin empty."""
        self._file = tempfile.SpooledTemporaryFile(IN_MEMORY_BYTES)  # noqa: SIM115 - closed by exit
        self.count = 0

    def __exit__(self, *_exc: object) -> None:
        self._file.close()

    def add(self, number: int, raw: bytes) -> None:
        """Keep a line, which has no end of line in it."""
        self._file.write(b"%d %b\n" % (number, raw))
        self.count += 1

    def batches(
        self, size: int, only: Container[int] | None = None
    ) -> Iterator[list[NumberedLine]]:
        """All lines, or only those with such numbers, ``size`` at a time."""
        self._file.seek(0)
        batch: list[NumberedLine] = []
        for line in self._file:
            number, _, raw = line.partition(b" ")
            if only is None or int(number) in only:
                batch.append((int(number), raw.rstrip(b"\n")))
            if len(batch) == size:
                yield batch
                batch = []
        if batch:
            yield batch


def numbered_lines(source: IO[bytes]) -> Iterator[tuple[int, bytes | None]]:
    """The lines that say something, with their numbers; None for one that is too long."""
    number = 0
    while raw := source.readline(LONGEST_LINE):
        number += 1
        if len(raw) == LONGEST_LINE and not raw.endswith(b"\n"):
            while (rest := source.readline(LONGEST_LINE)) and not rest.endswith(b"\n"):
                pass
            yield number, None
        elif said := raw.removeprefix(b"\xef\xbb\xbf" if number == 1 else b"").strip():
            yield number, said
