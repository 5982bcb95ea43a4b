"""What stores keep on record."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Sequence
from functools import partial
from typing import Final

import anyio
import attrs
import pytest

from divan_core.kernel.clock import Millis
from divan_core.kernel.trail import Deed
from divan_core.kernel.units import UnitMisused
from divan_core.moderation.chain import Chain, Entry, Link
from divan_core.stores.bundle import RelationalStores, StoreUnit
from divan_core.testing.clock import START_MS
from divan_core.testing.contracts.samples import campus_id, user_id

CHAIN: Final = Chain(bytes(range(32)))
SALT: Final = bytes(16)
DEED: Final = Deed(
    action="case.dismissed",
    about="case:1",
    at=Millis(START_MS),
    campus_id=campus_id(1),
    actor_id=user_id(1),
    person_id=user_id(2),
    data={"b": [1, None], "a": "é"},
    words="Nothing wrong with it: ☂",
)
AUTOMATIC: Final = Deed("policy.acted", "case:2", Millis(START_MS + 1))


async def record(stores: RelationalStores, *deeds: Deed, locking: bool = True) -> None:
    """Append deeds as the audit does."""

    async def body(unit: StoreUnit) -> None:
        salted = [(one, SALT) for one in deeds]
        await unit.audit.add(CHAIN.entries(await unit.audit.head(), salted))

    await stores.units.write(body, locking=locking)


async def recorded(stores: RelationalStores, after: int = 0, limit: int = 500) -> Sequence[Entry]:
    """What is on record above a number."""
    return await stores.units.read(lambda unit: unit.audit.page(after, limit))


def expected(*deeds: Deed) -> list[Entry]:
    """The entries of deeds from the beginning."""
    return CHAIN.entries(Link(), [(one, SALT) for one in deeds])


class AuditContract(ABC):
    """A subclass gives the fixture ``stores``: running, migrated and empty."""

    pytestmark = pytest.mark.anyio

    @pytest.fixture
    @abstractmethod
    def stores(self) -> RelationalStores | AsyncIterator[RelationalStores]:
        """The stores under test."""

    async def test_nothing_is_on_record_at_first(self, stores: RelationalStores) -> None:
        """The end is where a chain begins."""
        assert await recorded(stores) == []
        assert await stores.units.read(lambda unit: unit.audit.end()) == Link()

    async def test_entries_come_back_as_they_were(self, stores: RelationalStores) -> None:
        """To the letter, whichever kind of unit writes them."""
        await record(stores, DEED, AUTOMATIC)
        await record(stores, DEED, locking=False)
        entries = expected(DEED, AUTOMATIC, DEED)
        assert await recorded(stores) == entries
        assert await stores.units.read(lambda unit: unit.audit.end()) == entries[-1].link

    async def test_nothing_to_record_changes_nothing(self, stores: RelationalStores) -> None:
        """The end stays where it is."""
        await record(stores, DEED)
        await record(stores)
        assert await recorded(stores) == expected(DEED)
        assert await stores.units.read(lambda unit: unit.audit.end()) == expected(DEED)[0].link

    async def test_pages(self, stores: RelationalStores) -> None:
        """By number, of one campus or of all."""
        other = attrs.evolve(DEED, campus_id=campus_id(2))
        await record(stores, DEED, other, AUTOMATIC, DEED)
        entries = expected(DEED, other, AUTOMATIC, DEED)
        assert await recorded(stores, 1, 2) == entries[1:3]
        assert await recorded(stores, 4) == []

        async def of_campus(unit: StoreUnit) -> Sequence[Entry]:
            return await unit.audit.page(0, 10, campus_id(1))

        assert await stores.units.read(of_campus) == [entries[0], entries[3]]

    async def test_what_is_about_something(self, stores: RelationalStores) -> None:
        """The first of it, by number."""
        await record(stores, DEED, AUTOMATIC, DEED, DEED)
        found = await stores.units.read(lambda unit: unit.audit.about("case:1", 2))
        entries = expected(DEED, AUTOMATIC, DEED, DEED)
        assert found == [entries[0], entries[2]]
        assert await stores.units.read(lambda unit: unit.audit.about("case", 2)) == []

    async def test_what_is_undone_is_not_on_record(self, stores: RelationalStores) -> None:
        """Its number is given again."""

        async def body(unit: StoreUnit) -> None:
            await unit.audit.add(CHAIN.entries(await unit.audit.head(), [(DEED, SALT)]))
            raise LookupError

        await record(stores, DEED)
        with pytest.raises(LookupError):
            await stores.units.write(body, locking=True)
        await record(stores, AUTOMATIC)
        assert await recorded(stores) == expected(DEED, AUTOMATIC)

    async def test_a_unit_for_reading_adds_nothing(self, stores: RelationalStores) -> None:
        """It is refused."""
        with pytest.raises(UnitMisused):
            await stores.units.read(lambda unit: unit.audit.add(expected(DEED)))

    @pytest.mark.parametrize("locking", [True, False])
    async def test_many_at_once_make_one_chain(
        self, stores: RelationalStores, *, locking: bool
    ) -> None:
        """Whoever they are, each follows another one."""
        async with anyio.create_task_group() as tasks:
            for number in range(6):
                deed = attrs.evolve(AUTOMATIC, data={"number": number})
                tasks.start_soon(partial(record, stores, deed, locking=locking))
        before, entries = Link(), await recorded(stores)
        assert [one.seq for one in entries] == [1, 2, 3, 4, 5, 6]
        for entry in entries:
            assert CHAIN.holds(before.mac, entry)
            before = entry.link
        assert await stores.units.read(lambda unit: unit.audit.end()) == before

    async def test_words_are_erased(self, stores: RelationalStores) -> None:
        """Those about one person, some at a time; all else stays, and every seal."""
        other = attrs.evolve(DEED, person_id=user_id(3))
        await record(stores, DEED, other, AUTOMATIC, DEED, DEED)
        assert await self.count(stores) == 3
        assert await self.erase(stores, 2) == 2
        assert await self.count(stores) == 1
        assert await self.erase(stores, 2) == 1
        assert await self.erase(stores, 2) == 0
        entries = expected(DEED, other, AUTOMATIC, DEED, DEED)
        for place in (0, 3, 4):
            entries[place] = attrs.evolve(entries[place], words=None, salt=None)
        assert await recorded(stores) == entries

    async def count(self, stores: RelationalStores) -> int:
        """How many words there are about person 2."""
        return await stores.units.read(lambda unit: unit.audit.count_words(user_id(2)))

    async def erase(self, stores: RelationalStores, most: int) -> int:
        """Erase some words about person 2."""
        return await stores.units.write(lambda unit: unit.audit.erase_words(user_id(2), most))
