"""A server that follows PostgreSQL: asked for figures and for nothing that somebody relies on."""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from urllib.parse import urlsplit

import anyio
import asyncpg
import attrs
import pytest

from divan_core import Divan, Settings
from divan_core.accounts.messages import CreateCampus
from divan_core.chat.messages import SendMessage
from divan_core.checkup import examine
from divan_core.errors import ConfigurationError, Muted, NotFound
from divan_core.kernel.actor import Actor
from divan_core.kernel.clock import Millis, rfc3339
from divan_core.leaderboards.messages import BoardQuery
from divan_core.moderation.messages import CasesQuery, Kpis
from divan_core.social.messages import SendInvite
from divan_core.stores.sql.checkup import examine_replica
from divan_core.stores.sql.replica import PATIENCE_S
from divan_core.testing.clock import ManualClock
from tests.conftest import migrate
from tests.library.conftest import CAMPUS, CENTRE, ROOMY, World
from tests.library.desk import Scene, a_scene
from tests.servers.databases import Databases
from tests.servers.postgres import SPARING, PostgresServer
from tests.servers.process import memory

pytestmark = pytest.mark.anyio

DURABLE_AT_ONCE = {**SPARING, "synchronous_commit": "local"}
LAG_S = 5


async def fetched(url: str, statement: str) -> object:
    connection = await asyncpg.connect(url)
    try:
        return await connection.fetchval(statement)
    finally:
        await connection.close()


async def until(true: Callable[[], Awaitable[bool]]) -> None:
    """Ask again and again: servers tell nobody how far they have come."""
    with anyio.fail_after(20):
        while not await true():  # noqa: ASYNC110 - as above
            await anyio.sleep(0.02)


@attrs.frozen
class Pair:
    """A server, and one that follows it."""

    primary: PostgresServer
    replica: PostgresServer
    databases: Databases

    async def on_replica(self, statement: str) -> object:
        return await fetched(self.replica.url, statement)

    async def until(self, question: str) -> None:
        """Wait until the replica says yes."""

        async def ask() -> bool:
            return bool(await self.on_replica(question))

        await until(ask)

    async def caught_up(self) -> None:
        """Wait until the replica has what there is by now."""
        place = await fetched(self.primary.url, "SELECT pg_current_wal_flush_lsn()::text")
        await self.until(f"SELECT pg_last_wal_replay_lsn() >= '{place}'")

    @asynccontextmanager
    async def standing_still(self) -> AsyncIterator[None]:
        """Inside, the replica has what there is now, and replays nothing that comes."""
        await self.caught_up()
        await self.on_replica("SELECT pg_wal_replay_pause()")
        try:
            await self.until("SELECT pg_get_wal_replay_pause_state() = 'paused'")
            yield
        finally:
            await self.on_replica("SELECT pg_wal_replay_resume()")


@pytest.fixture(scope="module")
def pair() -> Iterator[Pair]:
    with (
        PostgresServer(DURABLE_AT_ONCE, where=memory()) as primary,
        PostgresServer(following=primary, where=memory()) as replica,
        Databases(primary.url, migrate) as databases,
    ):
        yield Pair(primary, replica, databases)


@pytest.fixture
async def settings(pair: Pair) -> AsyncIterator[Settings]:
    """Of a database of its own, which the replica has as well."""
    with pair.databases.migrated() as url:
        followed = urlsplit(pair.replica.url)._replace(path=urlsplit(url).path).geturl()
        await pair.caught_up()
        yield Settings(
            env="test",
            limit=ROOMY,
            workers_enabled=False,
            database_url=url,
            database_replica_url=followed,
            database_replica_lag_s=LAG_S,
        )


@pytest.fixture
async def scene(settings: Settings, clock: ManualClock) -> AsyncIterator[Scene]:
    async with Divan.open(settings, clock=clock) as divan:
        campus = CreateCampus("Test", CENTRE.lat, CENTRE.lon, id=CAMPUS, radius_m=5000)
        await divan.accounts.create_campus(campus)
        yield await a_scene(World(divan, clock))


async def ready(scene: Scene, *away: str) -> None:
    """Wait until this and nothing else is away."""

    async def ask() -> bool:
        found = await scene.world.divan.ready()
        assert found.status == ("degraded" if found.degraded else "ok")
        return found.degraded == away

    await until(ask)


async def kpis(scene: Scene) -> Kpis:
    return await scene.world.divan.desk.kpis(scene.mod)


async def befriended(divan: Divan, one: Actor, other: Actor) -> None:
    invite = (await divan.social.invite(one, SendInvite(other.user_id))).view
    await divan.social.accept(other, invite.id)


def read_by(scene: Scene, by: str) -> float:
    """How often the past was read by the replica, or by the primary."""
    line = f'divan_sql_replica_reads_total{{by="{by}"}} '
    lines = scene.world.divan.metrics.exposition().splitlines()
    return sum(float(one.removeprefix(line)) for one in lines if one.startswith(line))


async def test_what_somebody_relies_on_is_never_read_there(scene: Scene, pair: Pair) -> None:
    """It has not heard of a key, a block and a sanction, which all are in force at once."""
    divan, ana, ben, cyd = scene.world.divan, scene.ana, scene.ben, scene.cyd
    hello = SendMessage(ben.user_id, "Hello")
    await scene.world.beat(ana)
    await scene.world.beat(cyd)
    await ready(scene)
    async with pair.standing_still():
        case = await scene.case()
        assert (await kpis(scene)).open == 0, "it was not asked at all"

        sent = await divan.chat.send(ana, hello, idempotency_key="one")
        again = await divan.chat.send(ana, hello, idempotency_key="one")
        assert (again.replayed, again.body) == (True, sent.body)

        assert await scene.world.names(ana) == ["cyd"]
        await divan.social.block(cyd, ana.user_id)
        assert await scene.world.names(ana) == []
        with pytest.raises(NotFound):
            await divan.chat.send(ana, SendMessage(cyd.user_id, "Hello"))

        await scene.act(case, "mute")
        with pytest.raises(Muted):
            await divan.chat.send(ben, SendMessage(ana.user_id, "Hello"))
        assert (await divan.cases.page(scene.mod, CasesQuery(status="actioned"))).items
        assert (await kpis(scene)).actioned_7d == 0


async def test_a_replica_that_is_far_behind_is_not_read(
    scene: Scene, pair: Pair, clock: ManualClock
) -> None:
    """The primary reads then, and it is told that the replica is away."""
    await ready(scene)
    async with pair.standing_still():
        await scene.case()
        assert (await kpis(scene)).open == 0
        assert read_by(scene, "replica") > read_by(scene, "primary") == 0
        clock.advance(LAG_S + 1)
        assert (await kpis(scene)).open == 1
        assert read_by(scene, "primary") > 0
        await ready(scene, "replica")
    await ready(scene)
    before = read_by(scene, "primary")
    assert (await kpis(scene)).open == 1
    assert read_by(scene, "primary") == before


async def test_boards_of_days_that_are_over_are_read_there(
    scene: Scene, clock: ManualClock
) -> None:
    """And today's are not."""
    divan, today = scene.world.divan, BoardQuery("overall")
    await befriended(divan, scene.ana, scene.ben)
    await divan.drain()
    assert len((await divan.leaderboards.board(scene.ana, today)).items) == 2
    clock.advance(86_400)
    await ready(scene)
    before = read_by(scene, "replica")
    yesterday = rfc3339(Millis(clock.now() - 86_400_000))[:10].replace("-", "")
    over = BoardQuery("overall", ymd=yesterday)
    assert len((await divan.leaderboards.board(scene.ana, over)).items) == 2
    assert read_by(scene, "replica") == before + 1
    await divan.leaderboards.board(scene.ana, today)
    assert read_by(scene, "replica") == before + 1


@pytest.mark.parametrize("how", ["stopped", "hung"])
async def test_a_replica_that_is_away_is_not_missed(scene: Scene, pair: Pair, how: str) -> None:
    """The primary reads, the deployment is degraded, and the replica is used once it is back."""
    await ready(scene)
    pair.replica.stop() if how == "stopped" else pair.replica.pause()
    try:
        if how == "stopped":  # nobody knows yet
            assert (await kpis(scene)).open == 0
        await ready(scene, "replica")
        await scene.case()
        with anyio.fail_after(LAG_S):
            assert (await kpis(scene)).open == 1
        health = await scene.world.divan.health()
        assert "did not tell" in health["replica"].detail["error"]
        assert health["replica"].latency_ms < 2 * PATIENCE_S * 1000
    finally:
        pair.replica.start() if how == "stopped" else pair.replica.resume()
    await ready(scene)
    before = read_by(scene, "replica")
    assert (await kpis(scene)).open == 1
    assert read_by(scene, "replica") > before


async def test_only_who_follows_this_database_is_asked(
    settings: Settings, postgres_url: str
) -> None:
    """Not the primary itself, and no other database."""
    for url, error in ((settings.database_url, "follows nobody"), (postgres_url, "is not one of")):
        wrong = attrs.evolve(settings, database_replica_url=url)
        async with Divan.open(wrong) as divan:
            found = await divan.ready()
            assert (found.status, found.degraded) == ("degraded", ("replica",))
            assert error in (await divan.health())["replica"].detail["error"]
        assert examined(url, settings.database_url) == "fault"
    assert examined(settings.database_replica_url, settings.database_url) == "ok"
    assert ("replica", "ok") in {(one.about, one.verdict) for one in await examine(settings)}


@pytest.mark.parametrize(
    "urls", [("sqlite://", "postgresql://db"), ("postgresql://db", "sqlite://")]
)
async def test_sqlite_has_no_replica(urls: tuple[str, str]) -> None:
    settings = Settings(env="test", database_url=urls[0], database_replica_url=urls[1])
    with pytest.raises(ConfigurationError, match="Only a PostgreSQL database has a replica"):
        async with Divan.open(settings):
            pass
    assert examined(urls[1], urls[0]) == "fault"


def examined(url: str, primary_url: str) -> str:
    """What `divan doctor` thinks of a replica."""
    (finding,) = examine_replica(url, primary_url)
    assert bool(finding.remedy) == (finding.verdict != "ok")
    return finding.verdict
