"""A campus of 10,000: what a crawler sees of it in a day, and what becomes of typing slips."""

import itertools
import random
from collections.abc import AsyncIterator, Sequence
from string import ascii_lowercase
from typing import Final

import attrs
import pytest

from benchmarks import names
from divan_core import Divan, Settings, memory_stores
from divan_core.accounts.model import Person
from divan_core.discovery.folding import words
from divan_core.discovery.messages import SearchQuery
from divan_core.errors import EnumerationBudget, RateLimited
from divan_core.kernel.actor import Actor
from divan_core.kernel.ids import UserId
from divan_core.stores.bundle import Stores, StoreUnit
from divan_core.testing.clock import ManualClock
from divan_core.testing.contracts.samples import campus, person

from .campus import ROOMY

pytestmark = pytest.mark.anyio

PEOPLE: Final = 10_000
SLIPS: Final = 2_000
DAY_S: Final = 86_400


@attrs.frozen
class Crowd:
    """The people of a campus and their stores; the first of them asks."""

    stores: Stores
    clock: ManualClock
    people: Sequence[Person]

    @property
    def asking(self) -> Actor:
        return Actor(self.people[0].id, self.people[0].campus_id)


@pytest.fixture(scope="module")
async def crowd() -> Crowd:
    clock = ManualClock()
    stores = memory_stores(clock)
    people = [
        person(number, handle=handle, display_name=name)
        for number, (handle, name) in enumerate(names.people(PEOPLE), 1)
    ]

    async def body(unit: StoreUnit) -> None:
        await unit.campuses.put([campus()])
        await unit.people.put(people)

    await stores.units.write(body)
    return Crowd(stores, clock, people)


async def test_a_crawler_sees_no_more_than_a_twentieth_in_a_day(crowd: Crowd) -> None:
    """Every bigram, in the largest pages, each to its end: as fast as the limits allow.

    The budget lets 500 be seen, which is a twentieth of 10,000 to the person.
    """
    clock, seen = crowd.clock, set[UserId]()
    end = clock.now() + DAY_S * 1000
    async with Divan.open(Settings(env="test"), stores=crowd.stores, clock=clock) as divan:
        for pair in itertools.product(ascii_lowercase, repeat=2):
            async for one in crawled(divan, crowd, "".join(pair)):
                seen.add(one)
    assert clock.now() < end
    assert 100 < len(seen) <= 500
    assert len(crowd.people) == PEOPLE
    assert len(seen) / len(crowd.people) <= 0.05


async def crawled(divan: Divan, crowd: Crowd, typed: str) -> AsyncIterator[UserId]:
    """Everybody who is told of, waiting when told to, until the budget is spent."""
    cursor = None
    while True:
        try:
            query = SearchQuery(typed, 50, cursor)
            page = await divan.discovery.search_users(crowd.asking, query)
        except RateLimited as refused:
            crowd.clock.advance(refused.retry_after or 1)
            continue
        except EnumerationBudget:
            return
        for one in page.items:
            yield one.user_id
        cursor = page.cursor
        if cursor is None:
            return


async def test_slips_of_the_hand_are_forgiven(crowd: Crowd) -> None:
    """One edit in a name of five letters or more: somebody of that name among the first three.

    Where it fails, the slip made a word that is as near to another name: "mateo" is one itself,
    and "garia" is one edit from the many Marias as well as from García.
    """
    chance, missed = random.Random(4), []
    async with Divan.open(ROOMY, stores=crowd.stores, clock=crowd.clock) as divan:
        for _ in range(SLIPS):
            meant, typed = slipped(chance, crowd.people[1:])
            page = await divan.discovery.search_users(crowd.asking, SearchQuery(typed, 3))
            if not any(meant in words(one.display_name) for one in page.items):
                missed.append((meant, typed, [one.display_name for one in page.items]))
    assert len(missed) <= SLIPS * 0.05, missed


def slipped(chance: random.Random, people: Sequence[Person]) -> tuple[str, str]:
    """A word of somebody's name, and what was typed for it."""
    while True:
        long = [one for one in words(chance.choice(people).display_name) if len(one) >= 5]
        if long:
            word = chance.choice(long)
            return word, names.slip(chance, word)
