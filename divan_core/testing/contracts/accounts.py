"""What stores keep of campuses and people."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Sequence
from typing import Final
from uuid import UUID

import attrs
import pytest

from divan_core.accounts.handles import gone
from divan_core.accounts.model import Person, Privacy, Profile
from divan_core.errors import HandleTaken
from divan_core.kernel.geo import Point
from divan_core.kernel.ids import CampusId, UserId
from divan_core.kernel.units import UnitMisused
from divan_core.kernel.visibility import PersonCard, Standing, Visibility
from divan_core.stores.bundle import RelationalStores, StoreUnit
from divan_core.testing.contracts.samples import (
    HIDDEN,
    campus,
    campus_id,
    person,
    populate,
    user_id,
)

STUDENT: Final = Profile("Geodesy", 2027, ("go", "zithers", "\N{SNOWMAN}"))

FULL: Final = person(
    1,
    display_name="Zoë \N{GRINNING FACE} 'O\"Brien",
    avatar_url="https://example.org/a.png",
    email="one@example.org",
    privacy=Privacy(
        Visibility.FRIENDS, 50, ghost_mode=True, chat_from="friends", read_receipts=False
    ),
    profile=STUDENT,
    standing=Standing.SHADOWED,
    roles=frozenset({"staff.moderator", "staff.admin"}),
)
"""Somebody of whom there is everything to keep."""


class CampusesContract(ABC):
    """A subclass gives the fixture ``stores``: running, migrated and empty."""

    pytestmark = pytest.mark.anyio

    @pytest.fixture
    @abstractmethod
    def stores(self) -> RelationalStores | AsyncIterator[RelationalStores]:
        """The stores under test."""

    async def test_a_campus_comes_back_as_it_was_put(self, stores: RelationalStores) -> None:
        """To the last bit of its position."""
        kept = campus(
            1, name="Ĉampus ✓", centre=Point(-45.1 - 1e-13, 179.9), timezone="America/Toronto"
        )
        await stores.units.write(lambda unit: unit.campuses.put([kept]))
        assert await stores.units.read(lambda unit: unit.campuses.get(campus_id(1))) == kept
        assert await stores.units.read(lambda unit: unit.campuses.get(campus_id(2))) is None

    async def test_a_campus_is_replaced(self, stores: RelationalStores) -> None:
        """In a later unit, and later in the same call."""
        await stores.units.write(lambda unit: unit.campuses.put([campus(1), campus(2)]))
        changed = campus(1, name="Renamed", radius_m=500)
        await stores.units.write(lambda unit: unit.campuses.put([campus(1), changed]))
        page = await stores.units.read(lambda unit: unit.campuses.page(None, 10))
        assert list(page) == [changed, campus(2)]

    async def test_pages_of_campuses(self, stores: RelationalStores) -> None:
        """By id, beginning after one."""
        numbers = [5, 3, 9, 1, 7]
        await stores.units.write(lambda unit: unit.campuses.put([campus(n) for n in numbers]))

        async def page(after: CampusId | None, limit: int) -> list[UUID]:
            found = await stores.units.read(lambda unit: unit.campuses.page(after, limit))
            return [one.id for one in found]

        assert await page(None, 2) == [campus_id(1), campus_id(3)]
        assert await page(campus_id(3), 2) == [campus_id(5), campus_id(7)]
        assert await page(campus_id(4), 10) == [campus_id(5), campus_id(7), campus_id(9)]
        assert await page(campus_id(9), 2) == []

    async def test_time_zones(self, stores: RelationalStores) -> None:
        """Of those that there are."""
        here, there = campus(1, timezone="America/Toronto"), campus(2, timezone="Asia/Tokyo")
        await stores.units.write(lambda unit: unit.campuses.put([here, there]))
        ids = {campus_id(1), campus_id(2), campus_id(3)}
        found = await stores.units.read(lambda unit: unit.campuses.timezones(ids))
        assert found == {one.id: one.timezone for one in (here, there)}

    async def test_nothing_may_be_put(self, stores: RelationalStores) -> None:
        """An empty call is no mistake."""
        await stores.units.write(lambda unit: unit.campuses.put([]))
        assert list(await stores.units.read(lambda unit: unit.campuses.page(None, 5))) == []


class PeopleContract(ABC):
    """A subclass gives the fixture ``stores``: running, migrated in all branches, and empty."""

    pytestmark = pytest.mark.anyio

    @pytest.fixture
    @abstractmethod
    def stores(self) -> RelationalStores | AsyncIterator[RelationalStores]:
        """The stores under test."""

    @pytest.mark.parametrize(
        "kept",
        [
            person(1),
            FULL,
            person(1, standing=Standing.BANNED),
            person(1, standing=Standing.DELETED),
            person(1, profile=Profile(passions=())),
            person(1, profile=Profile(graduation_year=1900)),
        ],
        ids=["plain", "full", "banned", "deleted", "no passions", "year"],
    )
    async def test_a_person_comes_back_as_put(self, stores: RelationalStores, kept: Person) -> None:
        """Alone, among several and in pages, with all that belongs to them."""
        await put(stores, person(2), kept)
        assert await stores.units.read(lambda unit: unit.people.get(user_id(1))) == kept
        ids = [user_id(1), user_id(9), user_id(2), user_id(1)]
        several = await stores.units.read(lambda unit: unit.people.get_many(ids))
        assert sorted(several, key=lambda one: one.id) == [kept, person(2)]
        assert await page(stores, None, 10) == [kept, person(2)]

    async def test_standings(self, stores: RelationalStores) -> None:
        """How those stand who exist, whoever is asked about twice."""
        found = (Standing.ACTIVE, Standing.DELETED, Standing.BANNED, Standing.SHADOWED)
        people = [person(number, standing=one) for number, one in enumerate(found, 1)]
        await put(stores, *people)
        ids = [*(one.id for one in people), user_id(9), user_id(1)]
        standings = await stores.units.read(lambda unit: unit.people.standings(ids))
        assert standings == {one.id: one.standing for one in people}
        assert await stores.units.read(lambda unit: unit.people.standings([])) == {}

    async def test_nobody_is_none(self, stores: RelationalStores) -> None:
        """And nobody of several is nothing."""
        await populate(stores, 1)
        assert await stores.units.read(lambda unit: unit.people.get(user_id(2))) is None
        assert list(await stores.units.read(lambda unit: unit.people.get_many([]))) == []
        assert await page(stores, None, 5, campus_number=2) == []

    async def test_a_person_is_replaced(self, stores: RelationalStores) -> None:
        """With everything that the new version no longer has."""
        await put(stores, FULL)
        await put(stores, person(1, display_name="Plain"))
        found = await stores.units.read(lambda unit: unit.people.get(user_id(1)))
        assert found == person(1, display_name="Plain")
        await put(stores, person(1), FULL, person(1, handle="last"))
        assert await page(stores, None, 5) == [person(1, handle="last")]

    async def test_a_person_moves_to_another_campus(self, stores: RelationalStores) -> None:
        """And is no longer in pages and counts of the old one."""
        await put(stores, person(1), person(2))
        await stores.units.write(lambda unit: unit.campuses.put([campus(2)]))
        await put(stores, person(1, campus_id=campus_id(2)))
        assert [one.id for one in await page(stores, None, 5)] == [user_id(2)]
        assert [one.id for one in await page(stores, None, 5, campus_number=2)] == [user_id(1)]
        assert await count(stores) == 1

    async def test_pages_of_people(self, stores: RelationalStores) -> None:
        """Ids ascend over all their bits, and every page begins after the one before."""
        await put(stores, *(person(number) for number in range(60, 0, -1)))
        walked: list[Person] = []
        while found := await page(stores, walked[-1].id if walked else None, 7):
            assert len(found) == min(7, 60 - len(walked))
            walked += found
        assert [one.id for one in walked] == sorted(user_id(n) for n in range(1, 61))

    async def test_ids_are_ordered_by_all_their_bits(self, stores: RelationalStores) -> None:
        """As UUIDs are in Python, on whatever store."""
        ids = [UserId(UUID(int=1 << bit)) for bit in range(0, 128, 9)]
        ids += [UserId(UUID(int=2**128 - 1 - (1 << bit))) for bit in range(0, 128, 9)]
        people = [attrs.evolve(person(1), id=one, handle=f"bit{n}") for n, one in enumerate(ids)]
        await put(stores, *people)
        assert [one.id for one in await page(stores, None, 100)] == sorted(ids)

    async def test_the_count_leaves_out_the_deleted(self, stores: RelationalStores) -> None:
        """And only them."""
        await put(
            stores,
            person(1),
            person(2, standing=Standing.BANNED),
            person(3, standing=Standing.DELETED),
        )
        assert await count(stores) == 2
        await put(stores, person(3))
        assert await count(stores) == 3

    async def test_who_has_a_handle(self, stores: RelationalStores) -> None:
        """The free ones are left out; an old one is free again."""
        await put(stores, person(1), person(2))
        await put(stores, person(2, handle="other"))
        asked = ["person.1", "person.2", "other", "person.1"]
        found = await stores.units.read(lambda unit: unit.people.handles(asked))
        assert found == {"person.1": user_id(1), "other": user_id(2)}
        assert await stores.units.read(lambda unit: unit.people.handles([])) == {}

    @pytest.mark.parametrize(
        "batch",
        [
            [person(3, handle="person.1")],
            [person(2, handle="person.1")],
            [person(3), person(4, handle="person.3")],
            [person(3), person(1, handle="person.2"), person(2, handle="person.1")],
            [person(3, handle="p_ersonl")],
            [person(2, handle="persorn1"), person(3, handle="persom.1")],
        ],
        ids=["new", "renamed", "within the batch", "exchanged", "alike", "alike in the batch"],
    )
    async def test_a_handle_is_taken(
        self, stores: RelationalStores, batch: Sequence[Person]
    ) -> None:
        """Whoever comes first has it, and nothing of the unit is kept."""
        await put(stores, person(1), person(2))
        with pytest.raises(HandleTaken):
            await put(stores, person(5), *batch)
        assert await page(stores, None, 9) == [person(1), person(2)]

    async def test_handles_are_asked_for_in_any_writing(self, stores: RelationalStores) -> None:
        """Those that look alike are found as such, and by their own name only."""
        await put(stores, person(1))
        asked = ["PERSON.1 ", "person_1", "persom.2", "", "person.1\0"]
        exactly = await stores.units.read(lambda unit: unit.people.handles(asked))
        assert exactly == {"PERSON.1 ": user_id(1)}
        alike = await stores.units.read(lambda unit: unit.people.look_alikes(asked))
        assert alike == {"PERSON.1 ": user_id(1), "person_1": user_id(1)}

    async def test_the_deleted_free_their_handle(self, stores: RelationalStores) -> None:
        """Once it is replaced by their mark."""
        await put(stores, person(1), person(2))
        mark = gone(user_id(1).hex)
        await put(stores, person(1, handle=mark, standing=Standing.DELETED))
        await put(stores, person(2, handle="person.1"), person(3, handle="person.2"))
        found = await stores.units.read(lambda unit: unit.people.handles([mark, "person.1"]))
        assert found == {"person.1": user_id(2)}

    async def test_a_handle_is_passed_on(self, stores: RelationalStores) -> None:
        """Within one call, in the order of the call."""
        await put(stores, person(1), person(2))
        await put(stores, person(1, handle="third"), person(2, handle="person.1"))
        found = await stores.units.read(lambda unit: unit.people.handles(["third", "person.1"]))
        assert found == {"third": user_id(1), "person.1": user_id(2)}

    async def test_the_campus_exists(self, stores: RelationalStores) -> None:
        """To put somebody on no campus is a bug of the caller."""
        with pytest.raises(UnitMisused, match="not exist"):
            await stores.units.write(lambda unit: unit.people.put([person(1)]))

    async def test_many_people_at_once(self, stores: RelationalStores) -> None:
        """More than a statement has room for."""
        people = [person(one, profile=STUDENT, privacy=HIDDEN) for one in range(1, 12_001)]
        await put(stores, *people)
        assert await count(stores) == len(people)
        ids = [one.id for one in people]
        found = await stores.units.read(lambda unit: unit.people.get_many(ids))
        assert set(found) == set(people)
        assert len(await stores.people.cards(ids)) == len(people)
        handles = [one.handle for one in people]
        taken = await stores.units.read(lambda unit: unit.people.handles(handles))
        assert taken == {one.handle: one.id for one in people}

    async def test_cards(self, stores: RelationalStores) -> None:
        """They hold what others may know, of those who exist."""
        await put(stores, FULL, person(2), person(3, standing=Standing.DELETED))
        found = await stores.people.cards([user_id(number) for number in (1, 2, 3, 9)])
        assert found == {
            user_id(1): PersonCard(
                user_id=user_id(1),
                campus_id=campus_id(1),
                handle="person.1",
                display_name=FULL.display_name,
                avatar_url="https://example.org/a.png",
                visibility=Visibility.FRIENDS,
                ghost_mode=True,
                blur_distance_m=50,
                chat_from="friends",
                read_receipts=False,
                standing=Standing.SHADOWED,
                roles=frozenset({"staff.moderator", "staff.admin"}),
                major="Geodesy",
                graduation_year=2027,
                passions=("go", "zithers", "\N{SNOWMAN}"),
            ),
            user_id(2): PersonCard(user_id(2), campus_id(1), "person.2", "Person 2"),
            user_id(3): PersonCard(
                user_id(3), campus_id(1), "person.3", "Person 3", standing=Standing.DELETED
            ),
        }
        assert await stores.people.cards([]) == {}


async def put(stores: RelationalStores, *people: Person) -> None:
    """Keep these people, after campus 1."""

    async def body(unit: StoreUnit) -> None:
        await unit.campuses.put([campus()])
        await unit.people.put(people)

    await stores.units.write(body)


async def page(
    stores: RelationalStores, after: UserId | None, limit: int, *, campus_number: int = 1
) -> list[Person]:
    """A page of the people of a campus."""
    wanted = campus_id(campus_number)
    return list(await stores.units.read(lambda unit: unit.people.page(wanted, after, limit)))


async def count(stores: RelationalStores) -> int:
    """How many people campus 1 has."""
    return await stores.units.read(lambda unit: unit.people.count(campus_id(1)))
