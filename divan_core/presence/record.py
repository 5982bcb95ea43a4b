"""A presence record as bytes: what every store keeps, so that all keep the same."""

from __future__ import annotations

import functools
import struct
from itertools import starmap
from typing import Any, Final

from divan_core.kernel.clock import Millis
from divan_core.presence.model import Cell, Fix, Lease, Offset, PresenceRecord

DEVICE_BYTES: Final = 8
"""Length of a device's fingerprint."""

_HEAD: Final = struct.Struct("<BBBHiiIff")
_FIX: Final = struct.Struct("<qddf")
_LEASE: Final = struct.Struct("<8sq")
_NO_CELL: Final = (0, 0, 0)
_NO_OFFSET: Final = (0, 0.0, 0.0)


@functools.cache
def _form(fixes: int, leases: int) -> struct.Struct:
    """How so many fixes and leases are written: at once, in two thirds of the time of each alone.

    There are few such forms, as a record has few fixes and leases.
    """
    return struct.Struct(_HEAD.format + "qddf" * fixes + "8sq" * leases)


def packed(record: PresenceRecord) -> bytes:
    """The record as bytes: counts, public cell (size 0: none), offset (hour 0: none), the rest."""
    cell, offset, fixes = record.cell, record.offset, record.fixes + record.doubted
    parts: list[Any] = [len(record.fixes), len(record.doubted), len(record.leases)]
    parts += (cell.size_m, cell.column, cell.row) if cell is not None else _NO_CELL
    parts += (offset.hour, offset.east, offset.north) if offset is not None else _NO_OFFSET
    for fix in fixes:
        parts += (fix.at, fix.east, fix.north, fix.accuracy_m)
    for lease in record.leases:
        parts += (lease.device, lease.until)
    return _form(len(fixes), len(record.leases)).pack(*parts)


def unpacked(data: bytes, start: int = 0) -> PresenceRecord:
    """The record that :func:`packed` made into the bytes from ``start`` on."""
    accepted, doubted, leases, size, column, row, hour, east, north = _HEAD.unpack_from(data, start)
    fixes_from = start + _HEAD.size
    leases_from = fixes_from + (accepted + doubted) * _FIX.size
    fixes = tuple(starmap(Fix, _FIX.iter_unpack(data[fixes_from:leases_from])))
    return PresenceRecord(
        fixes[:accepted],
        fixes[accepted:],
        tuple(starmap(Lease, _LEASE.iter_unpack(data[leases_from:]))) if leases else (),
        Cell(size, column, row) if size else None,
        Offset(hour, east, north) if hour else None,
    )


def glimpse(data: bytes, now: Millis, start: int = 0) -> Fix | None:
    """The last accepted fix of a packed record whose lease runs; None if none does.

    What a question needs of its viewer, at a fifth of the cost of :func:`unpacked`.
    """
    accepted, doubted, leases = data[start], data[start + 1], data[start + 2]
    if not accepted:
        return None
    fixes_from = start + _HEAD.size
    leases_from = fixes_from + (accepted + doubted) * _FIX.size
    for number in range(leases):
        _, until = _LEASE.unpack_from(data, leases_from + number * _LEASE.size)
        if until > now:
            return Fix(*_FIX.unpack_from(data, fixes_from + (accepted - 1) * _FIX.size))
    return None
