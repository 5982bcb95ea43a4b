"""Whatever goes wrong while an appeal is decided: nothing of it is done, or all of it, once."""

from contextlib import suppress
from pathlib import Path

import pytest

from divan_core import Divan, Settings
from divan_core.accounts.messages import CreateCampus
from divan_core.errors import DivanError, StoreUnavailable
from divan_core.moderation.appealmessages import ResolveAppeal
from divan_core.moderation.messages import OneCase
from divan_core.stores.bundle import Stores
from divan_core.stores.factories import embedded_stores, memory_stores
from divan_core.testing.clock import ManualClock
from divan_core.testing.faults import FaultPoints, Raise
from tests.library.conftest import CAMPUS, CENTRE, World
from tests.library.desk import Scene, a_scene
from tests.servers.sqlite import migrated

pytestmark = pytest.mark.anyio

CALLS = {
    "actions.put",
    "appeals.put",
    "audit.add",
    "cases.put",
    "journal.announce",
    "journal.record",
    "keys.answer",
    "locks.take",
    "outbox.add",
    "people.put",
    "restrictions.lift",
    "units.write",
}
POINTS = sorted(one for one in FaultPoints.points() if one.rpartition(":")[0] in CALLS)
SETTINGS = Settings(env="test", workers_enabled=False)


@pytest.fixture(params=["memory", "sqlite"])
def stores(request: pytest.FixtureRequest, tmp_path: Path) -> Stores:
    clock = ManualClock()
    if request.param == "memory":
        return memory_stores(clock)
    return embedded_stores(migrated(tmp_path / "divan.sqlite3"), clock)


@pytest.mark.parametrize("point", POINTS)
async def test_an_appeal_is_decided_once(stores: Stores, point: str) -> None:
    faults, clock = FaultPoints(), ManualClock()
    async with Divan.open(SETTINGS, stores=faults.around(stores), clock=clock) as divan:
        campus = CreateCampus("Test", CENTRE.lat, CENTRE.lon, id=CAMPUS)
        await divan.accounts.create_campus(campus)
        scene = await a_scene(World(divan, clock))
        case = await scene.case()
        for action in ("ban", "mute"):
            await scene.act(case, action)
        command = ResolveAppeal((await scene.appeal(case)).id, "accepted", "Sorry.")
        before, failed = await seen(scene, case.id), True
        faults.arm(point, Raise(StoreUnavailable()))
        try:
            await divan.appeals.resolve(scene.root, command, idempotency_key="k")
            failed = False  # what comes after the commit may be lost without harm
        except DivanError:
            pass
        faults.disarm()
        between = await seen(scene, case.id)
        if between != before:
            assert point in {"units.write:after", "journal.record:before", "journal.record:after"}
        done = await divan.appeals.resolve(scene.root, command, idempotency_key="k")
        assert (done.view.status, done.view.case_status) == ("accepted", "closed")
        assert failed or done.replayed
        detail = await divan.cases.get(scene.rita, OneCase(case.id))
        names = [one.action for one in detail.timeline]
        assert (names.count("appeal.resolved"), names.count("action.reverted")) == (1, 2)
        assert {one.end for one in detail.actions} == {"reverted"}
        assert (await divan.audit.verify()).ok
        with suppress(StoreUnavailable):
            await divan.audience.refresh(CAMPUS)
        assert await divan.accounts.actor(scene.ben.user_id) == scene.ben


async def seen(scene: Scene, case_id: object) -> object:
    """All that staff sees of the case."""
    return await scene.world.divan.cases.get(scene.rita, OneCase(case_id))  # type: ignore[arg-type]  # its id
