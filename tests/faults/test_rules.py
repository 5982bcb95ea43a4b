"""Whatever goes wrong while the machine decides and acts: it decides once, and acts once."""

from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path
from typing import Final

import attrs
import pytest

from divan_core.accounts.messages import CreateCampus, CreatePerson
from divan_core.chat.messages import MessagesQuery, SendMessage
from divan_core.divan import Divan
from divan_core.errors import StoreUnavailable
from divan_core.kernel.actor import ADMIN, Actor
from divan_core.kernel.ids import UserId
from divan_core.moderation.auditmessages import AuditQuery
from divan_core.moderation.messages import CasesQuery, OneCase
from divan_core.safety.trust import Trust
from divan_core.settings import AuthSettings, LimitSettings, Settings
from divan_core.stores.bundle import Stores, StoreUnit
from divan_core.stores.factories import embedded_stores, memory_stores, production_stores
from divan_core.testing.clock import ManualClock
from divan_core.testing.faults import FaultPoints, Raise
from tests.faults.campus import CAMPUS
from tests.faults.scale import SCALE
from tests.servers.sqlite import migrated

pytestmark = pytest.mark.anyio

SETTINGS: Final = Settings(
    env="test",
    workers_enabled=False,
    auth=AuthSettings(enabled=False),
    limit=LimitSettings(message_per_minute=1_000_000),
)
FOUL: Final = "Fuck you, you fucking bitch"
LEASE_S: Final = 60.0
CLEAN: Final = 2
TOGETHER: Final = 2
SURELY: Final = (
    "handled.begin:after",
    "handled.begin_all:after",
    "decisions.background:after",
    "decisions.add:after",
    "trust.put:after",
    "cases.put:after",
    "actions.put:after",
    "messages.veil:after",
    "audit.add:after",
    "outbox.add:after",
    "units.write:before",
    "units.write:after",
    "bus.acknowledge:before",
    "bus.acknowledge:after",
)
"""Points that a decision passes which something follows from."""

ASKED: Final = frozenset({"bus.backlog", "outbox.lag"})


@attrs.define
class Stage:
    """A running Divan, and somebody to write to."""

    divan: Divan
    clock: ManualClock
    faults: FaultPoints
    reader: Actor
    staff: Actor
    writers: list[Actor] = attrs.field(factory=list)

    async def offend(self) -> None:
        """Some who are new write what is not to be written, and are decided about together."""
        for _ in range(TOGETHER):
            number = len(self.writers)
            command = CreatePerson(CAMPUS, f"writer{number}", "Writer")
            account = await self.divan.accounts.create_person(command)
            writer = await self.divan.accounts.actor(account.user_id)
            self.writers.append(writer)
            await self.divan.chat.send(writer, SendMessage(self.reader.user_id, FOUL))

    async def passed(self) -> list[str]:
        """The points that are passed from an offence until nothing is left to do."""
        found = set(self.faults.points())
        for _ in range(CLEAN):
            await self.offend()
            before = {point: self.faults.reached(point) for point in found}
            await self.divan.drain()
            found = {point for point in before if self.faults.reached(point) > before[point]}
        assert set(SURELY) <= found
        return sorted(point for point in found if point.partition(":")[0] not in ASKED)

    async def check(self) -> None:
        """Each offence was decided about once and acted on once, and is known of its author."""
        for writer in self.writers:
            user_id = writer.user_id
            query = MessagesQuery(user_id)
            assert not (await self.divan.chat.messages(self.reader, query)).items
            decided, trust = await self.divan.stores.units.read(
                lambda unit, user_id=user_id: _known(unit, user_id)  # type: ignore[misc]
            )
            assert decided == 1
            assert trust is not None
            assert trust.drifted(trust.at).score == 40
        cases = await self.divan.cases.page(self.staff, CasesQuery(limit=200))
        assert len(cases.items) == len(self.writers)
        for case in cases.items:
            whole = await self.divan.cases.get(self.staff, OneCase(case.id))
            assert [one.action for one in whole.actions] == ["tombstone"]
        entries = await self.divan.audit.page(self.staff, AuditQuery(limit=200))
        assert [one.action for one in entries.items] == ["action.applied"] * len(self.writers)
        assert (await self.divan.audit.verify()).ok


async def _known(unit: StoreUnit, user_id: UserId) -> tuple[int, Trust | None]:
    return await unit.decisions.count_of(user_id), await unit.trust.get(user_id)


@pytest.fixture(params=["memory", "sqlite", "postgres+valkey"])
def kind(request: pytest.FixtureRequest) -> str:
    chosen: str = request.param
    return chosen


@pytest.fixture
def stores(kind: str, request: pytest.FixtureRequest, clock: ManualClock, tmp_path: Path) -> Stores:
    if kind == "memory":
        return memory_stores(clock)
    if kind == "sqlite":
        return embedded_stores(migrated(tmp_path / "divan.sqlite3"), clock)
    urls = (request.getfixturevalue(name) for name in ("postgres_url", "redis_url"))
    return production_stores(*urls, key=bytes(32), clock=clock)


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
async def stage(stores: Stores, clock: ManualClock) -> AsyncIterator[Stage]:
    faults = FaultPoints()
    async with Divan.open(SETTINGS, stores=faults.around(stores), clock=clock) as divan:
        await divan.accounts.create_campus(CreateCampus("Test", 45.5, -73.5, id=CAMPUS))
        reader = await divan.accounts.create_person(CreatePerson(CAMPUS, "reader", "Reader"))
        other = await divan.accounts.create_person(CreatePerson(CAMPUS, "staff", "Staff"))
        staff = Actor(other.user_id, CAMPUS, frozenset({ADMIN}))
        yield Stage(divan, clock, faults, await divan.accounts.actor(reader.user_id), staff)


async def test_an_error_at_every_point(stage: Stage, kind: str) -> None:
    passed = await stage.passed()
    for point in passed if SCALE.points or kind == "memory" else SURELY:
        await stage.offend()
        reached = stage.faults.reached(point)
        stage.faults.arm(point, Raise(StoreUnavailable()))
        with suppress(StoreUnavailable):
            await stage.divan.drain()
        stage.clock.advance(LEASE_S)
        await stage.divan.drain()
        assert stage.faults.reached(point) > reached, point
    await stage.check()
