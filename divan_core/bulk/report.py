"""What an import tells: bad lines by number, and what became of the good ones."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from typing import ClassVar, Final, Literal

import attrs

from divan_core.errors import Conflict, ErrorKind, FieldError, InvalidInput

Kind = Literal["campus", "person", "friendship", "block", "room"]
Fate = Literal["added", "changed", "unchanged"]
Stage = Literal["reading", "checking", "hashing", "writing"]

KINDS: Final[tuple[Kind, ...]] = ("campus", "person", "friendship", "block", "room")

Progress = Callable[[Stage, int, int | None], None]
"""Called now and then, from any thread, with a stage, lines done, and lines in all if known."""


@attrs.frozen
class LineFault:
    """Why a line is not good. Lines are counted from 1."""

    line: int
    message: str


@attrs.frozen
class Tally:
    """How many lines of one kind brought something new, changed something, or neither."""

    kind: Kind
    added: int = 0
    changed: int = 0
    unchanged: int = 0


@attrs.frozen
class ImportReport:
    """What an import did; ``faults`` are the bad lines that were left out, by number."""

    tallies: tuple[Tally, ...]
    faults: tuple[LineFault, ...] = ()


def tallies(fates: Iterable[tuple[Kind, Fate]]) -> tuple[Tally, ...]:
    """Count what became of lines."""
    counts = Counter(fates)
    return tuple(
        Tally(
            kind,
            added=counts[kind, "added"],
            changed=counts[kind, "changed"],
            unchanged=counts[kind, "unchanged"],
        )
        for kind in KINDS
    )


class ImportRefused(InvalidInput):
    """Some lines are bad, so nothing of the file was kept; ``faults`` names every one."""

    kind: ClassVar[ErrorKind] = ErrorKind.INVALID
    code = "import_refused"
    title = "Some lines are not good"

    def __init__(self, faults: tuple[LineFault, ...]) -> None:
        self.faults = faults
        count = len(faults)
        super().__init__(
            f"{count} bad {'line' if count == 1 else 'lines'}; nothing was kept.",
            errors=[FieldError(f"line {fault.line}", fault.message) for fault in faults],
        )


class ImportOvertaken(Conflict):
    """Others changed what the file is about between its check and its writing; nothing is kept."""

    code = "import_overtaken"
    title = "The data changed meanwhile; run the import again"
