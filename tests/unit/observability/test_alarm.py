import logging

import pytest

from divan_core.observability.alarm import INTERVAL_MS, Alarm
from divan_core.testing.clock import ManualClock


def test_a_message_is_told_once_a_minute(caplog: pytest.LogCaptureFixture) -> None:
    clock = ManualClock()
    alarm = Alarm(clock)
    for step in (0, INTERVAL_MS - 1, 1, 0):
        clock.advance(step / 1000)
        alarm("it burns")
        alarm("it rains")
    assert [one.message for one in caplog.records] == ["it burns", "it rains"] * 2
    assert {one.levelno for one in caplog.records} == {logging.WARNING}


def test_a_clock_that_was_set_back_silences_nothing(caplog: pytest.LogCaptureFixture) -> None:
    clock = ManualClock()
    alarm = Alarm(clock)
    for step in (0, -3600):
        clock.advance(step)
        alarm("it burns")
    assert len(caplog.records) == 2
