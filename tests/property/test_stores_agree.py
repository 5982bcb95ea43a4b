"""Memory and SQLite answer alike, whatever is done to them."""

from collections.abc import Callable, Sequence
from typing import Any

import anyio
from hypothesis import given, settings
from hypothesis import strategies as st

from divan_core.accounts.model import Person, Profile
from divan_core.errors import DivanError
from divan_core.kernel.units import UnitMisused
from divan_core.kernel.visibility import Standing
from divan_core.social.model import Block, Friendship
from divan_core.stores.bundle import RelationalStores, StoreUnit
from divan_core.stores.memory.unit import open_memory
from divan_core.stores.sql.store import open_sql
from divan_core.testing.contracts.samples import campus, campus_id, person, running, user_id
from tests.thorough import examples

Step = tuple[str, Any]
NUMBERS = st.integers(1, 6)
PAIRS = st.tuples(NUMBERS, NUMBERS).filter(lambda pair: pair[0] != pair[1])

PEOPLE = st.builds(
    lambda number, handle, home, standing, major: person(
        number,
        handle=f"person.{handle}",
        campus_id=campus_id(home),
        standing=standing,
        profile=Profile(major),
    ),
    NUMBERS,
    NUMBERS,
    st.integers(1, 3),
    st.sampled_from(Standing),
    st.sampled_from([None, "Geodesy"]),
)

STEPS = st.one_of(
    st.tuples(st.just("people"), st.lists(PEOPLE, max_size=4)),
    st.tuples(st.just("befriend"), PAIRS),
    st.tuples(st.just("unfriend"), PAIRS),
    st.tuples(st.just("block"), PAIRS),
    st.tuples(st.just("unblock"), PAIRS),
    st.tuples(st.just("fail"), st.none()),
)

DO: dict[str, Callable[[StoreUnit, Any], Any]] = {
    "people": lambda unit, people: unit.people.put(people),
    "befriend": lambda unit, pair: unit.relations.befriend([Friendship.between(*ids(pair))]),
    "unfriend": lambda unit, pair: unit.relations.unfriend(Friendship.between(*ids(pair))),
    "block": lambda unit, pair: unit.relations.block([Block(*ids(pair))]),
    "unblock": lambda unit, pair: unit.relations.unblock(Block(*ids(pair))),
}


def ids(pair: tuple[int, int]) -> tuple[Any, Any]:
    return user_id(pair[0]), user_id(pair[1])


async def perform(stores: RelationalStores, steps: Sequence[Step]) -> object:
    """Do the steps in one unit; its answers, or the name of what it raised."""

    async def body(unit: StoreUnit) -> list[object]:
        answers: list[object] = []
        for name, what in steps:
            if name == "fail":
                raise LookupError
            answers.append(await DO[name](unit, what))
        return answers

    try:
        return await stores.units.write(body)
    except (DivanError, LookupError, UnitMisused) as refused:
        return type(refused).__name__


async def everything(stores: RelationalStores) -> list[object]:
    """All that can be asked."""

    async def body(unit: StoreUnit) -> list[object]:
        answers: list[object] = [list(await unit.campuses.page(None, 9))]
        for home in (1, 2, 3):
            first: list[Person] = list(await unit.people.page(campus_id(home), None, 2))
            last = first[-1].id if first else None
            answers += [first, list(await unit.people.page(campus_id(home), last, 9))]
            answers.append(await unit.people.count(campus_id(home)))
        for number in range(1, 7):
            answers.append(await unit.people.get(user_id(number)))
            answers.append(list(await unit.relations.friends(user_id(number), user_id(2), 3)))
            answers.append(list(await unit.relations.blocked_by(user_id(number), None, 3)))
        handles = [f"person.{number}" for number in range(1, 7)]
        return [*answers, await unit.people.handles(handles)]

    people = [user_id(number) for number in range(1, 7)]
    relations = [await stores.people.relations(one) for one in people]
    return [await stores.units.read(body), await stores.people.cards(people), relations]


async def compare(units: Sequence[Sequence[Step]]) -> None:
    memory = open_memory()
    async with running(open_sql("sqlite://")) as sql:
        for stores in (memory, sql):
            await stores.units.write(lambda unit: unit.campuses.put([campus(1), campus(2)]))
        for steps in units:
            assert await perform(memory, steps) == await perform(sql, steps)
            assert await everything(memory) == await everything(sql)


@settings(max_examples=examples(40), deadline=None)
@given(st.lists(st.lists(STEPS, min_size=1, max_size=5), max_size=8))
def test_memory_and_sqlite_agree(units: list[list[Step]]) -> None:
    anyio.run(compare, units)
