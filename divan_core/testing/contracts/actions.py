"""What stores keep of actions."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Sequence
from uuid import UUID

import attrs
import pytest

from divan_core.kernel.clock import Millis
from divan_core.kernel.units import UnitMisused
from divan_core.moderation.actionmodel import Action, ActionId, ActionKind, Cause, End, Scope
from divan_core.moderation.model import Subject, SubjectKind
from divan_core.stores.bundle import RelationalStores, StoreUnit
from divan_core.testing.contracts.cases import NOW, case, case_id, put
from divan_core.testing.contracts.samples import campus_id, user_id

TARGET = Subject(SubjectKind.USER, user_id(1))


def action_id(number: int) -> ActionId:
    """The id of action ``number``."""
    return ActionId(UUID(int=number << 64 | 3))


def action(number: int = 1, about: int = 1, **changes: object) -> Action:
    """Action ``number`` of a case: somebody is banned for good."""
    made = Action(action_id(number), case_id(about), campus_id(1), ActionKind.BAN, TARGET, NOW)
    return attrs.evolve(made, **changes)  # type: ignore[arg-type]  # evolve knows


async def do(stores: RelationalStores, *actions: Action) -> None:
    """Keep actions."""

    async def body(unit: StoreUnit) -> None:
        for one in actions:
            await unit.actions.put(one)

    await stores.units.write(body, locking=True)


class ActionsContract(ABC):
    """A subclass gives the fixture ``stores``: running, migrated and empty."""

    pytestmark = pytest.mark.anyio

    @pytest.fixture
    @abstractmethod
    def stores(self) -> RelationalStores | AsyncIterator[RelationalStores]:
        """The stores under test."""

    async def test_an_action_comes_back_as_it_was(self, stores: RelationalStores) -> None:
        """Every field of it; and replaced as a whole."""
        whole = action(
            target=Subject(SubjectKind.MESSAGE, UUID(int=2**127 + 9)),
            kind=ActionKind.RESTRICT_INVITES,
            person_id=user_id(1),
            by=user_id(2),
            until=Millis(NOW + 5),
            before="active",
            reason="So.",
            note="And so.",
            end=End.EXPIRED,
            ended_at=Millis(NOW + 6),
            ended_by=user_id(3),
            scope=Scope.DEPLOYMENT,
            ttl_minutes=7,
            confirmed_at=Millis(NOW + 4),
            confirmed_by=user_id(4),
            cause=Cause(UUID(int=2**127 + 7), "rule", {"text.profanity": 3, "text": "contains:x"}),
        )
        by_default = attrs.evolve(whole, cause=Cause(UUID(int=5), None))
        await put(stores, case(1))
        for version in (action(), whole, by_default, action()):
            await do(stores, version)
            found = await stores.units.read(lambda unit: unit.actions.get(action_id(1)))
            assert found == version
        assert await stores.units.read(lambda unit: unit.actions.get(action_id(2))) is None
        with pytest.raises(UnitMisused):
            await do(stores, action(2, about=7))

    async def test_actions_of_a_case(self, stores: RelationalStores) -> None:
        """The first of them, by id."""
        await put(stores, case(1), case(2))
        await do(stores, action(2), action(1), action(3, about=2))
        found = await stores.units.read(lambda unit: unit.actions.of_case(case_id(1), 9))
        assert found == [action(1), action(2)]
        found = await stores.units.read(lambda unit: unit.actions.of_case(case_id(1), 1))
        assert found == [action(1)]

    async def test_what_somebody_may_know_of(self, stores: RelationalStores) -> None:
        """The newest first, below an id; what was to go unnoticed only where that is wanted."""
        await put(stores, case(1), case(2))
        me = user_id(90)
        known = [
            action(1, person_id=me),
            action(2, about=2, person_id=me, end=End.REVERTED, ended_at=NOW),
        ]
        hidden = action(3, person_id=me, kind=ActionKind.SHADOW_HIDE)
        nothing = action(4, person_id=me, kind=ActionKind.NONE)
        proposed = action(6, person_id=me, scope=Scope.DEPLOYMENT, end=End.LAPSED, ended_at=NOW)
        await do(stores, *known, hidden, nothing, proposed, action(5, person_id=user_id(91)))
        assert await self.felt(stores, None, 9) == [known[1], known[0]]
        assert await self.felt(stores, None, 9, hidden_too=True) == [hidden, known[1], known[0]]
        assert await self.felt(stores, 2, 9) == [known[0]]
        assert await self.felt(stores, None, 1) == [known[1]]

    async def felt(
        self,
        stores: RelationalStores,
        before: int | None,
        limit: int,
        *,
        hidden_too: bool = False,
    ) -> Sequence[Action]:
        """What person 90 may know of."""
        last = None if before is None else action_id(before)

        async def body(unit: StoreUnit) -> Sequence[Action]:
            return await unit.actions.felt_by(user_id(90), last, limit, hidden_too=hidden_too)

        return await stores.units.read(body)

    async def test_what_is_in_force(self, stores: RelationalStores) -> None:
        """On one target, of whatever case; what has ended is not."""
        await put(stores, case(1), case(2))
        over = action(3, end=End.REVERTED, ended_at=NOW)
        room = action(4, target=Subject(SubjectKind.ROOM, TARGET.id))
        await do(stores, action(2, about=2), action(1), over, room)
        found = await stores.units.read(lambda unit: unit.actions.in_force(TARGET))
        assert found == [action(1), action(2, about=2)]

    async def test_what_is_due(self, stores: RelationalStores) -> None:
        """What ends by itself, the first to end first."""
        await put(stores, case(1))
        late, early = action(1, until=Millis(NOW + 2)), action(2, until=Millis(NOW + 1))
        over = action(3, until=NOW, end=End.EXPIRED, ended_at=NOW)
        await do(stores, late, early, over, action(4))
        for now, most, due in ((0, 9, []), (1, 9, [early]), (2, 9, [early, late]), (2, 1, [early])):
            moment = Millis(NOW + now)

            async def body(
                unit: StoreUnit, moment: Millis = moment, most: int = most
            ) -> list[Action]:
                return list(await unit.actions.due(moment, most))

            assert await stores.units.read(body) == due

    async def test_words_are_erased(self, stores: RelationalStores) -> None:
        """Those about one person, some at a time."""
        await put(stores, case(1))
        me = user_id(90)
        mine = [action(number, person_id=me, reason="So.", note=None) for number in (1, 2)]
        other = action(3, person_id=user_id(91), reason="So.")
        await do(stores, *mine, other, action(4, person_id=me))
        assert await stores.units.read(lambda unit: unit.actions.count_words(me)) == 2
        assert await stores.units.write(lambda unit: unit.actions.erase_words(me, 1)) == 1
        assert await stores.units.write(lambda unit: unit.actions.erase_words(me, 5)) == 1
        assert await stores.units.write(lambda unit: unit.actions.erase_words(me, 5)) == 0
        found = await stores.units.read(lambda unit: unit.actions.of_case(case_id(1), 9))
        assert [one.reason for one in found] == [None, None, "So.", None]
