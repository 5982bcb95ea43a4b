"""How long plans are kept of what is prepared on PostgreSQL."""

from types import SimpleNamespace
from typing import NoReturn

import anyio
import asyncpg
import pytest
from sqlalchemy import select, text

from divan_core.stores.sql import plans
from divan_core.stores.sql.address import parse_address
from divan_core.stores.sql.clauses import one_of
from divan_core.stores.sql.connection import SqlConnection
from divan_core.stores.sql.postgres import PostgresEngine
from divan_core.stores.sql.tables import CAMPUSES
from divan_core.testing.contracts.samples import campus_id
from tests.unit.stores.sql.conftest import Backdoor

pytestmark = pytest.mark.anyio


async def count(connection: SqlConnection) -> int:
    found: int = (await connection.execute(text("SELECT count(*) FROM campuses"))).scalar_one()
    return found


async def test_plans_grow_no_older_than_what_they_are_made_for(
    postgres_url: str, postgres_backdoor: Backdoor, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A plan for a table of nothing is no plan for one of thousands, which nobody has analysed."""
    now = 100.0
    monkeypatch.setattr(plans, "time", SimpleNamespace(monotonic=lambda: now))
    engine = PostgresEngine(parse_address(postgres_url), pool_size=1)
    few = select(CAMPUSES.c.id).where(one_of(CAMPUSES.c.id, "postgresql"))

    async def read_from_end_to_end(connection: SqlConnection) -> int:
        scans = text("SELECT seq_scan FROM pg_stat_xact_user_tables WHERE relname = 'campuses'")
        before: int = (await connection.execute(scans)).scalar_one()
        for _ in range(9):
            await connection.rows(few, {"among": [campus_id(1), campus_id(2)]})
        found: int = (await connection.execute(scans)).scalar_one()
        return found - before

    async with engine.running():
        assert await engine.read(read_from_end_to_end) > 0  # the first plans are for these ids
        postgres_backdoor(
            "INSERT INTO campuses SELECT gen_random_uuid(), 'x', 0, 0, 'UTC', 100"
            " FROM generate_series(1, 5000)"
        )
        now += 0.9 * plans.FIRST_S
        assert await engine.read(read_from_end_to_end) == 9
        now += 0.2 * plans.FIRST_S
        assert await engine.read(read_from_end_to_end) == 0


async def test_plans_are_made_anew_ever_less_often(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 100.0
    monkeypatch.setattr(plans, "time", SimpleNamespace(monotonic=lambda: now))
    info: dict[str, object] = {}
    anew = []
    for _ in range(40):
        if plans.Plans.of(info).are_over():
            anew.append(now - 100)
        now += 0.5
    assert anew == [1, 2, 4, 8, 16]


async def test_a_connection_that_cannot_plan_is_replaced(
    postgres_engine: PostgresEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    await postgres_engine.ask(count)
    asked = []

    async def refuse(_driver: object, query: str) -> NoReturn:
        asked.append(query)
        raise asyncpg.PostgresConnectionError

    with monkeypatch.context() as patch:
        patch.setattr(plans.Plans, "are_over", lambda _: not asked)
        patch.setattr(asyncpg.Connection, "execute", refuse)
        assert await postgres_engine.ask(count) == 0
    assert asked == [plans.DISCARD]


async def test_whoever_is_cancelled_meanwhile_gives_the_connection_back(
    postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = PostgresEngine(parse_address(postgres_url), pool_size=1)
    async with engine.running():
        with monkeypatch.context() as patch, anyio.CancelScope() as scope:
            patch.setattr(plans.Plans, "are_over", lambda _: True)
            patch.setattr(asyncpg.Connection, "execute", lambda *_: cancelled(scope))
            await engine.ask(count)
        assert scope.cancelled_caught
        with anyio.fail_after(5):
            assert await engine.ask(count) == 0


async def cancelled(scope: anyio.CancelScope) -> None:
    scope.cancel()
    await anyio.sleep_forever()
