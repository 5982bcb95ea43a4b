"""The attack on people's positions, for anyone to run.

Twenty accounts ask ten thousand times from any positions they like and use everything an answer
tells: who is listed at which radius, the distances, and the moment at which they change. They know
the lattice. What they cannot know is the secret offset, so what they find in the end is a cell.
"""

from __future__ import annotations

import math
import random
from collections.abc import Awaitable, Callable, Sequence
from statistics import median
from typing import Final

import attrs
from msgspec import UNSET

from divan_core.accounts.messages import CreateCampus, CreatePerson
from divan_core.divan import Divan
from divan_core.kernel.actor import Actor
from divan_core.kernel.clock import Millis
from divan_core.kernel.geo import LocalFrame, Point
from divan_core.kernel.ids import CampusId, UserId
from divan_core.kernel.limits import Limit
from divan_core.presence.messages import Heartbeat, NearbyQuery
from divan_core.presence.model import Cell, Fix, Neighbourhood, PersonKey, Reach
from divan_core.settings import Settings
from divan_core.stores.bundle import LiveStores, Stores
from divan_core.stores.factories import memory_stores
from divan_core.stores.memory.bus import MemoryBus
from divan_core.stores.memory.journal import MemoryJournal
from divan_core.stores.memory.limits import MemoryRateLimits
from divan_core.stores.memory.notices import MemoryNotices, MemoryPersonNotices
from divan_core.stores.memory.presence import MemoryPresence
from divan_core.stores.memory.signals import MemorySignals
from divan_core.stores.memory.turnstile import MemoryTurnstile
from divan_core.stores.memory.unit import open_memory
from divan_core.testing.attack import (
    Change,
    Hint,
    Place,
    Region,
    cell_of,
    cells_around,
    walking_guess,
)
from divan_core.testing.clock import ManualClock, SeededEntropy, SeededIds

CENTRE: Final = Point(45.5048, -73.5772)
TARGETS: Final = 100
_HALF_SIDE_M: Final = 250.0
_WALK_M_S: Final = 0.4
_WALK_RADIUS_M: Final = 2000
_STEP_S: Final = 2
_MOVE_S: Final = 91
_PER_POSITION: Final = 25


@attrs.frozen
class Plan:
    """How hard to try. ``cell_m`` is the deployment's floor in metres."""

    accounts: int = attrs.field(default=20, validator=attrs.validators.ge(3))
    queries: int = attrs.field(default=10_000, validator=attrs.validators.ge(100))
    seed: int = 1
    cell_m: int = 25


@attrs.frozen
class Finding:
    """How far from the truth the guesses were, in metres, over all targets."""

    target: str
    queries: int
    targets: int
    best_m: float
    median_m: float
    median_cells: float


async def probe(plan: Plan) -> list[Finding]:
    """Attack a still target, a walking one, and a still one that is not protected."""
    return [
        await attacked("still", plan, still, memory_stores),
        await attacked("walking", plan, walking, memory_stores),
        await attacked("still, unprotected", plan, still, leaky_stores),
    ]


Errors = list[float]
Attack = Callable[["World"], Awaitable[Errors]]


async def attacked(
    name: str, plan: Plan, attack: Attack, stores: Callable[[ManualClock], Stores]
) -> Finding:
    """Run one attack on a world of its own, and say what it found."""
    clock = ManualClock()
    settings = Settings(env="test", location_floor_m=plan.cell_m)
    async with Divan.open(
        settings,
        stores=stores(clock),
        clock=clock,
        ids=SeededIds(plan.seed),
        entropy=SeededEntropy(plan.seed),
    ) as divan:
        world = World(divan, clock, plan)
        await world.populate()
        errors = await attack(world)
    middle = median(errors)
    return Finding(name, world.asked, len(errors), min(errors), middle, middle / plan.cell_m)


class World:
    """A campus of targets and attackers, on a clock of its own."""

    def __init__(self, divan: Divan, clock: ManualClock, plan: Plan) -> None:
        """Nobody is there yet; see :meth:`populate`."""
        self.clock = clock
        self.plan = plan
        self.asked = 0
        self.random = random.Random(plan.seed)
        self.attackers: list[Actor] = []
        self.targets: list[Actor] = []
        self._divan = divan
        self._frame = LocalFrame(CENTRE)

    async def populate(self) -> None:
        """Found the campus and its people."""
        campus = await self._divan.accounts.create_campus(
            CreateCampus("Probe", CENTRE.lat, CENTRE.lon)
        )
        for number in range(self.plan.accounts):
            self.attackers.append(await self._person(campus.id, f"attacker{number}"))
        for number in range(TARGETS):
            self.targets.append(await self._person(campus.id, f"target{number}"))

    async def _person(self, campus_id: CampusId, handle: str) -> Actor:
        person = await self._divan.accounts.create_person(
            CreatePerson(campus_id, handle, handle.title())
        )
        return await self._divan.accounts.actor(person.user_id)

    async def stand(self, people: Sequence[Actor], places: Sequence[Place]) -> None:
        """Send everybody's heartbeat from their place."""
        for actor, place in zip(people, places, strict=True):
            at = self._frame.position(*place)
            beat = Heartbeat(at.lat, at.lon, 5.0, "probe", self.clock.now())
            await self._divan.presence.heartbeat(actor, beat)

    async def hints(self, attacker: Actor, place: Place, radius_m: int) -> list[Hint]:
        """Ask once; what the answer tells about each target."""
        self.asked += 1
        told = await self._told(attacker, radius_m)
        cell_m = self.plan.cell_m
        return [
            Hint(place, distance - cell_m, min(distance, max(radius_m, cell_m)))
            if (distance := told.get(target.user_id)) is not None
            else Hint(place, max(radius_m, cell_m), math.inf)
            for target in self.targets
        ]

    async def _told(self, attacker: Actor, radius_m: int) -> dict[UserId, int]:
        query = NearbyQuery(radius_m=radius_m, limit=200)
        page = await self._divan.presence.nearby(attacker, query)
        return {one.user_id: one.distance_m for one in page.items if one.distance_m is not UNSET}

    def anywhere(self, half_side_m: float = _HALF_SIDE_M) -> Place:
        """A random place."""
        half = half_side_m
        return self.random.uniform(-half, half), self.random.uniform(-half, half)


async def still(world: World) -> Errors:
    """Targets stand still; attackers change their positions and radii. Each target's error."""
    truth = [world.anywhere() for _ in world.targets]
    regions = [Region(_HALF_SIDE_M + 50.0) for _ in world.targets]
    while world.asked < world.plan.queries:
        world.clock.advance(_MOVE_S)
        places = [world.anywhere(2 * _HALF_SIDE_M) for _ in world.attackers]
        await world.stand(world.attackers, places)
        for _ in range(_PER_POSITION):
            world.clock.advance(_STEP_S)
            await world.stand(world.targets, truth)
            await world.stand(world.attackers, places)
            for attacker, place in zip(world.attackers, places, strict=True):
                radius_m = world.random.randint(10, 1000)
                for region, hint in zip(
                    regions, await world.hints(attacker, place, radius_m), strict=True
                ):
                    region.learn(hint)
    return [math.dist(region.guess(), place) for region, place in zip(regions, truth, strict=True)]


class Track:
    """What is learned of one walking target: its cell, and every change of it."""

    def __init__(self, cell_m: int) -> None:
        """Nothing is known yet."""
        self.cell: Cell | None = None
        self.changes: list[Change] = []
        self._everywhere = cells_around(Cell(cell_m, 0, 0), math.ceil(1000 / cell_m))
        self._last: list[Hint] = []

    def learn(self, hints: list[Hint], second: float) -> None:
        """The hints of one moment, from all attackers at once."""
        if hints == self._last:
            return
        self._last = hints
        near = self._everywhere if self.cell is None else cells_around(self.cell, 2)
        found = cell_of(hints, near)
        if found is not None and self.cell is not None and found != self.cell:
            self.changes.append(Change(second, self.cell, found))
        self.cell = found or self.cell


async def walking(world: World) -> Errors:
    """Targets walk straight over cell edges; attackers stand and watch. Each target's error."""
    tracks = [Track(world.plan.cell_m) for _ in world.targets]
    starts = [world.anywhere() for _ in world.targets]
    headings = [world.random.uniform(0, math.tau) for _ in world.targets]
    places = [world.anywhere(2 * _HALF_SIDE_M) for _ in world.attackers]
    second = 0.0
    while world.asked < world.plan.queries:
        second += _STEP_S
        world.clock.advance(_STEP_S)
        await world.stand(world.targets, _walked(starts, headings, second))
        await world.stand(world.attackers, places)
        answers = [
            await world.hints(attacker, place, _WALK_RADIUS_M)
            for attacker, place in zip(world.attackers, places, strict=True)
        ]
        for track, hints in zip(tracks, zip(*answers, strict=True), strict=True):
            track.learn(list(hints), second)
    moment = second / 2
    truth = _walked(starts, headings, moment)
    return [
        math.dist(walking_guess(track.changes, track.cell, moment), place)
        for track, place in zip(tracks, truth, strict=True)
        if track.cell is not None
    ]


def _walked(starts: Sequence[Place], headings: Sequence[float], second: float) -> list[Place]:
    way = _WALK_M_S * second
    return [
        (east + way * math.cos(heading), north + way * math.sin(heading))
        for (east, north), heading in zip(starts, headings, strict=True)
    ]


def leaky_stores(clock: ManualClock) -> Stores:
    """Stores whose presence gives exact positions away."""
    notices = MemoryNotices()
    journal = MemoryJournal(clock, notices)
    limits = MemoryRateLimits(clock)
    presence = LeakyPresence(journal, limits, notices)
    live = LiveStores(
        journal=journal,
        limits=limits,
        turnstile=MemoryTurnstile(journal, limits),
        presence=presence,
        signals=MemorySignals(presence),
        notices=notices,
        person_notices=MemoryPersonNotices(),
        bus=MemoryBus(clock),
    )
    return Stores.of(open_memory(), live)


def _cell_around(here: Fix, size_m: int) -> Cell:
    """A cell that gives its person away: it lies off the lattice, its middle where they are."""
    column, row = here.east / size_m - 0.5, here.north / size_m - 0.5
    return Cell(size_m, column, row)  # type: ignore[arg-type]  # a place between whole numbers


class LeakyPresence(MemoryPresence):
    """Presence as most applications build it: exact positions inside, rounded distances outside.

    It shows that the attack works where it can.
    """

    async def around(
        self, key: PersonKey, reach: Reach, now: Millis, *, since: bytes, limit: Limit | None = None
    ) -> Neighbourhood:
        """Everyone around at their exact position."""
        wider = attrs.evolve(reach, radius_m=reach.radius_m + 100.0)
        hood = await super().around(key, wider, now, since=since, limit=limit)
        cells = []
        for cell, people in hood.cells:
            for user_id in people:
                record = await self.record(PersonKey(key.campus_id, user_id), now)
                here = record.here() if record is not None else None
                if here is not None:
                    cells.append((_cell_around(here, cell.size_m), (user_id,)))
        return attrs.evolve(hood, cells=cells)
