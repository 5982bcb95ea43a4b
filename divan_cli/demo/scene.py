"""What a demo shows: a campus and those who move on it."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import attrs

from divan_cli.demo.plan import Plan, invented_plan
from divan_cli.demo.traces import Replay, centre_of, plan_of, read_traces
from divan_cli.demo.walkers import Crowd, Movement
from divan_cli.seed import CAMPUS, PEOPLE
from divan_core.bulk.lines import CampusLine
from divan_core.kernel.geo import LocalFrame, Point

NAME: Final = "Tilia College"


@attrs.frozen
class Wishes:
    """What the caller asked for: how many people, a seed, and perhaps a recording."""

    people: int | None = None
    seed: int = 1
    traces: Path | None = None


@attrs.frozen
class Scene:
    """A campus, its plan in metres of ``frame``, and the movement of ``people`` on it.

    ``recorded`` tells recorded movement from a simulation.
    """

    campus: CampusLine
    frame: LocalFrame
    plan: Plan
    movement: Movement
    people: int
    recorded: bool = False


def scene_of(wishes: Wishes) -> Scene:
    """The scene that was asked for.

    Raises:
        UnreadableTraces: the recording cannot be replayed.
    """
    if wishes.traces is not None:
        return _recorded(wishes.traces, wishes.people)
    return _invented(PEOPLE if wishes.people is None else wishes.people, wishes.seed)


def _invented(people: int, seed: int) -> Scene:
    """The invented campus with its walkers; the same seed gives the same walks."""
    centre = Point(CAMPUS.lat, CAMPUS.lon)
    plan = invented_plan()
    movement = Crowd(plan, people, seed)
    return Scene(_campus(NAME, centre), LocalFrame(centre), plan, movement, people)


def _recorded(path: Path, people: int | None) -> Scene:
    """The place of a recording, with the first ``people`` of its people."""
    recording = dict(list(read_traces(path).items())[:people])
    centre = centre_of(recording)
    frame = LocalFrame(centre)
    movement = Replay(recording, frame)
    campus = _campus(path.stem.replace("_", " "), centre)
    return Scene(campus, frame, plan_of(recording, frame), movement, len(recording), recorded=True)


def _campus(name: str, centre: Point) -> CampusLine:
    """The seed's campus, in another place."""
    return attrs.evolve(CAMPUS, name=name, lat=centre.lat, lon=centre.lon)
