"""Workers in a process of their own, and what operators ask of the outbox."""

import signal
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import anyio
import attrs
import pytest
from typed_settings import SecretStr

from divan_core import Divan, Settings, Subscription
from divan_core.kernel.clock import Millis
from divan_core.kernel.delivery import Group
from divan_core.kernel.events import Event, EventId
from divan_core.kernel.ids import CampusId
from divan_core.observability.snapshot import read
from divan_core.stores.bundle import StoreUnit
from tests.servers.forked import Forked

from .conftest import PATIENCE_S, Command, Serve, eventually, logged

Run = Callable[..., AbstractContextManager[Forked]]
GROUP = Group("indexer", "chat")
SECRET = "a secret of at least thirty-two bytes"


@pytest.fixture
def workers(environment: dict[str, str], tmp_path: Path) -> Run:
    """Run workers; they have to have ended, or are killed."""

    @contextmanager
    def running(*arguments: object, **variables: str) -> Iterator[Forked]:
        log, given = tmp_path / "workers.log", ("workers", "run", *arguments)
        with logged(log, *given, environment=environment | variables) as process:
            yield process

    return running


def line(process: Forked) -> str:
    return process.stdout.readline()


def end(process: Forked, how: signal.Signals = signal.SIGTERM) -> int:
    process.send_signal(how)
    return process.wait(PATIENCE_S)


def events(count: int) -> list[Event]:
    campus = CampusId(UUID(int=0xCA))
    return [
        Event(EventId(uuid4()), GROUP.topic, "said", campus, "a", Millis(0), {"number": one})
        for one in range(count)
    ]


def given_up(settings: Settings, count: int) -> None:
    """Record events, which a group of a host application cannot handle."""

    async def fail(_: StoreUnit, __: Event) -> None:
        raise LookupError

    async def main() -> None:
        async with Divan.open(settings, subscriptions=[Subscription(GROUP, fail)]) as divan:
            found = events(count)

            async def body(unit: StoreUnit) -> None:
                await unit.outbox.add(*found)

            await divan.stores.units.write(body)
            await divan.drain()

    anyio.run(main)


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT])
def test_workers_say_one_line_and_end_in_an_orderly_way(workers: Run, how: signal.Signals) -> None:
    with workers() as process:
        told = line(process)
        assert told.startswith("Workers run: relay, ")
        assert end(process, how) == 0
        assert line(process) == ""


def test_workers_are_chosen_by_name_and_share_what_they_measure(
    workers: Run, tmp_path: Path
) -> None:
    shared = tmp_path / "metrics"
    with workers("--only", "relay", "--only", "key-purge", OBS_METRICS_DIR=str(shared)) as process:
        assert line(process) == "Workers run: relay, key-purge\n"
        assert end(process) == 0
    (file,) = shared.iterdir()
    assert read(file.read_bytes()).counts


def test_an_unknown_worker_is_wrong_usage(divan: Command) -> None:
    ended = divan("workers", "run", "--only", "dishes")
    assert ended.status == 2
    assert "There is no worker called dishes. There are: relay, " in ended.err


def test_beside_the_server_of_an_embedded_database_they_are_refused(
    divan: Command, serve: Serve
) -> None:
    with serve() as served:
        ended = divan("workers", "run")
        assert ended.status == 1
        assert "DIVAN_REDIS_URL" in ended.err
        served.end()


def test_another_database_has_to_be_migrated(divan: Command, empty_postgres_url: str) -> None:
    ended = divan(
        "workers",
        "run",
        DIVAN_ENV="prod",
        DIVAN_SECRET_KEY=SECRET,
        DIVAN_JWT_SECRET=SECRET,
        DIVAN_DATABASE_URL=empty_postgres_url,
    )
    assert ended.err == "The database is not migrated. Run: divan migrate\n"


def test_without_redis_it_is_told_that_work_is_not_shared(
    workers: Run, postgres_url: str, tmp_path: Path
) -> None:
    with workers(DIVAN_DATABASE_URL=postgres_url) as process:
        line(process)
        assert end(process) == 0
    assert "DIVAN_WORKERS_ENABLED=false" in (tmp_path / "workers.log").read_text()


def test_they_carry_what_others_record(
    divan: Command, workers: Run, postgres_url: str, redis_url: str
) -> None:
    given = {
        "DIVAN_DATABASE_URL": postgres_url,
        "DIVAN_REDIS_URL": redis_url,
        "DIVAN_SECRET_KEY": SECRET,
    }
    settings = Settings(
        env="test",
        database_url=postgres_url,
        redis_url=redis_url,
        secret_key=SecretStr(SECRET),
    )
    with workers(**given) as process:
        line(process)
        anyio.run(record, settings)
        assert eventually(lambda: lag(divan, **given)["waiting"] == 0)
        asked = lag(divan, "--group", "chat:indexer", **given)
        assert {
            "topic": "chat",
            "group": "indexer",
            "undelivered": 3,
            "pending": 0,
            "dead": 0,
        } in asked["groups"]
        assert asked["unsettled"] == 3
        assert end(process) == 0


async def record(settings: Settings) -> None:
    async def body(unit: StoreUnit) -> None:
        await unit.outbox.add(*events(3))

    async with Divan.open(attrs.evolve(settings, workers_enabled=False)) as divan:
        await divan.stores.units.write(body)


def lag(divan: Command, *arguments: str, **given: str) -> dict[str, Any]:
    found: dict[str, Any] = divan("outbox", "lag", "--json", *arguments, **given).json
    return found


def test_an_empty_outbox_has_no_lag(divan: Command) -> None:
    assert lag(divan) == {
        "waiting": 0,
        "oldest_ms": None,
        "unsettled": 0,
        "given_up": 0,
        "groups": [],
    }
    head, row = divan("outbox", "lag").out.splitlines()
    assert head.split() == ["waiting", "oldest_ms", "unsettled", "given_up"]
    assert row.split() == ["0", "0", "0"]


@pytest.fixture
def embedded(environment: dict[str, str]) -> Settings:
    """The settings that commands have here."""
    return Settings(env="dev", data_dir=f"{environment['HOME']}/.local/share/divan")


def test_what_was_given_up_is_tried_again(divan: Command, embedded: Settings) -> None:
    given_up(embedded, 2)
    assert lag(divan)["given_up"] == 2
    ended = divan("outbox", "replay")
    assert (ended.status, ended.out) == (0, "Tried again: 2\nDead letters exhumed: 0\n")
    assert (lag(divan)["given_up"], lag(divan)["waiting"]) == (0, 2)


def test_topics_are_replayed_by_name(divan: Command, embedded: Settings) -> None:
    given_up(embedded, 1)
    assert "Tried again: 0" in divan("outbox", "replay", "--topic", "elsewhere").out
    assert "Tried again: 1" in divan("outbox", "replay", "--topic", "chat").out


def test_dead_letters_are_exhumed(divan: Command, postgres_url: str, redis_url: str) -> None:
    settings = Settings(
        env="test",
        database_url=postgres_url,
        redis_url=redis_url,
        secret_key=SecretStr(SECRET),
    )
    given = {
        "DIVAN_DATABASE_URL": postgres_url,
        "DIVAN_REDIS_URL": redis_url,
        "DIVAN_SECRET_KEY": SECRET,
    }
    given_up(settings, 2)
    group = ("--group", "chat:indexer")
    shown = divan("outbox", "lag", *group, **given).out.splitlines()
    assert [one.split()[-1] for one in shown if "indexer" in one] == ["2"]
    assert "exhumed: 2" in divan("outbox", "replay", *group, **given).out
    left = {one["group"]: one["dead"] for one in lag(divan, *group, **given)["groups"]}
    assert left["indexer"] == 0


def test_everything_unsettled_is_published_again(divan: Command, embedded: Settings) -> None:
    given_up(embedded, 1)
    ended = divan("outbox", "replay", "--all", "--group", "chat:indexer", "--group", "chat:new")
    assert ended.out.splitlines()[0] == "Tried again: 1"
    assert lag(divan)["waiting"] == 1


def test_a_group_is_written_with_its_topic(divan: Command) -> None:
    ended = divan("outbox", "lag", "--group", "indexer")
    assert ended.status == 2
    assert "topic:group" in ended.err
