"""What heartbeats are accepted, and what becomes of a record."""

import math

import attrs
import pytest

from divan_core.errors import (
    AccuracyTooLow,
    ClockSkew,
    ImplausibleMovement,
    OutsideCampus,
    ValidationFailed,
)
from divan_core.kernel.clock import Millis
from divan_core.kernel.geo import CampusArea, LocalFrame, Point
from divan_core.presence import policy
from divan_core.presence.messages import Heartbeat
from divan_core.presence.model import Cell, Fix, Lease, Offset, PresenceRecord

NOW = Millis(1_790_000_000_000)
BEAT = Heartbeat(45.5, -73.57, 10.0, "phone", NOW)
HERE = Fix(NOW, 10.0, 10.0, 5.0)
NONE = Offset(1, 0.0, 0.0)
PHONE, LAPTOP = policy.fingerprint("phone"), policy.fingerprint("laptop")


def later(seconds: float, east: float = 10.0) -> Fix:
    return attrs.evolve(HERE, at=Millis(NOW + round(seconds * 1000)), east=east)


def test_a_good_heartbeat_passes() -> None:
    policy.check_heartbeat(BEAT, NOW)
    policy.check_heartbeat(attrs.evolve(BEAT, accuracy_m=50.0, ts_client=NOW - 300_000), NOW)


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf, 181.0, -181.0])
def test_every_bad_coordinate_is_named(bad: float) -> None:
    with pytest.raises(ValidationFailed) as caught:
        policy.check_heartbeat(attrs.evolve(BEAT, lat=bad, lon=bad, accuracy_m=0.5), NOW)
    assert [one.path for one in caught.value.errors] == ["$.lat", "$.lon", "$.accuracy_m"]


def test_accuracy() -> None:
    with pytest.raises(ValidationFailed):
        policy.check_heartbeat(attrs.evolve(BEAT, accuracy_m=math.nan), NOW)
    for vague in (50.01, math.inf):
        with pytest.raises(AccuracyTooLow):
            policy.check_heartbeat(attrs.evolve(BEAT, accuracy_m=vague), NOW)


@pytest.mark.parametrize("off", [300_001, -300_001])
def test_a_wrong_clock(off: int) -> None:
    with pytest.raises(ClockSkew):
        policy.check_heartbeat(attrs.evolve(BEAT, ts_client=NOW + off), NOW)


def test_a_campus_has_an_edge() -> None:
    area = CampusArea(LocalFrame(Point(45.5, -73.57)), 100)
    assert policy.located(BEAT, area, NOW) == Fix(NOW, 0.0, 0.0, 10.0)
    with pytest.raises(OutsideCampus):
        policy.located(attrs.evolve(BEAT, lat=45.501), area, NOW)


def test_a_heartbeat_is_a_lease_and_a_cell() -> None:
    record = policy.after_heartbeat(None, HERE, PHONE, 25, NONE).record
    assert record == PresenceRecord(
        fixes=(HERE,),
        leases=(Lease(PHONE, Millis(NOW + 90_000)),),
        cell=Cell(25, 0, 0),
        offset=NONE,
    )
    assert record.online(Millis(NOW + 89_999))
    assert not record.online(Millis(NOW + 90_000))


def test_a_device_has_one_lease_and_ended_ones_go() -> None:
    record = policy.after_heartbeat(None, HERE, PHONE, 25, NONE).record
    record = policy.after_heartbeat(record, later(60), LAPTOP, 25, NONE).record
    assert {lease.device for lease in record.leases} == {PHONE, LAPTOP}
    record = policy.after_heartbeat(record, later(90), LAPTOP, 25, NONE).record
    assert record.leases == (Lease(LAPTOP, Millis(NOW + 180_000)),)


def test_devices_are_bounded() -> None:
    record = None
    for number in range(40):
        device = policy.fingerprint(f"device {number}")
        record = policy.after_heartbeat(record, later(number), device, 25, NONE).record
    assert record is not None
    assert len(record.leases) == policy.MAX_DEVICES
    assert record.leases[-1].device == policy.fingerprint("device 39")


def test_a_refused_heartbeat_changes_no_lease_and_no_cell() -> None:
    before = policy.after_heartbeat(None, HERE, PHONE, 25, NONE).record
    amendment = policy.after_heartbeat(before, later(1, 900.0), PHONE, 25, NONE)
    assert isinstance(amendment.refusal, ImplausibleMovement)
    assert amendment.record == attrs.evolve(before, doubted=(later(1, 900.0),))


def test_offline_ends_one_device_or_all_and_keeps_the_fixes() -> None:
    record = policy.after_heartbeat(None, HERE, PHONE, 25, NONE).record
    record = policy.after_heartbeat(record, later(1), LAPTOP, 25, NONE).record
    one = policy.after_offline(record, PHONE).record
    assert [lease.device for lease in one.leases] == [LAPTOP]
    everything = policy.after_offline(record, None).record
    assert everything.leases == ()
    assert everything.fixes == record.fixes
    assert policy.after_offline(None, None).record == PresenceRecord()


def test_privacy_moves_somebody_into_a_cell_of_the_new_size() -> None:
    record = policy.after_heartbeat(None, HERE, PHONE, 25, NONE).record
    assert policy.after_privacy(record, 25, NONE).record == record
    assert policy.after_privacy(record, 200, NONE).record.cell == Cell(200, 0, 0)
    assert policy.after_privacy(None, 200, NONE).record == PresenceRecord()
    assert policy.after_privacy(PresenceRecord(fixes=(HERE,)), 200, NONE).record.cell is None


def test_the_offset_is_drawn_once_an_hour() -> None:
    drawn = Offset(NOW // 3_600_000, 0.5, 0.5)
    record = PresenceRecord(offset=drawn)
    assert policy.current_offset(record, NOW, lambda: NONE) is drawn
    assert policy.current_offset(record, Millis(NOW + 3_600_000), lambda: NONE) is NONE
    assert policy.current_offset(PresenceRecord(), NOW, lambda: NONE) is NONE
    assert policy.current_offset(None, NOW, lambda: NONE) is NONE


def test_a_device_is_kept_as_a_fingerprint() -> None:
    assert len(PHONE) == 8
    assert PHONE != LAPTOP
