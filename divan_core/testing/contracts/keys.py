"""What stores keep of idempotency keys."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from typing import Final

import anyio
import pytest

from divan_core.errors import HandleTaken, IdempotencyInProgress
from divan_core.idempotency.model import KeyScope, StoredAnswer
from divan_core.kernel.clock import Millis
from divan_core.kernel.events import Event, EventId
from divan_core.kernel.units import UnitMisused
from divan_core.stores.bundle import RelationalStores, StoreUnit
from divan_core.testing.clock import START_MS, ManualClock
from divan_core.testing.contracts.samples import campus, campus_id, person, populate, user_id

SCOPE: Final = KeyScope("person.1", "invites.send", "key.1")
PRINT: Final = bytes(range(32))
OTHER_PRINT: Final = bytes(range(32, 64))
TTL_S: Final = 60

KeyedBody = Callable[[StoreUnit], Awaitable[StoredAnswer | None]]


class KeysContract(ABC):
    """A subclass gives the fixture ``stores``: running, migrated, empty, going by ``clock``."""

    pytestmark = pytest.mark.anyio

    @pytest.fixture
    def clock(self) -> ManualClock:
        """The clock of the stores."""
        return ManualClock()

    @pytest.fixture
    @abstractmethod
    def stores(self, clock: ManualClock) -> RelationalStores | AsyncIterator[RelationalStores]:
        """The stores under test."""

    async def test_the_first_claim_takes_the_key(self, stores: RelationalStores) -> None:
        """And a key that nobody has used has no answer."""
        assert await stores.keys.recall(SCOPE) is None
        assert await stores.units.write(keyed(b"1")) is None

    async def test_a_repeat_is_given_the_answer(self, stores: RelationalStores) -> None:
        """From inside a unit and from outside, byte for byte, as often as it is asked for."""
        body = b'{"text": "\\u00e9 \xc3\xa9\\u0000", "b": 1, "a":2}\n'
        await stores.units.write(keyed(body))
        for _ in range(2):
            assert await stores.units.write(keyed(b"another")) == StoredAnswer(PRINT, body)
            assert await stores.keys.recall(SCOPE) == StoredAnswer(PRINT, body)

    async def test_an_empty_answer_is_one(self, stores: RelationalStores) -> None:
        """It is not the same as none."""
        await stores.units.write(keyed(b""))
        assert await stores.units.write(keyed(b"1")) == StoredAnswer(PRINT, b"")
        assert await stores.keys.recall(SCOPE) == StoredAnswer(PRINT, b"")

    @pytest.mark.parametrize(
        "other",
        [
            KeyScope("person.2", "invites.send", "key.1"),
            KeyScope("person.1", "chat.send", "key.1"),
            KeyScope("person.1", "invites.send", "KEY.1"),
            KeyScope("person.1", "invites.send", "key.1" + 250 * "x"),
        ],
    )
    async def test_scopes_never_collide(self, stores: RelationalStores, other: KeyScope) -> None:
        """Another subject, another operation, another key, however alike."""
        await stores.units.write(keyed(b"1"))
        assert await stores.keys.recall(other) is None
        assert await stores.units.write(keyed(b"2", other)) is None
        assert await stores.keys.recall(SCOPE) == StoredAnswer(PRINT, b"1")
        assert await stores.keys.recall(other) == StoredAnswer(PRINT, b"2")

    async def test_the_first_fingerprint_stays(self, stores: RelationalStores) -> None:
        """Whoever uses the key for something else is told what it was used for."""
        await stores.units.write(keyed(b"1"))
        found = await stores.units.write(keyed(b"2", fingerprint=OTHER_PRINT))
        assert found == StoredAnswer(PRINT, b"1")
        assert await stores.keys.recall(SCOPE) == StoredAnswer(PRINT, b"1")

    async def test_an_answer_expires(self, stores: RelationalStores, clock: ManualClock) -> None:
        """At its time, to the millisecond; then the key is as if it had never been used."""
        await stores.units.write(keyed(b"1"))
        clock.advance(TTL_S - 0.001)
        assert await stores.keys.recall(SCOPE) == StoredAnswer(PRINT, b"1")
        assert await stores.units.write(keyed(b"2")) == StoredAnswer(PRINT, b"1")
        clock.advance(0.001)
        assert await stores.keys.recall(SCOPE) is None
        assert await stores.units.write(keyed(b"2", fingerprint=OTHER_PRINT)) is None
        assert await stores.keys.recall(SCOPE) == StoredAnswer(OTHER_PRINT, b"2")

    async def test_a_replacement_lives_as_long(
        self, stores: RelationalStores, clock: ManualClock
    ) -> None:
        """From its own answer on."""
        await stores.units.write(keyed(b"1"))
        clock.advance(TTL_S)
        await stores.units.write(keyed(b"2"))
        clock.advance(TTL_S - 0.001)
        assert await stores.keys.recall(SCOPE) == StoredAnswer(PRINT, b"2")
        clock.advance(0.001)
        assert await stores.keys.recall(SCOPE) is None

    async def test_a_failed_replacement_leaves_the_key_unused(
        self, stores: RelationalStores, clock: ManualClock
    ) -> None:
        """What has expired does not come back."""
        await stores.units.write(keyed(b"1"))
        clock.advance(TTL_S)
        with pytest.raises(LookupError):
            await stores.units.write(keyed(b"2", then=fail))
        assert await stores.keys.recall(SCOPE) is None
        assert await stores.units.write(keyed(b"3")) is None
        assert await stores.keys.recall(SCOPE) == StoredAnswer(PRINT, b"3")

    async def test_an_exception_leaves_the_key_unused(self, stores: RelationalStores) -> None:
        """Raised by the body, or by the store and hidden by the body."""
        await populate(stores, 2)
        with pytest.raises(LookupError):
            await stores.units.write(keyed(b"1", then=fail))
        assert await stores.keys.recall(SCOPE) is None
        with pytest.raises(HandleTaken):
            await stores.units.write(keyed(b"2", then=fail_and_hide_it))
        assert await stores.keys.recall(SCOPE) is None
        assert await stores.units.write(keyed(b"3", fingerprint=OTHER_PRINT)) is None
        assert await stores.keys.recall(SCOPE) == StoredAnswer(OTHER_PRINT, b"3")

    async def test_a_claim_without_an_answer_leaves_the_key_unused(
        self, stores: RelationalStores
    ) -> None:
        """Also to the same unit, and then it may be answered."""

        async def claims_only(unit: StoreUnit) -> None:
            for _ in range(2):
                assert await unit.keys.claim(SCOPE, OTHER_PRINT, 0) is None

        await stores.units.write(claims_only)
        assert await stores.keys.recall(SCOPE) is None
        assert await stores.units.write(keyed(b"1")) is None
        assert await stores.keys.recall(SCOPE) == StoredAnswer(PRINT, b"1")

    async def test_only_a_claimed_key_is_answered(self, stores: RelationalStores) -> None:
        """Anything else is a bug of the caller."""
        await stores.units.write(keyed(b"1"))

        async def answers_what_it_was_refused(unit: StoreUnit) -> None:
            await unit.keys.claim(SCOPE, PRINT, 0)
            await unit.keys.answer(SCOPE, b"2", TTL_S)

        for body in (
            lambda unit: unit.keys.answer(SCOPE, b"2", TTL_S),
            answers_what_it_was_refused,
        ):
            with pytest.raises(UnitMisused, match="claimed"):
                await stores.units.write(body)
        assert await stores.keys.recall(SCOPE) == StoredAnswer(PRINT, b"1")

    async def test_a_reading_unit_claims_nothing(self, stores: RelationalStores) -> None:
        """Nor does it record events."""
        for body in (keyed(b"1"), record(event(1))):
            with pytest.raises(UnitMisused, match="reading"):
                await stores.units.read(body)
        assert await stores.keys.recall(SCOPE) is None
        assert await recorded(stores) == []

    async def test_key_effect_and_events_are_kept_together(self, stores: RelationalStores) -> None:
        """All of them, and again nothing for a repeat."""
        await populate(stores, 1)
        for _ in range(2):
            await stores.units.write(keyed(b"1", then=act))
        assert await stores.keys.recall(SCOPE) == StoredAnswer(PRINT, b"1")
        assert await names(stores) == {"Person 1", "Person 2"}
        assert await recorded(stores) == [event(1), event(2), event(3)]

    async def test_nothing_is_kept_of_a_failed_write(self, stores: RelationalStores) -> None:
        """Neither key nor effect nor events."""
        await populate(stores, 1)

        async def acts_and_fails(unit: StoreUnit) -> None:
            await act(unit)
            await fail(unit)

        with pytest.raises(LookupError):
            await stores.units.write(keyed(b"1", then=acts_and_fails))
        assert await stores.keys.recall(SCOPE) is None
        assert await names(stores) == {"Person 1"}
        assert await recorded(stores) == []

    async def test_who_waits_for_events_is_woken(self, stores: RelationalStores) -> None:
        """By a unit that recorded some, once it is committed."""
        heard = stores.outbox.bell.rings
        await stores.units.write(record(event(1)))
        assert stores.outbox.bell.rings > heard

    async def test_of_concurrent_repeats_one_acts(self, stores: RelationalStores) -> None:
        """All the others are told its answer, or that it is under way."""
        answers = await race(stores, 40)
        assert len([one for one in answers if one is None]) == 1
        assert await count(stores) == 1

    async def test_of_concurrent_replacements_one_acts(
        self, stores: RelationalStores, clock: ManualClock
    ) -> None:
        """Nobody is given what has expired."""
        await stores.units.write(keyed(b"expired"))
        clock.advance(TTL_S)
        answers = await race(stores, 40)
        assert len([one for one in answers if one is None]) == 1
        assert await count(stores) == 1

    async def test_other_keys_are_not_in_the_way(self, stores: RelationalStores) -> None:
        """Of many units at once."""
        await stores.units.write(lambda unit: unit.campuses.put([campus()]))
        scopes = [KeyScope("person.1", "invites.send", f"key.{number}") for number in range(100)]
        async with anyio.create_task_group() as group:
            for scope in scopes:
                group.start_soon(stores.units.write, keyed(scope.key.encode(), scope))
        for scope in scopes:
            assert await stores.keys.recall(scope) == StoredAnswer(PRINT, scope.key.encode())

    async def test_expired_keys_are_purged(
        self, stores: RelationalStores, clock: ManualClock
    ) -> None:
        """As many as are asked for at once, and no others."""
        for number in range(5):
            await stores.units.write(keyed(b"1", KeyScope("person.1", "old", str(number))))
        clock.advance(TTL_S - 1)
        await stores.units.write(keyed(b"1", KeyScope("person.1", "old", "0x")))
        await stores.units.write(keyed(b"1"))
        assert await stores.keys.purge(10) == 0
        clock.advance(1)
        await stores.units.write(keyed(b"2", KeyScope("person.1", "old", "3")))
        assert await stores.keys.expired() == 4
        assert [await stores.keys.purge(3) for _ in range(3)] == [3, 1, 0]
        assert await stores.keys.expired() == 0
        assert await stores.keys.recall(SCOPE) == StoredAnswer(PRINT, b"1")
        again = KeyScope("person.1", "old", "3")
        assert await stores.keys.recall(again) == StoredAnswer(PRINT, b"2")

    async def test_a_purge_of_many(self, stores: RelationalStores, clock: ManualClock) -> None:
        """More than a statement deletes at once."""

        async def body(unit: StoreUnit) -> None:
            for number in range(1200):
                scope = KeyScope("person.1", "old", str(number))
                await unit.keys.claim(scope, PRINT, 0)
                await unit.keys.answer(scope, b"1", TTL_S)

        await stores.units.write(body)
        clock.advance(TTL_S)
        assert await stores.keys.purge(1100) == 1100
        assert await stores.keys.purge(1100) == 100

    async def test_a_probe_changes_nothing(
        self, stores: RelationalStores, clock: ManualClock
    ) -> None:
        """Whatever there is, and at the same time as others."""
        await stores.units.write(keyed(b"1"))
        async with anyio.create_task_group() as group:
            for _ in range(5):
                group.start_soon(stores.keys.probe)
        assert await stores.keys.recall(SCOPE) == StoredAnswer(PRINT, b"1")
        clock.advance(TTL_S)
        assert await stores.keys.purge(10) == 1


def keyed(
    body: bytes,
    scope: KeyScope = SCOPE,
    *,
    fingerprint: bytes = PRINT,
    then: Callable[[StoreUnit], Awaitable[object]] | None = None,
) -> KeyedBody:
    """A unit that claims the key, does what there is to do then, and answers with ``body``."""

    async def write(unit: StoreUnit) -> StoredAnswer | None:
        found = await unit.keys.claim(scope, fingerprint, 1000)
        if found is None:
            if then is not None:
                await then(unit)
            await unit.keys.answer(scope, body, TTL_S)
        return found

    return write


def event(number: int) -> Event:
    """Event ``number``, of campus 1."""
    return Event(
        id=EventId(user_id(number)),
        topic="social",
        name="invite.sent",
        campus_id=campus_id(1),
        aggregate="pair.1",
        at=Millis(START_MS + number),
        data={"number": number, "people": [str(user_id(1))], "nothing": None, "text": "é\n'\""},
    )


def record(*events: Event) -> KeyedBody:
    """A unit that records events."""

    async def write(unit: StoreUnit) -> None:
        await unit.outbox.add(*events)

    return write


async def act(unit: StoreUnit) -> None:
    """Keep person 2, and record three events."""
    await unit.outbox.add(event(1))
    await unit.people.put([person(2)])
    await unit.outbox.add(event(2), event(3))


async def fail(_unit: StoreUnit) -> None:
    """Raise an error that no store knows."""
    raise LookupError


async def fail_and_hide_it(unit: StoreUnit) -> None:
    """Go on after the store has refused something, with something left for the unit's end."""
    await unit.outbox.add(event(1))
    try:
        await unit.people.put([person(3, handle="person.1")])
    except HandleTaken:
        return


async def race(stores: RelationalStores, count: int) -> list[StoredAnswer | None]:
    """What so many units with the same key were told, all but those told to wait."""
    await stores.units.write(lambda unit: unit.campuses.put([campus(radius_m=1000)]))
    found: list[StoredAnswer | None] = []

    async def one() -> None:
        try:
            answer = await stores.units.write(keyed(b"1", then=widen))
        except IdempotencyInProgress:
            return
        assert answer in (None, StoredAnswer(PRINT, b"1"))
        found.append(answer)

    async with anyio.create_task_group() as group:
        for _ in range(count):
            group.start_soon(one)
    return found


async def widen(unit: StoreUnit) -> None:
    """Make campus 1 wider by one metre."""
    found = await unit.campuses.get(campus_id(1))
    await unit.campuses.put([campus(radius_m=found.radius_m + 1 if found else 0)])


async def count(stores: RelationalStores) -> int:
    """How often campus 1 was widened."""
    found = await stores.units.read(lambda unit: unit.campuses.get(campus_id(1)))
    return found.radius_m - 1000 if found else 0


async def names(stores: RelationalStores) -> set[str]:
    """The names of the people of campus 1."""
    people = await stores.units.read(lambda unit: unit.people.page(campus_id(1), None, 10))
    return {one.display_name for one in people}


async def recorded(stores: RelationalStores) -> Sequence[Event]:
    """What is in the outbox, in order."""
    return list(await stores.outbox.claim("contract", 100, 1000))
