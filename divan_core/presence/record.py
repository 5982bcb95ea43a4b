"""A presence record as bytes: what every store keeps, so that all keep the same."""

from __future__ import annotations

import struct
from itertools import starmap
from typing import Final

from divan_core.kernel.clock import Millis
from divan_core.presence.model import Cell, Fix, Lease, Offset, PresenceRecord

DEVICE_BYTES: Final = 8
"""Length of a device's fingerprint."""

_HEAD: Final = struct.Struct("<BBBHiiIff")
_FIX: Final = struct.Struct("<qddf")
_LEASE: Final = struct.Struct("<8sq")


def packed(record: PresenceRecord) -> bytes:
    """The record as bytes: counts, public cell (size 0: none), offset (hour 0: none), the rest."""
    cell, offset = record.cell, record.offset
    head = _HEAD.pack(
        len(record.fixes),
        len(record.doubted),
        len(record.leases),
        *((cell.size_m, cell.column, cell.row) if cell else (0, 0, 0)),
        *((offset.hour, offset.east, offset.north) if offset else (0, 0.0, 0.0)),
    )
    fixes = b"".join(
        _FIX.pack(fix.at, fix.east, fix.north, fix.accuracy_m)
        for fix in record.fixes + record.doubted
    )
    return head + fixes + b"".join(_LEASE.pack(one.device, one.until) for one in record.leases)


def unpacked(data: bytes) -> PresenceRecord:
    """The record that :func:`packed` made into these bytes."""
    accepted, doubted, leases, size, column, row, hour, east, north = _HEAD.unpack_from(data)
    first_lease = _HEAD.size + (accepted + doubted) * _FIX.size
    fixes = tuple(starmap(Fix, _FIX.iter_unpack(data[_HEAD.size : first_lease])))
    return PresenceRecord(
        fixes[:accepted],
        fixes[accepted:],
        tuple(starmap(Lease, _LEASE.iter_unpack(data[first_lease:]))) if leases else (),
        Cell(size, column, row) if size else None,
        Offset(hour, east, north) if hour else None,
    )


def glimpse(data: bytes, now: Millis) -> Fix | None:
    """The last accepted fix of a packed record whose lease runs; None if none does.

    What a question needs of its viewer, at a fifth of the cost of :func:`unpacked`.
    """
    accepted, doubted = data[0], data[1]
    first_lease = _HEAD.size + (accepted + doubted) * _FIX.size
    online = any(until > now for _, until in _LEASE.iter_unpack(data[first_lease:]))
    if not online or not accepted:
        return None
    at, east, north, accuracy = _FIX.unpack_from(data, _HEAD.size + (accepted - 1) * _FIX.size)
    return Fix(Millis(at), east, north, accuracy)
