"""Recorded walkers, and teleports put between their fixes."""

import csv
import math
import os
import random
from collections.abc import Iterator
from pathlib import Path

import attrs

from divan_core.kernel.geo import LocalFrame, Point

FILE = Path(
    os.environ.get("DIVAN_TEST_TRACES")
    or Path(__file__).parents[2].parent / "shared/data/campus_traces.csv"
)
CENTRE = Point(40.0025, 116.32)
FRAME = LocalFrame(CENTRE)


@attrs.frozen
class Step:
    """One fix of one person at a second of the day; ``honest`` unless it was made up."""

    second: float
    person: str
    at: Point
    honest: bool = True


def recorded() -> list[Step]:
    """Every fix of the file, in order of time."""
    with FILE.open(newline="") as lines:
        steps = [
            Step(float(row["t_s"]), row["person"], Point(float(row["lat"]), float(row["lon"])))
            for row in csv.DictReader(lines)
        ]
    return sorted(steps, key=lambda step: (step.second, step.person))


def with_teleports(steps: list[Step], share: float, seed: int = 1) -> Iterator[Step]:
    """The steps, and now and then one of 300-1,500 m in the middle of a person's way."""
    chance, last = random.Random(seed), dict[str, float]()
    for step in steps:
        recent = step.second - last.get(step.person, -math.inf) <= 10
        if recent and chance.random() < share:
            yield attrs.evolve(step, at=_elsewhere(step.at, chance), honest=False)
        last[step.person] = step.second
        yield step


def _elsewhere(at: Point, chance: random.Random) -> Point:
    here, bearing, away = FRAME.locate(at.lat, at.lon), chance.uniform(0, math.tau), 0.0
    away = chance.uniform(310, 1500)
    return FRAME.position(
        here.east + away * math.cos(bearing), here.north + away * math.sin(bearing)
    )
