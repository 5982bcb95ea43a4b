"""What stores keep of brief units: a message with its events and its key."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress
from functools import partial
from typing import Final

import anyio
import pytest

from divan_core.errors import IdempotencyInProgress, MessageExists
from divan_core.idempotency.model import KeyScope, StoredAnswer
from divan_core.kernel.events import Event
from divan_core.stores.bundle import RelationalStores, StoreUnit
from divan_core.testing.clock import ManualClock
from divan_core.testing.contracts.keys import PRINT, TTL_S, event, keyed, recorded
from divan_core.testing.contracts.letters import draft, history, keep, send
from divan_core.testing.contracts.samples import person, populate, user_id

RIVALS: Final = 20

Body = Callable[[StoreUnit], Awaitable[object]]


class BriefContract(ABC):
    """A subclass gives the fixture ``stores``: running, migrated, empty, going by ``clock``."""

    pytestmark = pytest.mark.anyio

    @pytest.fixture
    @abstractmethod
    def stores(self, clock: ManualClock) -> RelationalStores | AsyncIterator[RelationalStores]:
        """The stores under test."""

    async def test_all_of_a_brief_unit_is_kept(self, stores: RelationalStores) -> None:
        """The message, its events in their order, and the answer to its key; and a bell rings."""
        await talk(stores)
        heard = stores.outbox.bell.rings
        for number in range(2, 6):
            events = (event(2 * number), event(2 * number + 1))
            assert await brief(stores, writing(number, "first", *events)) is None
            assert await stores.keys.recall(scope(number)) == StoredAnswer(PRINT, b"first")
        assert [one.seq for one in await history(stores, 1, 2)] == [5, 4, 3, 2, 1]
        assert await recorded(stores) == [event(number) for number in range(4, 12)]
        assert stores.outbox.bell.rings > heard

    async def test_a_repeat_of_one_is_given_the_answer(
        self, stores: RelationalStores, clock: ManualClock
    ) -> None:
        """And nothing else is kept, until the key has expired."""
        await talk(stores)
        await brief(stores, writing(2, "first", event(1)))
        await brief(stores, writing(3, "first"))
        again = writing(4, "second", event(2), key=2)
        for _ in range(2):
            assert await brief(stores, again) == StoredAnswer(PRINT, b"first")
        assert [one.seq for one in await history(stores, 1, 2)] == [3, 2, 1]
        assert await recorded(stores) == [event(1)]
        clock.advance(TTL_S)
        assert await brief(stores, again) is None
        assert await stores.keys.recall(scope(2)) == StoredAnswer(PRINT, b"second")
        assert (await history(stores, 1, 2))[0].seq == 4

    async def test_of_brief_repeats_at_once_one_acts(self, stores: RelationalStores) -> None:
        """All others are told its answer, or that it is under way."""
        await talk(stores)
        answers = list[object]()

        async def one(number: int) -> None:
            with suppress(IdempotencyInProgress):
                answers.append(await brief(stores, writing(number, "one", key=0)))

        async with anyio.create_task_group() as group:
            for number in range(2, 2 + RIVALS):
                group.start_soon(one, number)
        assert answers.count(None) == 1
        assert {*answers} - {None} <= {StoredAnswer(PRINT, b"one")}
        assert [one.seq for one in await history(stores, 1, 2)] == [2, 1]

    async def test_many_brief_units_at_once(self, stores: RelationalStores) -> None:
        """Beside others that are not: numbers have no gap, and nobody's is lost."""
        await talk(stores)

        async def one(number: int) -> None:
            await stores.units.write(writing(number, "kept"), locking=True, brief=bool(number % 4))

        async with anyio.create_task_group() as group:
            for number in range(2, 2 + RIVALS):
                group.start_soon(one, number)
        await send(stores, 99, 2, 1)
        found = await history(stores, 1, 2)
        assert [one.seq for one in found] == list(range(RIVALS + 2, 0, -1))
        assert len({one.id for one in found}) == RIVALS + 2

    async def test_a_brief_unit_that_fails(self, stores: RelationalStores) -> None:
        """Nothing of it is kept, and its number is given to the next."""
        await talk(stores)
        await brief(stores, writing(2, "x", name="x"))
        mine = LookupError("mine")

        async def fails(unit: StoreUnit) -> None:
            await writing(3, "y", event(3))(unit)
            raise mine

        for body, error in ((fails, LookupError), (writing(4, "z", name="x"), MessageExists)):
            with pytest.raises(error):
                await brief(stores, body)
        assert await stores.keys.recall(scope(3)) is None
        assert await brief(stores, writing(3, "y")) is None
        assert [one.seq for one in await history(stores, 1, 2)] == [3, 2, 1]
        assert await recorded(stores) == []

    async def test_a_unit_that_is_less_brief(self, stores: RelationalStores) -> None:
        """It keeps all that it does, whatever it is."""
        await talk(stores)

        async def more(unit: StoreUnit) -> None:
            await writing(2, "first", event(1))(unit)
            await unit.people.put([person(3)])
            await keep(unit, draft(3, 2, 1), 2, 1)

        async def only_asks(unit: StoreUnit) -> object:
            await keep(unit, draft(5, 1, 2), 1, 2)
            return await unit.keys.claim(scope(2), PRINT, 1000)

        await brief(stores, more)
        assert await brief(stores, only_asks) == StoredAnswer(PRINT, b"first")
        await brief(stores, keyed(b"alone"))
        await brief(stores, partial(keep, letter=draft(4, 1, 3), sender=1, recipient=3))
        assert await stores.units.read(lambda unit: unit.people.get(user_id(3))) == person(3)
        assert [one.seq for one in await history(stores, 1, 2)] == [4, 3, 2, 1]
        assert [one.seq for one in await history(stores, 1, 3)] == [1]
        assert await recorded(stores) == [event(1)]


async def talk(stores: RelationalStores) -> None:
    """A conversation of two people, with a message."""
    await populate(stores, 2)
    await send(stores, 1, 1, 2)


def scope(number: int) -> KeyScope:
    """A key."""
    return KeyScope("person.1", "chat.send", f"key.{number}")


def writing(
    number: int, answer: str, *events: Event, key: int | None = None, name: str | None = None
) -> Body:
    """A unit that keeps a message under a key, ``number`` unless another is given."""

    async def write(unit: StoreUnit) -> None:
        await keep(unit, draft(number, 1, 2, client_id=name), 1, 2)
        await unit.outbox.add(*events)

    return keyed(answer.encode(), scope(number if key is None else key), then=write)


async def brief(stores: RelationalStores, body: Body) -> object:
    """Run a brief unit."""
    return await stores.units.write(body, locking=True, brief=True)
