"""What stores keep of appeals."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Sequence
from uuid import UUID

import anyio
import attrs
import pytest

from divan_core.errors import AlreadyAppealed
from divan_core.kernel.clock import Millis
from divan_core.kernel.ids import UserId
from divan_core.kernel.units import UnitMisused
from divan_core.moderation.actionmodel import ActionKind
from divan_core.moderation.appealmodel import Appeal, AppealFilter, AppealId, AppealStatus
from divan_core.moderation.model import Case, Hold, Standing
from divan_core.stores.bundle import RelationalStores, StoreUnit
from divan_core.testing.contracts.actions import action, do
from divan_core.testing.contracts.cases import NOW, case_id, over, put
from divan_core.testing.contracts.samples import campus_id, user_id

ADMIN = user_id(70)


def appeal_id(number: int) -> AppealId:
    """The id of appeal ``number``; higher numbers have higher ids."""
    return AppealId(UUID(int=number << 64 | 5))


def appeal(number: int = 1, about: int = 1, by: int = 90, **changes: object) -> Appeal:
    """Appeal ``number`` of a person about a case; it waits."""
    made = Appeal(appeal_id(number), case_id(about), campus_id(1), user_id(by), NOW, "So it is.")
    return attrs.evolve(made, **changes)  # type: ignore[arg-type]  # evolve knows


def appealed(number: int, **changes: object) -> Case:
    """Case ``number``, decided and with an appeal that waits."""
    return over(number, **({"appeal_open": True} | changes))


async def send(stores: RelationalStores, *appeals: Appeal) -> None:
    """Keep appeals in one unit."""

    async def body(unit: StoreUnit) -> None:
        for one in appeals:
            await unit.appeals.put(one)

    await stores.units.write(body, locking=True)


class AppealsContract(ABC):
    """A subclass gives the fixture ``stores``: running, migrated and empty."""

    pytestmark = pytest.mark.anyio

    @pytest.fixture
    @abstractmethod
    def stores(self) -> RelationalStores | AsyncIterator[RelationalStores]:
        """The stores under test."""

    async def test_an_appeal_comes_back_as_it_was(self, stores: RelationalStores) -> None:
        """Every field of it; and replaced as a whole."""
        whole = appeal(
            status=AppealStatus.REJECTED,
            resolved_at=Millis(NOW + 5),
            resolver_id=ADMIN,
            outcome_note="It stays.",
        )
        await put(stores, over(1))
        for version in (appeal(), whole, appeal(note=None)):
            await send(stores, version)
            found = await stores.units.read(lambda unit: unit.appeals.get(appeal_id(1)))
            assert found == version
        assert await stores.units.read(lambda unit: unit.appeals.get(appeal_id(2))) is None
        with pytest.raises(UnitMisused):
            await send(stores, appeal(2, about=7))

    async def test_somebody_appeals_once_about_a_case(self, stores: RelationalStores) -> None:
        """Another one of theirs is refused, and its unit; others have their own."""
        await put(stores, over(1), over(2))
        await send(stores, appeal(1))
        with pytest.raises(AlreadyAppealed):
            await send(stores, appeal(2, about=2), appeal(3))
        await send(stores, appeal(4, by=91), appeal(5, about=2))
        found = await stores.units.read(lambda unit: unit.appeals.of_case(case_id(1), 9))
        assert found == [appeal(1), appeal(4, by=91)]
        found = await stores.units.read(lambda unit: unit.appeals.of_case(case_id(1), 1))
        assert found == [appeal(1)]

    async def test_of_many_at_once_one_is_kept(self, stores: RelationalStores) -> None:
        """Whoever comes late is refused."""
        await put(stores, over(1))
        refused = list[int]()

        async def one(number: int) -> None:
            try:
                await send(stores, appeal(number))
            except AlreadyAppealed:
                refused.append(number)

        async with anyio.create_task_group() as tasks:
            for number in range(1, 6):
                tasks.start_soon(one, number)
        assert len(refused) == 4

    async def test_appeals_of_somebody(self, stores: RelationalStores) -> None:
        """Those about some cases, and all of them in portions, the oldest first."""
        await put(stores, over(1), over(2), over(3))
        mine = [appeal(number, about=number) for number in (1, 2, 3)]
        await send(stores, *mine, appeal(4, by=91))
        me, ids = user_id(90), {case_id(1), case_id(3)}
        found = await stores.units.read(lambda unit: unit.appeals.of_person(me, ids))
        assert sorted(found, key=lambda one: one.id) == [mine[0], mine[2]]
        assert not await stores.units.read(lambda unit: unit.appeals.of_person(me, ()))
        found = await stores.units.read(lambda unit: unit.appeals.by(me, None, 2))
        assert found == mine[:2]
        found = await stores.units.read(lambda unit: unit.appeals.by(me, appeal_id(2), 2))
        assert found == mine[2:]

    async def test_pages(self, stores: RelationalStores) -> None:
        """The newest first, below an id, those that fit."""
        await put(stores, over(1, owner_id=ADMIN), over(2), over(3))
        await send(
            stores,
            appeal(1),
            appeal(2, about=2, campus_id=campus_id(2)),
            appeal(3, about=3, status=AppealStatus.ACCEPTED),
            appeal(4, about=3, appellant_id=ADMIN),
        )
        for numbers, wanted in (
            ([4, 3, 2, 1], AppealFilter()),
            ([4, 3, 1], AppealFilter(campus_id=campus_id(1))),
            ([4, 2, 1], AppealFilter(status=AppealStatus.OPEN)),
            ([3], AppealFilter(status=AppealStatus.ACCEPTED)),
            ([3, 2], AppealFilter(not_of=ADMIN)),
            ([3], AppealFilter(campus_id=campus_id(1), not_of=ADMIN)),
        ):
            assert await self.numbers(stores, wanted) == numbers
        assert await self.numbers(stores, AppealFilter(), 3, 1) == [2]
        assert await self.numbers(stores, AppealFilter(), None, 2) == [4, 3]

    async def numbers(
        self,
        stores: RelationalStores,
        wanted: AppealFilter,
        before: int | None = None,
        limit: int = 50,
    ) -> list[int]:
        """The numbers of the appeals on a page."""
        last = None if before is None else appeal_id(before)

        async def body(unit: StoreUnit) -> Sequence[Appeal]:
            return await unit.appeals.page(wanted, last, limit)

        return [one.id.int >> 64 for one in await stores.units.read(body)]

    async def test_they_are_counted(self, stores: RelationalStores) -> None:
        """Those that wait, whenever they came; others by when they were decided."""
        won, lost = AppealStatus.ACCEPTED, AppealStatus.REJECTED
        await put(stores, *map(over, range(1, 6)))
        await send(
            stores,
            appeal(1, about=1),
            appeal(2, about=2, campus_id=campus_id(2)),
            appeal(3, about=3, status=won, resolved_at=NOW),
            appeal(4, about=4, status=won, resolved_at=Millis(NOW - 1)),
            appeal(5, about=5, status=lost, resolved_at=Millis(NOW + 1)),
        )

        async def tally(unit: StoreUnit) -> list[dict[AppealStatus, int]]:
            return [dict(await unit.appeals.tally(one, NOW)) for one in (campus_id(1), None)]

        here = {AppealStatus.OPEN: 1, won: 1, lost: 1}
        assert await stores.units.read(tally) == [here, {**here, AppealStatus.OPEN: 2}]

    async def test_the_most_urgent(self, stores: RelationalStores) -> None:
        """The gravest first, then the oldest; none that the admin has a hand in."""
        grave, other = Standing(severity=4), user_id(71)
        await put(
            stores,
            appealed(1),
            appealed(2, standing=grave),
            appealed(3, standing=grave, campus_id=campus_id(2), owner_id=None),
            appealed(4, owner_id=ADMIN),
            appealed(5, decided_by=ADMIN),
            appealed(6, hold=Hold(assigned_to=other)),
            appealed(7, hold=Hold(None, other, Millis(NOW + 1))),
            appealed(8, hold=Hold(ADMIN, other, NOW)),
            appealed(9),
            appealed(10),
            over(11),
            appealed(12, decided_by=None),
        )
        await do(
            stores,
            action(1, about=9, by=ADMIN, kind=ActionKind.WARN),
            action(2, about=10, person_id=ADMIN),
            action(3, about=1, by=other, person_id=other),
            action(4, about=12, by=other, confirmed_by=ADMIN),
        )
        assert await self.urgent(stores) == [2, 3, 1, 8]
        assert await self.urgent(stores, 2) == [2, 3]

    async def urgent(self, stores: RelationalStores, limit: int = 50) -> list[int]:
        """The numbers of the cases that the admin may take up."""

        async def body(unit: StoreUnit) -> Sequence[Case]:
            return await unit.appeals.urgent(ADMIN, NOW, limit)

        return [one.id.int >> 64 for one in await stores.units.read(body)]

    async def test_words_are_erased(self, stores: RelationalStores) -> None:
        """What one person said, and was told, some at a time; the appeals stay."""
        me: UserId = user_id(90)
        await put(stores, over(1), over(2), over(3))
        told = appeal(2, about=2, note=None, outcome_note="No.")
        await send(stores, appeal(1), told, appeal(3, about=3, note=None), appeal(4, by=91))
        assert await stores.units.read(lambda unit: unit.appeals.count_words(me)) == 2
        assert await stores.units.write(lambda unit: unit.appeals.erase_words(me, 1)) == 1
        assert await stores.units.write(lambda unit: unit.appeals.erase_words(me, 5)) == 1
        assert await stores.units.write(lambda unit: unit.appeals.erase_words(me, 5)) == 0
        found = await stores.units.read(lambda unit: unit.appeals.by(me, None, 9))
        assert [(one.note, one.outcome_note) for one in found] == [(None, None)] * 3
        (other,) = await stores.units.read(lambda unit: unit.appeals.by(user_id(91), None, 9))
        assert other.note == "So it is."
