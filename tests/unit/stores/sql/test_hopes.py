"""On PostgreSQL units take events for new, and keep nothing where one is not."""

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any, Final

import asyncpg
import pytest

from divan_core.kernel.events import Event
from divan_core.safety.trust import Trust
from divan_core.stores.bundle import RelationalStores, StoreUnit
from divan_core.stores.sql import hopes
from divan_core.stores.sql.hopes import Hopes
from divan_core.stores.sql.store import open_sql
from divan_core.testing.contracts.outboxevents import begin, give_up
from divan_core.testing.contracts.outboxevents import event as event_of
from divan_core.testing.contracts.samples import running
from divan_core.testing.contracts.trust import ME, NOW

pytestmark = pytest.mark.anyio

SERIAL: Final = "BEGIN ISOLATION LEVEL SERIALIZABLE"
LOCKING: Final = "BEGIN ISOLATION LEVEL READ COMMITTED"
ONE, TWO, THREE = (event_of(number) for number in (1, 2, 3))


@pytest.fixture
async def stores(postgres_url: str) -> AsyncIterator[RelationalStores]:
    async with running(open_sql(postgres_url)) as opened:
        yield opened


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What units tell the server from now on."""
    found: list[str] = []
    for name in ("execute", "fetch"):
        before = getattr(asyncpg.Connection, name)

        async def noted(self: Any, sql: str, *rest: Any, before: Any = before, **how: Any) -> Any:
            if not sql.startswith("LISTEN"):
                found.append(sql)
            return await before(self, sql, *rest, **how)

        monkeypatch.setattr(asyncpg.Connection, name, noted)
    return found


class Body:
    """Handles some events, and does something where any of them is new; how often it ran."""

    def __init__(
        self, *events: Event, then: Callable[[StoreUnit], Awaitable[object]] | None = None
    ) -> None:
        self.events = events
        self.then = then
        self.runs = 0

    async def __call__(self, unit: StoreUnit) -> list[Event]:
        self.runs += 1
        new = list(await unit.handled.begin_all("one", self.events))
        if new and self.then is not None:
            await self.then(unit)
        return new


async def trusted(unit: StoreUnit) -> None:
    """Write something."""
    await unit.trust.put({ME: Trust(40, NOW)})


async def looked(unit: StoreUnit) -> Trust | None:
    """Read it."""
    return await unit.trust.get(ME)


async def test_what_is_handled_and_no_more_is_one_round_trip(
    stores: RelationalStores, sent: list[str]
) -> None:
    for locking, one in ((False, ONE), (True, TWO)):
        sent.clear()
        assert await stores.units.write(Body(one), locking=locking) == [one]
        assert [text[:26] for text in sent] == ["INSERT INTO handled_events"]
    assert not await begin(stores, "one", ONE)


async def test_what_is_written_with_it_goes_along(
    stores: RelationalStores, sent: list[str]
) -> None:
    """But where units are as if one ran after the other, in a transaction."""
    assert await stores.units.write(Body(ONE, then=trusted), locking=True) == [ONE]
    assert [text[:17] for text in sent] == ["WITH step_0 AS (I"]
    sent.clear()
    assert await stores.units.write(Body(TWO, then=trusted)) == [TWO]
    assert (sent[0], sent[1][:4], sent[2]) == (SERIAL, "WITH", "COMMIT")
    assert await stores.units.read(looked) == Trust(40, NOW)


async def test_nothing_is_begun_before_something_is_asked(
    stores: RelationalStores, sent: list[str]
) -> None:
    assert await stores.units.write(Body(ONE, then=looked), locking=True) == [ONE]
    assert [text[:20] for text in sent] == [
        LOCKING[:20],
        "SELECT trust.score, ",
        "INSERT INTO handled_",
        "COMMIT",
    ]
    sent.clear()
    await stores.units.write(Body())
    assert sent == []


@pytest.mark.parametrize("locking", [True, False])
async def test_of_a_unit_that_took_one_wrongly_for_new_nothing_is_kept(
    stores: RelationalStores, *, locking: bool
) -> None:
    """It is run again, and asks."""
    assert await begin(stores, "one", ONE)
    body = Body(ONE, then=trusted)
    assert await stores.units.write(body, locking=locking) == []
    assert body.runs == 2
    assert await stores.units.read(looked) is None
    assert await stores.units.write(Body(ONE, TWO, then=trusted), locking=locking) == [TWO]
    assert await stores.units.read(looked) == Trust(40, NOW)


async def test_what_was_given_up_is_not_new(stores: RelationalStores) -> None:
    await give_up(stores, "one", ONE)
    assert await stores.units.write(Body(ONE, then=trusted)) == []
    assert await stores.units.read(looked) is None


async def test_what_was_handled_cannot_fail_again(stores: RelationalStores) -> None:
    """The world may have become another one in which it makes no sense."""

    async def fail(_: StoreUnit) -> None:
        raise LookupError

    assert await begin(stores, "one", ONE)
    assert await stores.units.write(Body(ONE, then=fail)) == []
    body = Body(TWO, then=fail)
    with pytest.raises(LookupError):
        await stores.units.write(body)
    assert await begin(stores, "one", TWO)


async def test_who_was_wrong_asks_first_for_a_while(stores: RelationalStores) -> None:
    """What is delivered again comes in great number."""
    assert [await begin(stores, "one", one) for one in (ONE, TWO)] == [True, True]
    assert not await begin(stores, "one", ONE)
    body = Body(TWO)
    assert await stores.units.write(body) == []
    assert body.runs == 1


def test_doubt_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    one = Hopes("postgresql")
    one.were_wrong()
    assert not one.are_up
    monkeypatch.setattr(hopes, "DOUBT_S", 0.0)
    one.were_wrong()
    assert one.are_up


def test_where_no_question_is_a_round_trip_nobody_hopes() -> None:
    assert Hopes("postgresql").are_up
    assert not Hopes("sqlite").are_up
