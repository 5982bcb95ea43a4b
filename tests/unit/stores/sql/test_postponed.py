"""What nobody waits for goes together on PostgreSQL, before anybody could tell."""

from collections.abc import AsyncIterator

import pytest
from sqlalchemy import bindparam, select, update

from divan_core.kernel.events import Event
from divan_core.kernel.units import UnitMisused
from divan_core.safety.trust import Change, Merit, Trust
from divan_core.stores.bundle import RelationalStores, StoreUnit
from divan_core.stores.sql.clauses import insert_missing, insert_or_replace
from divan_core.stores.sql.desktables import ACTIONS, CASES, REPORTS
from divan_core.stores.sql.pending import record
from divan_core.stores.sql.postponed import Postponed
from divan_core.stores.sql.safetytables import TRUST, TRUST_CHANGES
from divan_core.stores.sql.store import open_sql
from divan_core.testing.contracts.keys import event
from divan_core.testing.contracts.samples import running, user_id
from divan_core.testing.contracts.trust import ME, NOW
from tests.unit.stores.sql.conftest import note_together

pytestmark = pytest.mark.anyio

GIVEN = {"of_user": user_id(1), "to_score": 5}
SCORED = (
    update(TRUST)
    .where(TRUST.c.user_id == bindparam("of_user", type_=TRUST.c.user_id.type))
    .values(score=bindparam("to_score", type_=TRUST.c.score.type))
)
CLOSED = update(CASES).values(weight=bindparam("to_score", type_=CASES.c.weight.type))


@pytest.fixture
async def stores(postgres_url: str) -> AsyncIterator[RelationalStores]:
    async with running(open_sql(postgres_url)) as opened:
        yield opened


def test_parameters_are_numbered_through() -> None:
    postponed = Postponed()
    assert not postponed
    assert postponed.add(SCORED, GIVEN)
    assert postponed.add(CLOSED, {"to_score": 7})
    whole = postponed.take()
    assert not postponed
    assert whole.sql == (
        "WITH step_0 AS (UPDATE trust SET score=$1::SMALLINT WHERE trust.user_id = $2::UUID),"
        " step_1 AS (UPDATE cases SET weight=$3::INTEGER) SELECT 1"
    )
    assert whole.values == [5, user_id(1), 7]


def test_one_alone_is_as_it_is() -> None:
    postponed = Postponed()
    assert postponed.add(CLOSED, {"to_score": 7})
    assert postponed.take().sql == "UPDATE cases SET weight=$1::INTEGER"


def test_a_table_is_changed_once() -> None:
    """Of two parts of a statement, the second does not see the first."""
    postponed = Postponed()
    assert postponed.add(SCORED, GIVEN)
    assert not postponed.add(SCORED, GIVEN)
    from_it = insert_missing(TRUST_CHANGES, "postgresql").from_select(
        ["user_id"], select(TRUST.c.user_id)
    )
    assert not postponed.add(from_it, {})
    postponed.take()
    assert postponed.add(SCORED, GIVEN)


def test_what_has_parts_is_none() -> None:
    whole = SCORED.add_cte(CLOSED.cte("closed"))
    assert not Postponed().add(whole, {**GIVEN})


def test_who_could_tell() -> None:
    """Whoever reads of a table that is changed, or lets a row of another refer to it."""
    postponed = Postponed()
    assert not postponed.concern(select(CASES))
    assert postponed.add(insert_or_replace(CASES, "postgresql"), {})
    assert postponed.concern(select(CASES))
    assert postponed.concern(select(REPORTS.c.id).join_from(REPORTS, CASES))
    assert postponed.concern(select(REPORTS).where(select(CASES.c.id).exists()))
    assert postponed.concern(insert_or_replace(ACTIONS, "postgresql"))
    assert not postponed.concern(select(ACTIONS))
    assert not postponed.concern(record(clocked=False))


async def test_a_unit_writes_in_one_statement(
    stores: RelationalStores, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent: list[str] = []
    note_together(monkeypatch, sent)
    """Trust, why it has changed, and an event."""

    async def body(unit: StoreUnit) -> None:
        await unit.trust.add((ME, Change(Merit.HIT, "decision:1", NOW)))
        await unit.trust.put({ME: Trust(40, NOW)})
        await unit.outbox.add(event(1))

    await stores.units.write(body, locking=True)
    assert [one[:41] for one in sent] == ["WITH step_0 AS (INSERT INTO trust_changes"]
    assert await stores.units.read(lambda unit: unit.trust.get(ME)) == Trust(40, NOW)
    claimed = await stores.outbox.claim("test", 9, 9_000)
    assert [one.id for one in claimed] == [event(1).id]


async def test_what_fails_at_the_end_undoes_all(stores: RelationalStores) -> None:
    """The event was recorded before."""

    async def body(unit: StoreUnit, told: Event, score: int) -> None:
        await unit.trust.put({ME: Trust(score, NOW)})
        await unit.outbox.add(told)

    await stores.units.write(lambda unit: body(unit, event(1), 40))
    with pytest.raises(UnitMisused):
        await stores.units.write(lambda unit: body(unit, event(1), 50))
    assert await stores.units.read(lambda unit: unit.trust.get(ME)) == Trust(40, NOW)


async def test_reading_units_still_write_nothing(stores: RelationalStores) -> None:
    with pytest.raises(UnitMisused):
        await stores.units.read(lambda unit: unit.trust.put({ME: Trust(1, NOW)}))
    assert await stores.units.read(lambda unit: unit.trust.get(ME)) is None
