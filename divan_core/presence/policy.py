"""What heartbeats are accepted, and what becomes of a record."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable, Iterator
from typing import Final

import attrs

from divan_core.errors import (
    AccuracyTooLow,
    ClockSkew,
    FieldError,
    ImplausibleMovement,
    OutsideCampus,
    ValidationFailed,
)
from divan_core.kernel.clock import Millis
from divan_core.kernel.geo import CampusArea, is_position
from divan_core.presence.lattice import public_cell
from divan_core.presence.messages import MAX_ACCURACY_M, Heartbeat
from divan_core.presence.model import (
    HOUR_MS,
    LEASE_MS,
    Amendment,
    Fix,
    Lease,
    Offset,
    PresenceRecord,
)
from divan_core.presence.movement import judge
from divan_core.presence.record import DEVICE_BYTES

MAX_SKEW_MS: Final = 300_000
MAX_DEVICES: Final = 16


def check_heartbeat(command: Heartbeat, now: Millis) -> None:
    """Refuse a heartbeat that no position could make good.

    Raises:
        ValidationFailed: out of range or not finite; every such field is named.
        AccuracyTooLow: ``accuracy_m`` over 50.
        ClockSkew: the client's clock is more than five minutes off.
    """
    if not (is_position(command.lat, command.lon) and command.accuracy_m >= 1):
        raise ValidationFailed(errors=list(_faults(command)))
    if command.accuracy_m > MAX_ACCURACY_M:
        raise AccuracyTooLow("Wait for a fix that is accurate to 50 metres or better.")
    if abs(command.ts_client - now) > MAX_SKEW_MS:
        raise ClockSkew("Set the device's clock; it is more than 5 minutes off.")


def _faults(command: Heartbeat) -> Iterator[FieldError]:
    if not is_position(command.lat, 0.0):
        yield FieldError("$.lat", "must be a finite number of degrees in -90..90")
    if not is_position(0.0, command.lon):
        yield FieldError("$.lon", "must be a finite number of degrees in -180..180")
    if not command.accuracy_m >= 1:
        yield FieldError("$.accuracy_m", "must be at least 1 metre")


def located(command: Heartbeat, area: CampusArea, now: Millis) -> Fix:
    """The heartbeat as a fix in the campus's frame.

    Raises:
        OutsideCampus: farther from the centre than the campus's radius.
    """
    here = area.frame.locate(command.lat, command.lon)
    if math.hypot(here.east, here.north) > area.radius_m:
        raise OutsideCampus(f"This campus ends {area.radius_m} m from its centre.")
    return Fix(now, here.east, here.north, command.accuracy_m)


def fingerprint(device_id: str) -> bytes:
    """What is kept of a device's name."""
    return hashlib.blake2b(device_id.encode(), digest_size=DEVICE_BYTES).digest()


def current_offset(
    record: PresenceRecord | None, now: Millis, draw: Callable[[], Offset]
) -> Offset:
    """The record's offset while its hour lasts, else a newly computed one."""
    if record is not None and record.offset and record.offset.hour == now // HOUR_MS:
        return record.offset
    return draw()


def after_heartbeat(
    record: PresenceRecord | None, fix: Fix, device: bytes, size_m: int, offset: Offset
) -> Amendment:
    """What a heartbeat makes of a record: a lease and a public cell, or a doubt and a refusal."""
    before = record or PresenceRecord()
    verdict = judge(before, fix)
    if not verdict.accepted:
        doubted = attrs.evolve(before, fixes=verdict.fixes, doubted=verdict.doubted)
        return Amendment(doubted, ImplausibleMovement("Nobody moves this fast; try again soon."))
    lease = Lease(device, Millis(fix.at + LEASE_MS))
    others = [one for one in before.leases if one.until > fix.at and one.device != device]
    return Amendment(
        PresenceRecord(
            fixes=verdict.fixes,
            leases=(*others[1 - MAX_DEVICES :], lease) if others else (lease,),
            cell=public_cell(fix.east, fix.north, offset, size_m, before.cell),
            offset=offset,
        )
    )


def after_offline(record: PresenceRecord | None, device: bytes | None) -> Amendment:
    """End one device's lease, or all; the fixes stay, movement is judged by them."""
    before = record or PresenceRecord()
    kept = () if device is None else tuple(x for x in before.leases if x.device != device)
    return Amendment(attrs.evolve(before, leases=kept))


def after_erasure(_record: PresenceRecord | None) -> Amendment:
    """Keep nothing."""
    return Amendment(PresenceRecord())


def after_privacy(record: PresenceRecord | None, size_m: int, offset: Offset) -> Amendment:
    """Move somebody into a cell of another size, from their last exact fix."""
    before = record or PresenceRecord()
    here = before.here()
    if here is None or before.cell is None or before.cell.size_m == size_m:
        return Amendment(before)
    cell = public_cell(here.east, here.north, offset, size_m, None)
    return Amendment(attrs.evolve(before, cell=cell, offset=offset))
