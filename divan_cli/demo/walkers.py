"""People who walk between buildings: a simulation without clock, input or output.

Each walks along the shortest path to a door at a speed of their own (1.0-1.8 m/s), stays inside
for a while and goes on. The same seed gives the same day.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Final, Protocol

from divan_cli.demo.plan import Metres, Plan, Shape, between, middle
from divan_cli.demo.routes import Ways, along, length_m

SLOWEST_M_S: Final = 1.0
FASTEST_M_S: Final = 1.8
STAY_S: Final = (15.0, 240.0)
_STARTS_INSIDE: Final = 0.4
_ASIDE_M: Final = (-1.6, 1.6)


class Movement(Protocol):
    """Bodies that move; time passes when it is told to."""

    @property
    def accuracy_m(self) -> float:
        """How well their devices know where they are, in metres."""
        ...

    def advance(self, seconds: float) -> None:
        """Let this much time pass."""
        ...

    def places(self) -> Sequence[Metres | None]:
        """Where each of them is now, in a fixed order; None for whoever is away."""
        ...


class _Walker:
    """One person: on the way along ``line``, or at its end for another ``stay_s`` seconds.

    ``aside`` (metres) is added to every place, so that people do not walk in single file.
    """

    __slots__ = ("aside", "at", "chance", "length_m", "line", "speed_m_s", "stay_s", "walked_m")

    def __init__(self, chance: random.Random) -> None:
        self.chance = chance
        self.speed_m_s = chance.uniform(SLOWEST_M_S, FASTEST_M_S)
        self.aside = (chance.uniform(*_ASIDE_M), chance.uniform(*_ASIDE_M))
        self.at = ""
        self.line: Shape = ()
        self.length_m = self.walked_m = self.stay_s = 0.0

    def set_out(self, line: Shape) -> None:
        self.line = line
        self.length_m = length_m(line)
        self.walked_m = 0.0
        self.stay_s = self.chance.uniform(*STAY_S)

    def spend(self, seconds: float) -> float:
        """Walk, then stay; what is left of the time once both are over."""
        walking = min(seconds, (self.length_m - self.walked_m) / self.speed_m_s)
        self.walked_m += walking * self.speed_m_s
        staying = min(seconds - walking, self.stay_s)
        self.stay_s -= staying
        return seconds - walking - staying

    def place(self) -> Metres:
        east, north = along(self.line, self.walked_m)
        return east + self.aside[0], north + self.aside[1]


class Crowd:
    """A :class:`Movement` of people on a plan.

    What somebody does depends on the seed and on their own number alone.
    """

    accuracy_m: float = 5.0

    def __init__(self, plan: Plan, people: int, seed: int) -> None:
        """Put ``people`` people somewhere into their day."""
        self._plan = plan
        self._ways = Ways(plan)
        self._names = list(plan.destinations)
        self._weights = list(plan.destinations.values())
        self._walkers = [self._newcomer(f"walker {seed} {number}") for number in range(people)]

    def advance(self, seconds: float) -> None:
        """See :class:`Movement`."""
        for walker in self._walkers:
            left = walker.spend(seconds)
            while left > 0:
                self._send(walker)
                left = walker.spend(left)

    def places(self) -> list[Metres]:
        """See :class:`Movement`; nobody is ever away."""
        return [walker.place() for walker in self._walkers]

    def _newcomer(self, seed: str) -> _Walker:
        walker = _Walker(random.Random(seed))  # noqa: S311 - repeatable on purpose
        walker.at = self._somewhere(walker)
        self._send(walker)
        if walker.chance.random() < _STARTS_INSIDE:
            walker.walked_m = walker.length_m
            walker.stay_s *= walker.chance.random()
        else:
            walker.walked_m = walker.length_m * walker.chance.random()
        return walker

    def _send(self, walker: _Walker) -> None:
        """Give the walker another way, from where they are to somewhere else."""
        begin, end = walker.at, walker.at
        while end == begin:
            end = self._somewhere(walker)
        inside = walker.line[-1] if walker.line else self._inside(walker, begin)
        walker.set_out((inside, *self._ways.way(begin, end), self._inside(walker, end)))
        walker.at = end

    def _somewhere(self, walker: _Walker) -> str:
        return walker.chance.choices(self._names, self._weights)[0]

    def _inside(self, walker: _Walker, node: str) -> Metres:
        """A place to stay: behind the door, or beside the path where there is no house."""
        door, chance = self._plan.nodes[node], walker.chance
        house = self._plan.house(node)
        if house is None:
            return door[0] + chance.gauss(0, 5), door[1] + chance.gauss(0, 5)
        east, north = between(door, middle(house.shape), chance.uniform(0.2, 0.9))
        return east + chance.uniform(-4, 4), north + chance.uniform(-4, 4)


class Standing:
    """A :class:`Movement` of people who stay where they are."""

    accuracy_m: float = 5.0

    def __init__(self, places: Sequence[Metres]) -> None:
        """Put one person at each place."""
        self._places = tuple(places)

    def advance(self, seconds: float) -> None:
        """See :class:`Movement`; nothing changes."""

    def places(self) -> Sequence[Metres]:
        """See :class:`Movement`."""
        return self._places
