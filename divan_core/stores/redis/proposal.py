"""What a rule made of a record, in the form that ``amend.lua`` keeps.

A person's value in Redis is when their last lease ends (offline: when the value can go), when the
value can go, the number of the public cell that the person stands in (0 when offline), the length
of what comes next, their last fix, and the packed record. Scripts read what stands before the
record; the record itself only Python reads.
"""

from __future__ import annotations

import struct
from typing import Final

from divan_core.kernel.clock import Millis
from divan_core.kernel.values import value
from divan_core.presence.model import (
    Amendment,
    Cell,
    Fix,
    PersonKey,
    PresenceRecord,
    PublicMove,
    Rule,
)
from divan_core.presence.record import packed, unpacked
from divan_core.stores.redis.guesses import Guess
from divan_core.stores.redis.link import Part
from divan_core.stores.redis.names import cell_number
from divan_core.stores.redis.notices import NoticeSeal

_HEAD: Final = struct.Struct("<dddB")
_NUMBERS: Final = struct.Struct("<5d")
_FIX: Final = struct.Struct("<qddf")
_UNTOLD: Final = (b"", b"")
NOWHERE: Final = 0
"""In place of a cell's number: the person stands in none."""
NEVER: Final = 0
"""In place of when the person was heard: not anew."""


def stored_record(value: bytes) -> bytes:
    """The packed record of a person's value."""
    *_, fix_bytes = _HEAD.unpack_from(value)
    return value[_HEAD.size + fix_bytes :]


def stored_fix(data: bytes) -> Fix | None:
    """The last fix of a person's value."""
    return Fix(*_FIX.unpack(data)) if data else None


def live_record(data: bytes, now: Millis) -> PresenceRecord | None:
    """A packed record as an object; None for none, and for one that has ended."""
    if not data:
        return None
    record = unpacked(data)
    return record if record.keep_until > now else None


@value
class Proposal:
    """A person's record as it was believed to be, and as it shall be.

    ``expected`` and ``data`` are packed records, empty for none; ``data`` is the new one. ``left``
    and ``entered`` are the public cells in which others find the person before and after.
    """

    key: PersonKey
    amendment: Amendment
    now: Millis
    expected: bytes
    data: bytes
    left: Cell | None
    entered: Cell | None
    deadline: Millis
    keep_until: Millis
    heard_anew: bool

    @classmethod
    def of(cls, key: PersonKey, guess: Guess, rule: Rule, now: Millis) -> Proposal:
        """What the rule makes of the record expected."""
        expected, before = guess
        amendment = rule(before)
        record = amendment.record
        until, keep_until = record.online_until, record.keep_until
        online = until > now
        return cls(
            key=key,
            amendment=amendment,
            now=now,
            expected=expected,
            data=packed(record) if keep_until > now else b"",
            left=before.cell if before is not None and before.online(now) else None,
            entered=record.cell if online else None,
            deadline=until if online else keep_until,
            keep_until=keep_until,
            heard_anew=record.here() != (before.here() if before is not None else None),
        )

    @property
    def kept(self) -> PresenceRecord | None:
        """The record that ``data`` is."""
        return self.amendment.record if self.data else None

    def arguments(self, notices: tuple[bytes, bytes], lifetime_ms: int) -> list[Part]:
        """The arguments 1 to 6 of ``amend.lua``; its keys outlive the heartbeat by a lifetime."""
        cell = cell_number(self.entered) if self.entered is not None else NOWHERE
        here = self.amendment.record.here()
        heard = here.at if here is not None and self.heard_anew else NEVER
        return [
            _NUMBERS.pack(self.now, self.deadline, cell, heard, lifetime_ms),
            self.key.user_id.bytes,
            self.expected,
            self._value(cell, here),
            *notices,
        ]

    def notices(self, seal: NoticeSeal, *, absent: bool = False) -> tuple[bytes, bytes]:
        """The notice of the public move, and the one for leaving again; empty without a move.

        ``absent``: the index has the person nowhere, whatever the record says.
        """
        left, entered = None if absent else self.left, self.entered
        if left == entered and not absent:
            return _UNTOLD
        campus_id = self.key.campus_id
        move = seal.sealed(PublicMove(campus_id, left, entered))
        return move, seal.sealed(PublicMove(campus_id, entered, None)) if entered else b""

    def _value(self, cell: int, here: Fix | None) -> bytes:
        if not self.data:
            return b""
        fix = _FIX.pack(here.at, here.east, here.north, here.accuracy_m) if here else b""
        return _HEAD.pack(self.deadline, self.keep_until, cell, len(fix)) + fix + self.data
