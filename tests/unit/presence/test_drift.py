"""The secret offset: normal, slow, never redrawn, the same everywhere."""

import math
import statistics
from itertools import pairwise
from uuid import UUID

from divan_core.kernel.clock import Millis
from divan_core.kernel.ids import UserId
from divan_core.presence.drift import WEIGHT, Drift
from divan_core.presence.model import HOUR_MS
from divan_core.testing.clock import START_MS

DRIFT = Drift(b"a key of at least sixteen bytes")
PEOPLE = [UserId(UUID(int=number)) for number in range(3000)]


def at(user_id: UserId, hours: int, drift: Drift = DRIFT) -> tuple[float, float]:
    offset = drift.offset(user_id, Millis(START_MS + hours * HOUR_MS))
    return offset.east, offset.north


def test_offsets_are_standard_normal() -> None:
    offsets = [at(one, 0) for one in PEOPLE]
    for axis in zip(*offsets, strict=True):
        assert abs(statistics.fmean(axis)) < 0.06
        assert abs(statistics.pstdev(axis) - 1) < 0.05
    assert abs(statistics.correlation(*zip(*offsets, strict=True))) < 0.06


def test_an_hour_changes_three_percent() -> None:
    path = [at(PEOPLE[0], hour)[0] for hour in range(4000)]
    keep = math.sqrt(1 - WEIGHT**2)
    fresh = [later - keep * earlier for earlier, later in pairwise(path)]
    assert abs(statistics.pstdev(fresh) - WEIGHT) < 0.002
    assert abs(statistics.fmean(fresh)) < 0.002
    assert max(map(abs, fresh)) < 6 * WEIGHT


def test_a_day_changes_little_and_a_year_everything() -> None:
    now, day, year = ([at(one, hours)[0] for one in PEOPLE[:1000]] for hours in (0, 24, 24 * 365))
    assert statistics.correlation(now, day) > 0.98
    assert abs(statistics.correlation(now, year)) < 0.12


def test_every_process_computes_the_same_and_another_key_another() -> None:
    assert at(PEOPLE[5], 77) == at(PEOPLE[5], 77, Drift(b"a key of at least sixteen bytes"))
    assert at(PEOPLE[5], 77) != at(PEOPLE[5], 77, Drift(b"another key of sixteen bytes .."))


def test_within_the_hour_it_stands_still() -> None:
    hour = START_MS // HOUR_MS * HOUR_MS
    offsets = {DRIFT.offset(PEOPLE[1], Millis(hour + extra)) for extra in (0, 1, HOUR_MS - 1)}
    assert len(offsets) == 1
