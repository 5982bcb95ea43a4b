"""Checking a chain from its beginning: pure, entry by entry, in constant memory."""

from __future__ import annotations

import enum
import hashlib
import hmac
import json
from collections.abc import Iterable, Sequence
from typing import Final

import attrs

from divan_core.kernel.clock import Millis
from divan_core.moderation.chain import Chain, Entry, Link

_FIELDS: Final = {"at", "count", "head", "signature"}


class FaultKind(enum.Enum):
    """What is wrong with a chain.

    ``CHANGED``: an entry is not as it was written, or not where. ``MISSING``: a number is left
    out. ``TRUNCATED``: entries at the end are gone. ``ROLLED_BACK``: an earlier state was brought
    back and went on from there. ``ADDED``: an entry nobody wrote. ``CHECKPOINT``: a checkpoint was
    not signed here.
    """

    CHANGED = "changed"
    MISSING = "missing"
    TRUNCATED = "truncated"
    ROLLED_BACK = "rolled_back"
    ADDED = "added"
    CHECKPOINT = "checkpoint"


@attrs.frozen
class Fault:
    """The first thing that is wrong: its kind, and the number of the first bad entry.

    Of a checkpoint, ``seq`` is the number of its line in the file.
    """

    kind: FaultKind
    seq: int


@attrs.frozen
class Checkpoint:
    """How far a chain had come at a moment: what it must still have, whatever follows."""

    count: int
    head: bytes
    at: Millis


class Signer:
    """Signs checkpoints as lines of JSON, and reads them."""

    def __init__(self, key: bytes) -> None:
        """Sign with ``key``, which is secret and at least 32 bytes long."""
        self._key = key

    def line(self, checkpoint: Checkpoint) -> str:
        """The checkpoint as a line of JSON, with its signature."""
        said = {"at": checkpoint.at, "count": checkpoint.count, "head": checkpoint.head.hex()}
        return json.dumps(said | {"signature": self._signature(checkpoint)}, sort_keys=True)

    def read(self, lines: Iterable[str]) -> tuple[tuple[Checkpoint, ...], Fault | None]:
        """The checkpoints that were signed here, and the first line that was not."""
        found, fault = list[Checkpoint](), None
        for number, line in enumerate(lines, 1):
            checkpoint = self._one(line)
            if checkpoint is not None:
                found.append(checkpoint)
            elif fault is None:
                fault = Fault(FaultKind.CHECKPOINT, number)
        return tuple(found), fault

    def _one(self, line: str) -> Checkpoint | None:
        try:
            said = json.loads(line)
            if set(said) != _FIELDS:
                return None
            found = Checkpoint(int(said["count"]), bytes.fromhex(said["head"]), Millis(said["at"]))
            genuine = hmac.compare_digest(self._signature(found), str(said["signature"]))
        except (TypeError, ValueError, OverflowError):
            return None
        return found if genuine else None

    def _signature(self, checkpoint: Checkpoint) -> str:
        said = f"{checkpoint.count}:{checkpoint.head.hex()}:{checkpoint.at}"
        return hmac.new(self._key, said.encode(), hashlib.sha256).hexdigest()


class Inspection:
    """Goes through a chain, and stops at the first entry that is wrong."""

    def __init__(self, chain: Chain, checkpoints: Iterable[Checkpoint] = ()) -> None:
        """Begin before the first entry; the chain has to pass through these checkpoints."""
        self._chain = chain
        self._marks = {one.count: one.head for one in checkpoints if one.count > 0}
        self._passed = 0
        self.end = Link()
        self.erased = 0
        self.fault: Fault | None = None

    def go_on(self, entries: Sequence[Entry]) -> bool:
        """Check the entries that follow, by number; whether all of them are right."""
        seq, mac, holds, marks = self.end.seq, self.end.mac, self._chain.holds, self._marks
        erased = 0
        for entry in entries:
            fault = None
            if entry.seq != seq + 1:
                fault = Fault(FaultKind.MISSING, seq + 1)
            elif not holds(mac, entry):
                fault = Fault(FaultKind.CHANGED, seq + 1)
            elif entry.seq in marks and marks[entry.seq] != entry.mac:
                fault = Fault(FaultKind.ROLLED_BACK, self._passed + 1)
            if fault is not None:
                self.fault = fault
                break
            seq, mac = entry.seq, entry.mac
            if seq in marks:
                self._passed = seq
            if entry.words is None and entry.is_erased:
                erased += 1
        self.end, self.erased = Link(seq, mac), self.erased + erased
        return self.fault is None

    def finish(self, head: Link, beyond: int | None) -> None:
        """Check the end: it is where the head and the checkpoints say, and nothing is ``beyond``.

        ``beyond`` is the number of an entry after the head.
        """
        furthest = max((head.seq, *self._marks), default=0)
        if self.fault is not None:
            return
        if self.end.seq < furthest:
            self.fault = Fault(FaultKind.TRUNCATED, self.end.seq + 1)
        elif beyond is not None:
            self.fault = Fault(FaultKind.ADDED, beyond)
        elif not hmac.compare_digest(self.end.mac, head.mac):
            self.fault = Fault(FaultKind.CHANGED, head.seq)
