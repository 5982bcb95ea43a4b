"""Keyed writes in an asynchronous host's own transaction."""

import anyio
import pytest
from sqlalchemy import insert
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession, async_scoped_session, async_sessionmaker

from divan_core.errors import IdempotencyKeyReused, IdempotencyUnavailable
from divan_core.hosting import KeyedWriteMisused
from divan_core.testing.clock import ManualClock
from tests.hosting.conftest import (
    KEYS,
    ONCE,
    ORDERS,
    PLACE,
    TEA,
    AsyncHost,
    Host,
    aplace,
    arunning,
    gone,
    idempotency,
)

pytestmark = pytest.mark.anyio


async def test_a_repeated_key_answers_and_does_nothing(ahost: AsyncHost) -> None:
    first, second = await ahost.place(), await ahost.place()
    assert (first.replayed, second.replayed) == (False, True)
    assert first.body == second.body
    assert second.answer == {"orders": 1}
    assert await ahost.count() == 1


async def test_both_kinds_of_host_share_their_keys(host: Host, ahost: AsyncHost) -> None:
    first = await ahost.place()
    assert (await anyio.to_thread.run_sync(host.place)).body == first.body


async def test_nothing_is_kept_before_the_host_commits(ahost: AsyncHost) -> None:
    async with AsyncSession(ahost.engine) as session:
        await aplace(session)
        assert (await ahost.count(), await ahost.count(KEYS)) == (0, 0)
        await session.commit()
    assert (await ahost.count(), await ahost.count(KEYS)) == (1, 1)


async def test_a_rollback_of_the_host_frees_the_key(ahost: AsyncHost) -> None:
    async with AsyncSession(ahost.engine) as session:
        await aplace(session)
        await session.rollback()
    assert not (await ahost.place()).replayed


async def test_a_key_stands_for_one_payload(ahost: AsyncHost) -> None:
    await ahost.place()
    async with ahost.transaction() as session:
        with pytest.raises(IdempotencyKeyReused):
            await ONCE.once(session, "ana", PLACE, "k", {"item": "coffee"}).__aenter__()
        await session.execute(insert(ORDERS).values(item="afterwards"))
    assert await ahost.count() == 2


async def test_a_block_that_fails_is_undone_alone(ahost: AsyncHost) -> None:
    async def clash(session: AsyncSession) -> None:
        async with ONCE.once(session, "ana", PLACE, "k", TEA) as write:
            write.complete("never")
            await session.execute(insert(ORDERS).values(id=7))

    async with ahost.transaction() as session:
        await session.execute(insert(ORDERS).values(id=7))
        with pytest.raises(IntegrityError):
            await clash(session)
        assert not (await aplace(session)).replayed
    assert await ahost.count() == 2


async def test_forgetting_to_complete_is_an_error(ahost: AsyncHost) -> None:
    async def forget(session: AsyncSession) -> None:
        async with ONCE.once(session, "ana", PLACE, "k", TEA):
            await session.execute(insert(ORDERS).values(TEA))

    async with ahost.transaction() as session:
        with pytest.raises(KeyedWriteMisused, match="complete"):
            await forget(session)
    assert (await ahost.count(), await ahost.count(KEYS)) == (0, 0)


async def test_a_cancelled_block_keeps_nothing(ahost: AsyncHost) -> None:
    inside = anyio.Event()

    async def hang() -> None:
        async with (
            ahost.transaction() as session,
            ONCE.once(session, "ana", PLACE, "k", TEA) as write,
        ):
            await session.execute(insert(ORDERS).values(TEA))
            write.complete("never")
            inside.set()
            await anyio.sleep_forever()

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(hang)
        await inside.wait()
        tasks.cancel_scope.cancel()
    assert not (await ahost.place()).replayed
    assert await ahost.count() == 1


async def test_a_missing_table_is_said_and_the_transaction_goes_on(
    host: Host, ahost: AsyncHost
) -> None:
    KEYS.drop(host.engine)
    async with ahost.transaction() as session:
        with pytest.raises(IdempotencyUnavailable):
            await aplace(session)
        await session.execute(insert(ORDERS).values(TEA))
    assert await ahost.count() == 1


async def test_an_unreachable_database_is_said(empty_postgres_url: str) -> None:
    # aiosqlite lets a thread of its own outlive a connection that could not be opened.
    async with arunning(gone(empty_postgres_url)) as ahost:
        with pytest.raises(IdempotencyUnavailable):
            await ahost.place()


async def test_a_connection_serves_like_a_session(ahost: AsyncHost) -> None:
    async with ahost.engine.begin() as connection:
        assert not (await aplace(connection)).replayed
    async with ahost.engine.connect() as connection:
        assert (await aplace(connection)).replayed
    assert await ahost.count() == 1


async def test_a_connection_must_be_started(ahost: AsyncHost) -> None:
    with pytest.raises(TypeError, match="not started"):
        ONCE.once(ahost.engine.connect(), "ana", PLACE, "k")


async def test_a_scoped_session_serves_like_a_session(ahost: AsyncHost) -> None:
    session = async_scoped_session(async_sessionmaker(ahost.engine), scopefunc=lambda: 0)
    assert not (await aplace(session)).replayed
    await session.commit()
    assert (await aplace(session)).replayed
    await session.remove()


async def test_expired_keys_can_be_purged(ahost: AsyncHost) -> None:
    clock = ManualClock()
    once = idempotency(ttl_s=60, clock=clock)
    await ahost.place("k", once)
    clock.advance(60)
    async with ahost.transaction() as session:
        assert await once.purge(session) == 1
    assert not (await ahost.place("k", once)).replayed


async def test_a_function_takes_a_key(ahost: AsyncHost) -> None:
    @ONCE.keyed(PLACE)
    async def order(session: AsyncSession, subject: str, payload: dict[str, str]) -> list[str]:
        await session.execute(insert(ORDERS).values(payload))
        return [subject]

    writes = []
    for _ in range(2):
        async with ahost.transaction() as session:
            writes.append(await order(session, "ana", TEA, key="k"))
    assert [write.replayed for write in writes] == [False, True]
    assert [write.answer for write in writes] == [["ana"]] * 2
    assert await ahost.count() == 1
