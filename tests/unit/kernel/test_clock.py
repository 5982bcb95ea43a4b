"""Times as text."""

from divan_core.kernel.clock import Millis, rfc3339


def test_rfc3339_has_milliseconds_and_utc() -> None:
    assert rfc3339(Millis(0)) == "1970-01-01T00:00:00.000Z"
    assert rfc3339(Millis(1_790_000_000_045)) == "2026-09-21T14:13:20.045Z"
