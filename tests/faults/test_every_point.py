"""Whatever goes wrong at whichever point of a write: a repetition makes it one write."""

from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final

import anyio
import attrs
import httpx2
import pytest
from anyio.to_thread import run_sync

from divan_core.divan import Divan, stores_of
from divan_core.errors import StoreUnavailable
from divan_core.ground import Ground
from divan_core.settings import AuthSettings, IdempotencySettings, LimitSettings, Settings
from divan_core.social.messages import INVITE_SENT
from divan_core.stores.factories import sql_stores
from divan_core.system import SystemClock, SystemEntropy, SystemIds
from divan_core.testing.faults import FaultPoints, Raise
from divan_http.app import create_app
from tests.faults.campus import people, person
from tests.faults.clients import Ledger, Write, client_of, in_progress, insist
from tests.faults.echo import echoes
from tests.faults.process import serving
from tests.faults.scale import SCALE
from tests.faults.server import Arm
from tests.faults.truth import DELIVERED_S, Truth, check_effects, check_events
from tests.http.world import asgi_client

pytestmark = pytest.mark.anyio

SETTINGS: Final = Settings(
    env="test",
    limit=LimitSettings(invite_per_minute=1_000_000, invite_per_day=1_000_000),
    idempotency=IdempotencySettings(required=True),
    auth=AuthSettings(enabled=False),  # else a worker looks for mails every two seconds
)
GROUND: Final = Ground(SystemClock(), SystemIds(), bytes(32), SystemEntropy())
PEOPLE: Final = 400
CLEAN: Final = 2

SURELY: Final = (
    "limits.admit:before",
    "units.write:before",
    "keys.claim:before",
    "keys.claim:after",
    "invites.put:after",
    "outbox.add:after",
    "keys.answer:after",
    "units.write:after",
    "outbox.claim:after",
    "bus.publish:before",
    "bus.publish:after",
    "outbox.published:after",
    "bus.take:after",
    "handled.begin:after",
    "bus.acknowledge:before",
    "bus.acknowledge:after",
)
"""Points that every write passes, whatever else it does."""

ASKED: Final = frozenset({"bus.backlog", "outbox.lag"})
"""Calls of ``drain``, which a write knows nothing of."""

LEASED: Final = "outbox.claim:after"
"""Whoever errs here has leased events without knowing; they come free with their lease."""

FEW: Final = (
    Arm("keys.answer:after", "kill"),
    Arm("units.write:after", "hang"),
    Arm("bus.publish:after", "kill"),
    Arm("handled.begin:after", "hang"),
)


def write(number: int) -> Write:
    """A write that nobody else makes."""
    return Write(person(2 * number + 1), person(2 * number + 2), f"write-{number}")


async def passed(
    divan: Divan, client: httpx2.AsyncClient, faults: FaultPoints, ledger: Ledger
) -> list[str]:
    """The points that a write passes until somebody has acted on it, by passing them."""
    found = set(faults.points())
    for number in range(CLEAN):
        before = {point: faults.reached(point) for point in found}
        await insist(client, write(number), ledger)
        await divan.drain()
        found = {point for point, count in before.items() if faults.reached(point) > count}
    assert set(SURELY) <= found
    found = {point for point in found if point.partition(":")[0] not in ASKED}
    return sorted(found - {LEASED}) + [LEASED] * SCALE.points


async def check(url: str, ledger: Ledger) -> None:
    truth = await Truth.delivered(url)
    check_effects(truth, ledger)
    check_events(truth, lambda _pair: [INVITE_SENT])
    assert len(truth.events) == len(ledger.bodies)


async def test_an_error_at_every_point(settings: dict[str, str]) -> None:
    url, ledger, faults = settings["DIVAN_DATABASE_URL"], Ledger(), FaultPoints()
    redis_url = settings.get("DIVAN_REDIS_URL", "")
    chosen = attrs.evolve(SETTINGS, database_url=url, redis_url=redis_url)
    await people(url, PEOPLE)
    stores = faults.around(stores_of(chosen, GROUND))
    async with Divan.open(SETTINGS, stores=stores, subscriptions=(echoes(),)) as divan:
        async with asgi_client(create_app(divan)) as client:
            points = await passed(divan, client, faults, ledger)
            for number, point in enumerate(points, CLEAN):
                reached = faults.reached(point)
                faults.arm(point, Raise(StoreUnavailable()))
                await insist(client, write(number), ledger)
                with suppress(StoreUnavailable):
                    await divan.drain(DELIVERED_S)
                await divan.drain(DELIVERED_S)
                assert faults.reached(point) > reached, point
        await check(url, ledger)


@pytest.fixture
async def arms(tmp_path: Path) -> Sequence[Arm]:
    """Where to kill and to hang: everywhere, if there is time."""
    if not SCALE.points:
        return FEW
    url, faults = f"sqlite:///{tmp_path}/points.db", FaultPoints()
    await people(url, 2 * CLEAN)
    stores = faults.around(sql_stores(url))
    async with (
        Divan.open(SETTINGS, stores=stores, subscriptions=(echoes(),)) as divan,
        asgi_client(create_app(divan)) as client,
    ):
        points = await passed(divan, client, faults, Ledger())
    return [arm for point in points for arm in (Arm(point, "kill"), Arm(point, "hang"))]


async def test_a_kill_and_a_hang_at_every_point(
    settings: dict[str, str], arms: Sequence[Arm]
) -> None:
    """What hangs is killed in the end, as somebody would who operates the server."""
    url, ledger = settings["DIVAN_DATABASE_URL"], Ledger()
    await people(url, PEOPLE)
    with serving(settings) as (server,):
        async with client_of(server.url) as client:
            for number, arm in enumerate(arms):
                struck = server.struck(arm)
                await run_sync(server.arm, arm)
                async with anyio.create_task_group() as tasks:
                    tasks.start_soon(insist, client, write(number), ledger)
                    await run_sync(server.wait_for, arm, struck + 1)
                    if arm.fault == "hang":
                        await run_sync(server.kill)
            await check(url, ledger)


async def test_another_server_waits_for_one_that_hangs(postgres_url: str, redis_url: str) -> None:
    settings = {
        "DIVAN_DATABASE_URL": postgres_url,
        "DIVAN_REDIS_URL": redis_url,
        "IDEMPOTENCY_WAIT_MS": "100",
    }
    ledger, arm = Ledger(), Arm("keys.answer:after", "hang")
    await people(postgres_url, 2)
    with serving(settings, 2) as (hanging, other):
        await run_sync(hanging.arm, arm)
        async with client_of(hanging.url) as client, client_of(other.url) as second:
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(insist, client, write(0), ledger)
                await run_sync(hanging.wait_for, arm)
                assert in_progress(await write(0).send(second))
                await run_sync(hanging.kill)
            await insist(second, write(0), ledger)
            await check(postgres_url, ledger)
