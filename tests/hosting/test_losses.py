"""Hosts whose connection or process ends between a write and its commit, or in the commit."""

import os
from collections.abc import Iterator

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Session

from divan_core.hosting import KeyedWriteMisused
from tests.hosting.conftest import (
    KEYS,
    METADATA,
    ONCE,
    PLACE,
    TEA,
    Host,
    aplace,
    arunning,
    place,
    running,
)
from tests.servers.cutting import Cut, CuttingProxy
from tests.servers.forked import ran

# Prints when the write is in the transaction, and ends there as if it were killed.
DYING = """
import os, sys
from sqlalchemy.orm import Session
from tests.hosting.conftest import place, running
with running(sys.argv[1]) as host, Session(host.engine) as session:
    print(place(session).answer, flush=True)
    os._exit(9)
"""


def test_a_process_that_dies_before_its_commit_leaves_nothing(host: Host, database: str) -> None:
    done = ran(DYING, database, environment=dict(os.environ), timeout_s=60)
    assert (done.returncode, done.stdout) == (9, "{'orders': 1}\n"), done.stderr
    assert (host.count(), host.count(KEYS)) == (0, 0)
    assert not host.place().replayed


def lose(session: Session, host: Host) -> None:
    """End the session's back end, as an operator would."""
    pid = session.execute(text("SELECT pg_backend_pid()")).scalar_one()
    with host.engine.connect() as operator:
        operator.execute(text("SELECT pg_terminate_backend(:pid, 5000)"), {"pid": pid})


@pytest.fixture
def postgres_host(empty_postgres_url: str) -> Iterator[Host]:
    with running(empty_postgres_url) as host:
        METADATA.create_all(host.engine)
        yield host


def test_a_connection_lost_before_the_commit_leaves_nothing(postgres_host: Host) -> None:
    with Session(postgres_host.engine) as session:
        place(session)
        lose(session, postgres_host)
        with pytest.raises(DBAPIError):
            session.commit()
    assert (postgres_host.count(), postgres_host.count(KEYS)) == (0, 0)
    assert not postgres_host.place().replayed


def test_a_connection_lost_in_the_block_raises_what_the_block_raised(postgres_host: Host) -> None:
    def block(session: Session) -> None:
        with ONCE.once(session, "ana", PLACE, "k", TEA):
            lose(session, postgres_host)
            session.execute(text("SELECT 1"))

    with Session(postgres_host.engine) as session, pytest.raises(DBAPIError) as lost:
        block(session)
    assert lost.value.connection_invalidated
    assert not postgres_host.place().replayed


@pytest.mark.anyio
@pytest.mark.parametrize("cut", Cut)
async def test_a_commit_that_was_cut_is_settled_by_the_key(
    postgres_host: Host, empty_postgres_url: str, cut: Cut
) -> None:
    with CuttingProxy(empty_postgres_url) as proxy:
        async with arunning(proxy.url) as ahost:
            proxy.cut(cut, "orders")
            async with AsyncSession(ahost.engine) as session:
                first = await aplace(session)
                with pytest.raises((DBAPIError, OSError)):
                    await session.commit()
            again = await ahost.place()
            assert again.replayed is (cut is Cut.AFTER)
            assert again.body == first.body
            assert proxy.cuts == 1
    assert postgres_host.count() == 1


def test_a_transaction_that_had_failed_before_says_so_itself(postgres_host: Host) -> None:
    with postgres_host.engine.connect() as connection:
        with pytest.raises(DBAPIError):
            connection.execute(text("SELECT 1 / 0"))
        with pytest.raises(DBAPIError, match="current transaction is aborted"):
            place(connection)


def test_autocommit_is_no_transaction(postgres_host: Host) -> None:
    engine = postgres_host.engine.execution_options(isolation_level="AUTOCOMMIT")
    with engine.connect() as connection, pytest.raises(KeyedWriteMisused, match="AUTOCOMMIT"):
        place(connection)
    assert (postgres_host.count(), postgres_host.count(KEYS)) == (0, 0)


def test_sqlite_makes_a_transaction_even_of_autocommit(host: Host) -> None:
    if host.engine.dialect.name != "sqlite":
        pytest.skip("shown above")
    engine = host.engine.execution_options(isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        place(connection)
        assert (host.count(), host.count(KEYS)) == (0, 0)
        connection.commit()
    assert (host.count(), host.count(KEYS)) == (1, 1)
