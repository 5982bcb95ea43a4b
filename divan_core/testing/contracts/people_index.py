"""Finding people by their names, held against a search that looks at everybody."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Iterable, Sequence
from typing import Any, Final
from uuid import UUID, uuid4

import attrs
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from divan_core.accounts.handles import skeleton
from divan_core.accounts.model import Person, Privacy
from divan_core.discovery.model import MOST_IN_TIER, Entry, Tier, Wanted, entry, wanted
from divan_core.discovery.policy import cut, tier_of
from divan_core.kernel.ids import CampusId, UserId
from divan_core.kernel.visibility import Standing, Visibility
from divan_core.stores.bundle import RelationalStores, StoreUnit
from divan_core.testing.contracts.samples import campus, campus_id, person, user_id

SLOW: Final = settings(
    max_examples=15,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
"""Fixtures are shared by all examples, so each example has a campus of its own."""

_TYPICAL: Final = """
    Maria Marie Mar Mariana Marianne Ana Anna Anaïs Hanna Banana Jo José Joseph Josephine Ng
    Nguyễn Wang Wan Wangchuk Łukasz Lukas Müller Mueller Ælfgar O'Brien Aaaaaaaaaa Abababab
    Li Wu Ma X Мария Марина Иван Иванова محمد الحداد Ελένη सिमरन Garcia
    王 王小明 小明 김민지 田中 さくら
    Garcías Gracia Garzia Lopez Lopes Martin Martín Martinez Fernanda Fernandez
"""
_WORDS: Final = _TYPICAL.split()

NAMES: Final = st.lists(
    st.sampled_from(_WORDS) | st.text("abmrn", min_size=1, max_size=9), min_size=1, max_size=4
).map(" ".join)

HANDLES: Final = st.one_of(
    st.from_regex(r"[a-c][a-c0-2._]{2,12}", fullmatch=True),
    st.from_regex(
        r"(maria|marie|garcia|lopez|ana)[._]?(garcia|lopez|wang)?[0-9]{0,2}", fullmatch=True
    ),
)

CROWDS: Final = st.lists(st.tuples(HANDLES, NAMES), max_size=40)


@st.composite
def _queries(draw: st.DrawFn) -> str:
    """A name, or a piece of one, often with a slip."""
    text = draw(NAMES | st.sampled_from(_WORDS) | HANDLES)
    start = draw(st.integers(0, max(0, len(text) - 2)))
    text = text[start : draw(st.integers(start + 1, len(text)))] if draw(st.booleans()) else text
    at = draw(st.integers(0, len(text)))
    edits = (
        text,
        text[:at] + "r" + text[at:],
        text[:at] + text[at + 1 :],
        text[:at] + text[at:][::-1],
    )
    return draw(st.sampled_from(edits))


class PeopleIndexContract(ABC):
    """A subclass gives the fixture ``stores``: running, migrated in all branches, and empty."""

    pytestmark = pytest.mark.anyio

    @pytest.fixture
    @abstractmethod
    def stores(self) -> RelationalStores | AsyncIterator[RelationalStores]:
        """The stores under test."""

    @SLOW
    @given(
        crowd=CROWDS,
        queries=st.lists(_queries(), min_size=1, max_size=8),
        most=st.sampled_from([1, 3, MOST_IN_TIER]),
    )
    async def test_tiers_and_their_order(
        self,
        stores: RelationalStores,
        crowd: Sequence[tuple[str, str]],
        queries: Sequence[str],
        most: int,
    ) -> None:
        """As the policy says, whoever there is and whatever is typed."""
        here, people = await _settled(stores, crowd)
        entries = [entry(one.id, one.handle, one.display_name) for one in people]
        for query in queries:
            await _compare(stores, here, query, entries, most)

    @SLOW
    @given(
        crowd=CROWDS.filter(bool),
        renamed=st.lists(st.tuples(st.integers(0, 39), NAMES, st.booleans()), max_size=20),
        queries=st.lists(_queries(), min_size=1, max_size=5),
    )
    async def test_people_who_change(
        self,
        stores: RelationalStores,
        crowd: Sequence[tuple[str, str]],
        renamed: Sequence[tuple[int, str, bool]],
        queries: Sequence[str],
    ) -> None:
        """They are found by what they are called now, while they show themselves to everyone."""
        here, people = await _settled(stores, crowd)
        for number, name, hides in renamed:
            privacy = Privacy(Visibility.FRIENDS if hides else Visibility.EVERYONE)
            at = number % len(people)
            people[at] = attrs.evolve(people[at], display_name=name, privacy=privacy)
            await _put(stores, people[at])
        shown = (one for one in people if one.privacy.visibility is Visibility.EVERYONE)
        entries = [entry(one.id, one.handle, one.display_name) for one in shown]
        for query in queries:
            await _compare(stores, here, query, entries, MOST_IN_TIER)

    async def test_many_of_one_name(self, stores: RelationalStores) -> None:
        """A tier is cut, with the same order among those who are called the same."""
        crowd = [(f"maria.garcia{at}", "Maria García") for at in range(150)]
        crowd += [(f"maria.lopez{at}", f"Maria Garcia Lopez{at % 7}") for at in range(150)]
        crowd += [(f"anamaria{at}", f"Anamaria {'ab'[at % 2]}") for at in range(300)]
        crowd += [(f"marta{at}", "Marta Gracia") for at in range(250)]
        here, people = await _settled(stores, crowd)
        entries = [entry(one.id, one.handle, one.display_name) for one in people]
        for query in (
            "ma",
            "maria",
            "maria garcia",
            "mraia",
            "ar",
            "arta",
            "garcai",
            "zx",
            "lopez 1",
        ):
            for most in (5, MOST_IN_TIER):
                await _compare(stores, here, query, entries, most)

    @pytest.mark.parametrize(
        "changes",
        [
            {"privacy": Privacy(Visibility.FRIENDS)},
            {"privacy": Privacy(Visibility.NONE)},
            {"privacy": Privacy(ghost_mode=True)},
            {"standing": Standing.BANNED},
            {"standing": Standing.SHADOWED},
            {"standing": Standing.DELETED},
        ],
        ids=["friends", "none", "ghost", "banned", "shadowed", "deleted"],
    )
    async def test_who_is_not_shown_is_not_found(
        self, stores: RelationalStores, changes: dict[str, Any]
    ) -> None:
        """From the very next call on; and is found again afterwards."""
        shown = person(1, handle="maria", display_name="Maria Garcia")
        other = person(2, handle="mario", display_name="Mario Garcia")
        await _put(stores, campus(), shown, other)
        for _ in range(2):
            assert await _found(stores, "mar") == await _found(stores, "rci") == {1, 2}
            await _put(stores, attrs.evolve(shown, **changes))
            for query in ("mar", "rci", "gracia", "maria garcia", "marai"):
                assert await _found(stores, query) == {2}
            await _put(stores, shown)

    async def test_another_campus(self, stores: RelationalStores) -> None:
        """Has its own people; who moves is found there only."""
        await _put(stores, campus(1), campus(2), person(1, display_name="Maria Garcia"))
        assert await _found(stores, "maria", 2) == set()
        await _put(
            stores, person(1, display_name="Maria Garcia", campus_id=campus_id(2)), person(2)
        )
        for query in ("mar", "rci", "gracia", "maria garcia"):
            assert await _found(stores, query) == set()
            assert await _found(stores, query, 2) == {1}

    async def test_looking_after_it_changes_no_answer(self, stores: RelationalStores) -> None:
        """Neither before somebody changes nor after."""
        many = [person(at, handle=f"pat{at}", display_name="Maria Garcia") for at in range(1, 90)]
        await _put(stores, campus(1), *many)
        for name in ("Maria Garcia", "Zoe Gracia"):
            await _put(stores, person(7, handle="pat7", display_name=name))
            before = [await _found(stores, query) for query in ("mar", "maria garcai")]
            while await stores.search.keep():
                pass
            assert [await _found(stores, query) for query in ("mar", "maria garcai")] == before
            assert before[0] == set(range(1, 10)) - ({7} if name.startswith("Z") else set())

    async def test_the_roll_lists_those_who_can_be_found(self, stores: RelationalStores) -> None:
        """In portions by id, and counts them; where a store has one."""
        shown = [person(at, handle=f"maria{at}", display_name="Maria") for at in range(1, 6)]
        hidden = person(6, handle="marius", privacy=Privacy(ghost_mode=True))
        banned = person(7, handle="marion", standing=Standing.BANNED)
        elsewhere = person(8, handle="mario", campus_id=campus_id(2))
        await _put(stores, campus(1), campus(2), *shown, hidden, banned, elsewhere)
        roll = stores.search_roll
        if roll is not None:
            found, after = list[Entry](), None
            while people := await roll.listed(campus_id(1), after, 2):
                found += people
                after = people[-1].user_id
            assert found == [entry(one.id, one.handle, one.display_name) for one in shown]
            assert await roll.count(campus_id(1)) == len(shown)
            assert await roll.count(campus_id(2)) == 1

    async def test_what_is_undone_is_not_found(self, stores: RelationalStores) -> None:
        """Neither the name of somebody whose unit failed, nor the lack of it."""
        await _put(stores, campus(), person(1, display_name="Maria Garcia"))

        async def body(unit: StoreUnit) -> None:
            await unit.people.put([person(1, display_name="Zebra"), person(2, display_name="Zoo")])
            raise LookupError

        with pytest.raises(LookupError):
            await stores.units.write(body)
        assert await _found(stores, "ze") == await _found(stores, "zo") == set()
        assert await _found(stores, "mar") == {1}


async def _settled(
    stores: RelationalStores, crowd: Iterable[tuple[str, str]]
) -> tuple[CampusId, list[Person]]:
    """People on a campus of their own; a handle that is taken gets a number."""
    here, taken = CampusId(uuid4()), set[str]()
    people: list[Person] = []
    for number, (handle, name) in enumerate(crowd):
        known = handle if skeleton(handle) not in taken else f"{handle[:20]}_x{number}"
        taken.add(skeleton(known))
        made = person(1, handle=known, display_name=name, campus_id=here)
        people.append(attrs.evolve(made, id=UserId(UUID(int=here.int ^ (number * 0x9E3779B9)))))
    await _free(stores, [one.handle for one in people])
    await _put(stores, campus(1, id=here), *people)
    return here, people


async def _free(stores: RelationalStores, handles: Sequence[str]) -> None:
    """Take handles from those of earlier examples."""

    async def body(unit: StoreUnit) -> None:
        holders = list((await unit.people.look_alikes(handles)).values())
        known = await unit.people.get_many(holders)
        await unit.people.put([attrs.evolve(one, handle=f"x{one.id.hex[:29]}") for one in known])

    await stores.units.write(body)


async def _put(stores: RelationalStores, *what: object) -> None:
    async def body(unit: StoreUnit) -> None:
        people = [one for one in what if isinstance(one, Person)]
        await unit.campuses.put([one for one in what if not isinstance(one, Person)])  # type: ignore[misc]  # they are
        await unit.people.put(people)

    await stores.units.write(body)


async def _compare(
    stores: RelationalStores, here: CampusId, query: str, entries: Sequence[Entry], most: int
) -> None:
    """Hold the index against a look at everybody."""
    look = wanted(query)
    if look is None:
        return
    first = list(await stores.search.beginning(here, look, most))
    others = await stores.search.resembling(here, look, most)
    assert first == _expected(look, entries, Tier.BEGINS, most), query
    assert list(others.inside) == _expected(look, entries, Tier.INSIDE, most), query
    assert list(others.similar) == _expected(look, entries, Tier.SIMILAR, most), query
    for enough in (len(others.inside) or 1, len(others.inside) + 1):
        some = await stores.search.resembling(here, look, most, enough)
        assert list(some.inside) == list(others.inside), query
        assert some.is_whole is (enough > len(others.inside)), query
        assert list(some.similar) == (list(others.similar) if some.is_whole else []), query


def _expected(look: Wanted, entries: Sequence[Entry], tier: Tier, most: int) -> list[Entry]:
    return cut(look, (one for one in entries if tier_of(look, one) is tier), tier, most)


async def _found(stores: RelationalStores, query: str, campus_number: int = 1) -> set[int]:
    """The numbers of the people that are found, in whatever tier."""
    look = wanted(query)
    assert look is not None
    here = campus_id(campus_number)
    others = await stores.search.resembling(here, look, MOST_IN_TIER)
    first = await stores.search.beginning(here, look, MOST_IN_TIER)
    ids = {one.user_id for one in (*first, *others.inside, *others.similar)}
    return {number for number in range(1, 10) if user_id(number) in ids}
