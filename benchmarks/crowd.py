"""The scene of searching: a campus of many people with real-looking names, 20 friends each."""

from __future__ import annotations

import functools
import random
from collections.abc import Iterator, Sequence
from typing import Final, TypeVar

from benchmarks import names
from divan_core import Divan
from divan_core.accounts.model import Person
from divan_core.kernel.actor import Actor
from divan_core.kernel.ids import UserId
from divan_core.presence.messages import Heartbeat
from divan_core.social.model import Friendship
from divan_core.testing.clock import SeededIds
from divan_core.testing.contracts.samples import campus, campus_id, person

ItemT = TypeVar("ItemT")

FRIENDS: Final = 20
VIEWERS: Final = 2_000
"""How many different people ask; they are online, too."""

BATCH: Final = 10_000


@functools.cache
def people_ids(count: int) -> Sequence[UserId]:
    """Those of so many people, in order: UUIDv7, as Divan gives them.

    Ids that are counted up leave most places of Python's dictionaries empty and fill the others
    several times, so that what is measured would be the benchmark's own.
    """
    ids = SeededIds(9)
    return [UserId(ids.uuid()) for _ in range(count)]


def viewers(count: int) -> list[UserId]:
    """Who asks, of a campus of so many."""
    chance = random.Random(7)
    return chance.sample(people_ids(count), min(VIEWERS, count))


async def settle(divan: Divan, count: int) -> None:
    """Found the campus and let everybody in."""
    people = (
        person(id=one, handle=handle, display_name=name)
        for one, (handle, name) in zip(people_ids(count), names.people(count), strict=True)
    )
    await divan.stores.units.write(lambda unit: unit.campuses.put([campus()]))
    for portion in _portions(people):
        await _put(divan, portion)
    for pairs in _portions(_friendships(count)):
        await _befriend(divan, pairs)
    for one in viewers(count):
        await _beat(divan, one)


async def _put(divan: Divan, people: Sequence[Person]) -> None:
    await divan.stores.units.write(lambda unit: unit.people.put(people))


async def _befriend(divan: Divan, pairs: Sequence[Friendship]) -> None:
    await divan.stores.units.write(lambda unit: unit.relations.befriend(pairs))


async def _beat(divan: Divan, one: UserId) -> None:
    chance = random.Random(one.int)
    lat, lon = 45.5048 + chance.uniform(-0.005, 0.005), -73.5772 + chance.uniform(-0.005, 0.005)
    command = Heartbeat(lat, lon, 10.0, "phone", divan.clock.now())
    await divan.presence.heartbeat(Actor(one, campus_id(1)), command)


def _friendships(count: int) -> Iterator[Friendship]:
    """Circulant: everybody with those at ten random distances, on both sides; all different."""
    distances = random.Random(8).sample(range(1, count // 2), FRIENDS // 2)
    people = people_ids(count)
    for at, one in enumerate(people):
        for distance in distances:
            yield Friendship.between(one, people[(at + distance) % count])


def _portions(them: Iterator[ItemT]) -> Iterator[Sequence[ItemT]]:
    portion: list[ItemT] = []
    for one in them:
        portion.append(one)
        if len(portion) == BATCH:
            yield portion
            portion = []
    yield portion
