"""What a process expects."""

import pytest

from divan_core.activities import agenda
from divan_core.activities.agenda import Agenda
from divan_core.kernel.clock import Millis


def test_the_next_moment_comes_first() -> None:
    expected = Agenda()
    assert expected.next() is None
    for moment, rings in ((30, 1), (20, 2), (40, 2), (20, 3)):
        expected.expect(Millis(moment))
        assert expected.bell.rings == rings
    assert expected.next() == 20
    expected.passed(Millis(19))
    assert expected.next() == 20
    expected.passed(Millis(30))
    assert expected.next() == 40


def test_it_stays_small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(agenda, "MOST_EXPECTED", 2)
    expected = Agenda()
    for moment in (3, 2, 1):
        expected.expect(Millis(moment))
    assert expected.next() == 2
