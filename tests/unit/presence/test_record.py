"""Records as bytes."""

from hypothesis import given
from hypothesis import strategies as st

from divan_core.kernel.clock import Millis
from divan_core.presence.model import Cell, Fix, Lease, Offset, PresenceRecord
from divan_core.presence.record import packed, unpacked

moments = st.integers(0, 2**45).map(Millis)
singles = st.floats(width=32, allow_nan=False, allow_infinity=False)
doubles = st.floats(-1e5, 1e5)
fixes = st.lists(st.builds(Fix, moments, doubles, doubles, singles), max_size=6).map(tuple)
leases = st.lists(st.builds(Lease, st.binary(min_size=8, max_size=8), moments), max_size=16).map(
    tuple
)
places = st.integers(-(2**31), 2**31 - 1)
records = st.builds(
    PresenceRecord,
    fixes=fixes,
    doubted=fixes,
    leases=leases,
    cell=st.none() | st.builds(Cell, st.integers(1, 1000), places, places),
    offset=st.none() | st.builds(Offset, st.integers(1, 2**32 - 1), singles, singles),
)


@given(records)
def test_what_is_packed_is_unpacked(record: PresenceRecord) -> None:
    assert unpacked(packed(record)) == record


def test_a_record_is_small() -> None:
    record = PresenceRecord(
        fixes=(Fix(Millis(1), 1.0, 2.0, 3.0),) * 4,
        leases=(Lease(bytes(8), Millis(1)),),
        cell=Cell(25, 1, 1),
        offset=Offset(1, 0.0, 0.0),
    )
    assert len(packed(record)) <= 200


@given(records)
def test_a_record_is_kept_until_nothing_of_it_counts(record: PresenceRecord) -> None:
    assert record.keep_until >= record.online_until
    for fix in record.fixes + record.doubted:
        assert record.keep_until >= fix.at + 90_000
