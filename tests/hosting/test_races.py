"""Transactions of a host that want the same key at once, and what they wait for."""

import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor

import anyio
import anyio.to_thread
import pytest
from sqlalchemy import insert, text
from sqlalchemy.orm import Session

from divan_core.errors import IdempotencyInProgress, IdempotencyKeyReused
from divan_core.hosting import KeyedWrite
from tests.hosting.conftest import (
    KEYS,
    ONCE,
    ORDERS,
    PLACE,
    TEA,
    AsyncHost,
    Host,
    idempotency,
    place,
    running,
)

PATIENT = idempotency(wait_ms=10_000)
HASTY = idempotency(wait_ms=50)
ISOLATIONS = ["READ COMMITTED", "REPEATABLE READ", "SERIALIZABLE"]


def is_postgres(host: Host) -> bool:
    return host.engine.dialect.name == "postgresql"


def beside(work: Callable[[], KeyedWrite]) -> "Future[KeyedWrite]":
    """Begin in a thread, and go on when it waits or has ended."""
    pool = ThreadPoolExecutor(1)
    future = pool.submit(work)
    pool.shutdown(wait=False)
    return future


def wait_for_a_waiter(host: Host, future: "Future[KeyedWrite]") -> None:
    """Wait until a back end waits for a transaction; SQLite cannot tell, so give it a moment."""
    question = text("SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'")
    deadline = time.monotonic() + 10
    while is_postgres(host) and time.monotonic() < deadline:
        with host.engine.connect() as connection:
            if connection.execute(question).scalar_one():
                return
        time.sleep(0.01)
    time.sleep(0.1)
    assert not future.done()


def test_the_second_waits_and_replays(host: Host) -> None:
    with Session(host.engine) as session:
        first = place(session)
        second = beside(lambda: host.place("k", PATIENT))
        wait_for_a_waiter(host, second)
        session.commit()
    assert second.result(10).replayed
    assert second.result().body == first.body
    assert host.count() == 1


def test_the_second_acts_when_the_first_gives_up(host: Host) -> None:
    with Session(host.engine) as session:
        place(session)
        second = beside(lambda: host.place("k", PATIENT))
        wait_for_a_waiter(host, second)
        session.rollback()
    assert not second.result(10).replayed
    assert host.count() == 1


def test_waiting_ends_and_leaves_the_transaction_usable(host: Host) -> None:
    with Session(host.engine) as session:
        place(session)
        with Session(host.engine) as other:
            assert other.execute(text("SELECT 1")).scalar_one() == 1
            began = time.monotonic()
            with pytest.raises(IdempotencyInProgress) as refused:
                place(other, "k", HASTY)
            assert time.monotonic() - began < 4  # and not SQLite's own five seconds
            assert refused.value.retry_after == 1
            session.commit()
            other.execute(insert(ORDERS).values(item="other"))
            other.commit()
    assert host.count() == 2
    assert host.place().replayed


def test_another_key_is_not_waited_for(host: Host) -> None:
    if not is_postgres(host):
        pytest.skip("SQLite has one writer at a time")
    with Session(host.engine) as session:
        place(session, "one")
        assert not host.place("another", HASTY).replayed
        session.commit()
    assert host.count() == 2


def test_the_hosts_own_patience_is_put_back(host: Host) -> None:
    question = "SHOW lock_timeout" if is_postgres(host) else "PRAGMA busy_timeout"
    change = "SET LOCAL lock_timeout = '7s'" if is_postgres(host) else "PRAGMA busy_timeout = 7000"
    with host.engine.connect() as connection:
        for prepare in ("SELECT 1", change):
            connection.execute(text(prepare))
            before = connection.execute(text(question)).scalar_one()
            for once in (ONCE, HASTY):
                place(connection, prepare.replace(" ", "").partition("'")[0], once)
                assert connection.execute(text(question)).scalar_one() == before
        connection.rollback()


def test_patience_is_put_back_after_a_refusal(host: Host) -> None:
    question = "SHOW lock_timeout" if is_postgres(host) else "PRAGMA busy_timeout"
    with Session(host.engine) as session, host.engine.connect() as connection:
        before = connection.execute(text(question)).scalar_one()
        place(session)
        with pytest.raises(IdempotencyInProgress):
            place(connection, "k", HASTY)
        assert connection.execute(text(question)).scalar_one() == before


@pytest.mark.parametrize("isolation", ISOLATIONS)
def test_one_effect_under_every_isolation(empty_postgres_url: str, isolation: str) -> None:
    with running(empty_postgres_url, isolation_level=isolation) as host:
        ORDERS.metadata.create_all(host.engine)
        with Session(host.engine) as session:
            first = place(session)
            second = beside(lambda: host.place("k", PATIENT))
            wait_for_a_waiter(host, second)
            session.commit()
        if isolation == "READ COMMITTED":
            assert second.result(10).replayed
        else:
            with pytest.raises(IdempotencyInProgress):
                second.result(10)
        again = host.place()
        assert (again.replayed, again.body) == (True, first.body)
        assert host.count() == 1


@pytest.mark.parametrize("isolation", ISOLATIONS[1:])
def test_an_answer_younger_than_the_snapshot(empty_postgres_url: str, isolation: str) -> None:
    with running(empty_postgres_url, isolation_level=isolation) as host:
        ORDERS.metadata.create_all(host.engine)
        with Session(host.engine) as session:
            session.execute(text("SELECT 1 FROM orders"))
            host.place()
            with pytest.raises(IdempotencyInProgress):
                place(session)
            session.rollback()
            assert place(session).replayed
        assert host.count() == 1


def test_a_transaction_that_has_read_before_on_sqlite(host: Host) -> None:
    if is_postgres(host):
        pytest.skip("shown above")
    with host.engine.connect() as connection:
        connection.execute(text("BEGIN"))
        connection.execute(text("SELECT count(*) FROM orders"))
        host.place()
        with pytest.raises(IdempotencyInProgress):
            place(connection)
        connection.rollback()
        assert place(connection).replayed


def test_a_hundred_threads_one_effect(host: Host) -> None:
    start = threading.Barrier(20)

    def work(number: int) -> KeyedWrite:
        if number < 20:
            start.wait()
        return host.place("k", PATIENT)

    with ThreadPoolExecutor(20) as pool:
        writes = list(pool.map(work, range(100)))
    assert sorted(write.replayed for write in writes) == [False] + [True] * 99
    assert len({write.body for write in writes}) == 1
    assert (host.count(), host.count(KEYS)) == (1, 1)


@pytest.mark.anyio
async def test_a_hundred_tasks_one_effect(ahost: AsyncHost) -> None:
    writes: list[KeyedWrite] = []

    async def work() -> None:
        writes.append(await ahost.place("k", PATIENT))

    async with anyio.create_task_group() as tasks:
        for _ in range(100):
            tasks.start_soon(work)
    assert sorted(write.replayed for write in writes) == [False] + [True] * 99
    assert len({write.body for write in writes}) == 1
    assert (await ahost.count(), await ahost.count(KEYS)) == (1, 1)


@pytest.mark.anyio
async def test_keys_with_different_payloads_at_once(ahost: AsyncHost) -> None:
    seen: list[str] = []

    async def work(number: int) -> None:
        payload = {"item": f"tea {number}"}
        try:
            async with (
                ahost.transaction() as session,
                PATIENT.once(session, "ana", PLACE, "k", payload) as write,
            ):
                await session.execute(insert(ORDERS).values(payload))
                write.complete(number)
                seen.append("done")
        except IdempotencyKeyReused:
            seen.append("reused")

    async with anyio.create_task_group() as tasks:
        for number in range(10):
            tasks.start_soon(work, number)
    assert sorted(seen) == ["done"] + ["reused"] * 9
    assert await ahost.count() == 1


@pytest.mark.parametrize("begin", ["", "BEGIN", "BEGIN IMMEDIATE"])
def test_sqlite_keeps_nothing_early_however_the_driver_begins(host: Host, begin: str) -> None:
    if is_postgres(host):
        pytest.skip("about SQLite's driver")
    with host.engine.connect() as connection:
        if begin:
            connection.execute(text(begin))
        with ONCE.once(connection, "ana", PLACE, "k", TEA) as write:
            write.complete("done")
        connection.rollback()
    assert host.count(KEYS) == 0
