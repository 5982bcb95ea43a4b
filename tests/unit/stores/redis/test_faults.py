"""What callers see when the server hangs, dies, comes back, or was never Redis."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Coroutine
from typing import Any

import attrs
import pytest

from divan_core.errors import StoreUnavailable
from divan_core.stores.redis.client import RedisClient
from divan_core.stores.redis.errors import RedisOutcomeUnknown
from divan_core.stores.redis.link import ConnectionPolicy
from divan_core.stores.redis.scripts import Script
from tests.servers.valkey import RedisServer
from tests.unit.stores.redis.fake import GREETING, Command, fake_server, tcp_server, until

pytestmark = pytest.mark.anyio

QUICK = ConnectionPolicy(timeout_s=0.3, connect_timeout_s=0.3)
PATIENT = ConnectionPolicy(timeout_s=60, connect_timeout_s=60)
"""Whoever waited for such a timeout would be missed, however busy the machine is."""

SOON_S = 20.0
"""Far below them."""

ADD = Script("add", b"return redis.call('INCRBY', KEYS[1], ARGV[1])")


@pytest.fixture
async def client(breakable_redis: RedisServer) -> AsyncIterator[RedisClient]:
    async with RedisClient.open(breakable_redis.url, QUICK) as opened:
        yield opened


async def right_again(client: RedisClient) -> float:
    """Call until it works, and give the seconds that took."""
    began = time.monotonic()
    while time.monotonic() < began + 10:
        try:
            assert await client.call(b"ECHO", b"back") == b"back"
        except StoreUnavailable:
            await asyncio.sleep(0.01)
        else:
            return time.monotonic() - began
    pytest.fail("not right again after 10 s")


def refused_at_once(work: Coroutine[Any, Any, object]) -> StoreUnavailable:
    """What a call fails with that waits for nothing at all: it ends in the turn it begins in."""
    with contextlib.closing(work), pytest.raises(StoreUnavailable) as refused:
        work.send(None)
    return refused.value


async def failure_of(work: Coroutine[Any, Any, object]) -> StoreUnavailable:
    with pytest.raises(StoreUnavailable) as failed:
        await work
    return failed.value


async def test_a_hung_server_hangs_nobody_and_its_late_answers_go_to_nobody(
    client: RedisClient, breakable_redis: RedisServer
) -> None:
    await asyncio.gather(*(client.call(b"SET", number, number) for number in range(50)))
    breakable_redis.pause()
    began = time.monotonic()
    hung = await asyncio.gather(*(failure_of(client.call(b"GET", number)) for number in range(50)))
    assert time.monotonic() - began > 0.25
    for failure in hung:
        assert isinstance(failure, RedisOutcomeUnknown)
        assert failure.timed_out
        assert "within 0.3 s" in str(failure)
    assert not isinstance(refused_at_once(client.call(b"GET", 1)), RedisOutcomeUnknown)
    breakable_redis.resume()
    assert await right_again(client) < 5
    answers = await asyncio.gather(*(client.call(b"GET", 49 - number) for number in range(50)))
    assert answers == [b"%d" % (49 - number) for number in range(50)]


async def test_a_server_that_dies_is_missed_at_once_and_found_again(
    client: RedisClient, breakable_redis: RedisServer
) -> None:
    assert await client.run(ADD, ["number"], [7]) == 7
    sent = client.round_trips
    waiting = asyncio.ensure_future(client.call(b"BLPOP", b"nothing", 0))
    await until(lambda: client.round_trips > sent)
    await asyncio.to_thread(breakable_redis.stop)
    with pytest.raises(RedisOutcomeUnknown):
        await waiting
    for _ in range(20):
        refused_at_once(client.call(b"GET", b"number"))
        await asyncio.sleep(0.01)
    await asyncio.to_thread(breakable_redis.start)
    assert await right_again(client) < 5
    assert await client.run(ADD, ["number"], [7]) == 7  # nothing of before is left, no script too


async def test_a_client_may_start_before_its_server(breakable_redis: RedisServer) -> None:
    await asyncio.to_thread(breakable_redis.stop)
    async with RedisClient.open(breakable_redis.url, QUICK) as client:
        for work in (client.call(b"GET", b"key"), client.ping(), client.publish("a", "b")):
            refused_at_once(work)
        await asyncio.to_thread(breakable_redis.start)
        assert await right_again(client) < 5


async def test_a_server_that_takes_nothing_does_not_fill_the_memory(
    breakable_redis: RedisServer,
) -> None:
    policy = attrs.evolve(PATIENT, max_unsent_bytes=1024 * 1024)  # nothing is given up meanwhile
    async with RedisClient.open(breakable_redis.url, policy) as client:
        breakable_redis.pause()
        sent = []
        for _ in range(100):  # the system's own buffers take a few
            sent.append(asyncio.ensure_future(client.call(b"SET", b"key", bytes(1024 * 1024))))
            await asyncio.sleep(0)
            await asyncio.sleep(0)
        breakable_redis.resume()
        outcomes = await asyncio.gather(*sent, return_exceptions=True)
        refused = [fault for fault in outcomes if "keep up" in str(fault)]
        assert len(refused) > 50
        assert not any(isinstance(fault, RedisOutcomeUnknown) for fault in refused)
        assert await right_again(client) < 5


async def test_a_server_is_looked_for_without_any_call(breakable_redis: RedisServer) -> None:
    await asyncio.to_thread(breakable_redis.stop)
    async with RedisClient.open(breakable_redis.url, QUICK) as client:
        assert client.servers == ()
        await asyncio.to_thread(breakable_redis.start)
        await until(lambda: client.servers != ())


async def test_one_attempt_to_connect_is_under_way_however_many_call() -> None:
    async with (
        fake_server(lambda _: b"+OK\r\n") as server,
        RedisClient.open(server.url, QUICK) as client,
    ):
        server.greeting = b""  # accepts, and never greets
        server.answer = lambda _: None
        await failure_of(client.call(b"GET", b"key"))
        before = server.connections
        ended = time.monotonic() + 1
        while time.monotonic() < ended:
            await asyncio.gather(
                *(client.call(b"GET", b"key") for _ in range(50)), return_exceptions=True
            )
            await asyncio.sleep(0.01)
        # Each attempt takes the 0.3 s that the greeting is waited for.
        assert 1 <= server.connections - before <= 4


async def test_a_broken_call_is_never_sent_again_unless_that_is_harmless() -> None:
    def breaks_once(_: Command) -> bytes | None:
        return b"+OK\r\n" if len(server.commands) > 1 else None

    async with fake_server(breaks_once) as server:
        async with RedisClient.open(server.url, QUICK) as client:
            with pytest.raises(RedisOutcomeUnknown):
                await client.call(b"INCR", b"key")
        assert server.commands == [[b"INCR", b"key"]]
        server.commands.clear()
        async with RedisClient.open(server.url, QUICK) as client:
            assert await client.call(b"GET", b"key", idempotent=True) == b"OK"
            assert client.round_trips == 2
        assert server.commands == [[b"GET", b"key"]] * 2


async def test_a_harmless_call_is_given_up_too_when_the_server_stays_away() -> None:
    """After one more timeout, although that for a connection has not passed."""
    policy = attrs.evolve(QUICK, connect_timeout_s=PATIENT.connect_timeout_s)

    def leaves(_: Command) -> None:
        server.greeting = b""

    async with (
        fake_server(leaves) as server,
        RedisClient.open(server.url, policy) as client,
        asyncio.timeout(SOON_S),
    ):
        failure = await failure_of(client.call(b"GET", b"k", idempotent=True))
        assert isinstance(failure, RedisOutcomeUnknown)
        assert failure.timed_out
        assert client.round_trips == 1


async def test_a_harmless_call_that_timed_out_is_not_waited_for_twice() -> None:
    async with (
        fake_server(lambda _: b"") as server,
        RedisClient.open(server.url, QUICK) as client,
    ):
        failure = await failure_of(client.call(b"GET", b"k", idempotent=True))
        assert "within 0.3 s" in str(failure)  # the link's own: one more would have another text
        assert client.round_trips == 1


@pytest.mark.parametrize(
    "rubbish",
    [b"HTTP/1.1 400 Bad Request\r\n\r\n", b"+OK\r\n", b"*1\r\n" * 2000, b"$-7\r\nxx", b"", None],
)
async def test_a_server_of_another_kind_is_no_store(rubbish: bytes | None) -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if rubbish is not None:
            writer.write(rubbish)
            await reader.read()  # until the client gives up
        writer.close()

    async with tcp_server(serve) as url, RedisClient.open(url, QUICK) as client:
        refused_at_once(client.call(b"GET", b"key"))


async def test_rubbish_after_a_good_beginning_ends_the_connection_and_a_new_one_is_made() -> None:
    answers = iter([b"rubbish\r\n", b"+back\r\n"])
    async with (
        fake_server(lambda _: next(answers)) as server,
        RedisClient.open(server.url, QUICK) as client,
    ):
        with pytest.raises(RedisOutcomeUnknown, match="protocol"):
            await client.call(b"GET", b"key")
        await right_again(client)


async def test_a_server_that_became_a_replica_is_left_for_the_next_address() -> None:
    def refuses(_: Command) -> bytes | None:
        old.greeting = old.greeting.replace(b"+master", b"+replica")
        return b"-READONLY You can't write against a read only replica.\r\n"

    async with (
        fake_server(refuses) as old,
        fake_server(lambda _: b"+back\r\n") as new,
        RedisClient.open(f"{old.url},{new.url}", QUICK) as client,
    ):
        with pytest.raises(StoreUnavailable, match="READONLY"):
            await client.call(b"SET", b"key", b"value")
        await right_again(client)
        assert len(old.commands) == 1


async def test_a_server_that_does_not_exist_is_unavailable() -> None:
    for url in ("redis://127.0.0.1:1", f"redis://{'a' * 70}.invalid"):
        async with RedisClient.open(url, QUICK) as client:
            with pytest.raises(StoreUnavailable):
                await client.call(b"GET", b"key")


async def test_a_replica_is_no_store() -> None:
    async with fake_server(lambda _: b"+OK\r\n") as server:
        server.greeting = server.greeting.replace(b"+master", b"+replica")
        async with RedisClient.open(server.url, QUICK) as client:
            with pytest.raises(StoreUnavailable, match="replica"):
                await client.call(b"GET", b"key")


async def test_a_harmless_call_does_not_outlive_its_client() -> None:
    async with (
        asyncio.timeout(SOON_S),
        fake_server(lambda _: None) as server,
        RedisClient.open(server.url, PATIENT) as client,
    ):
        broken = asyncio.ensure_future(client.call(b"GET", b"key", idempotent=True))
        await until(lambda: len(server.commands) > 0)
        server.greeting = b""
        before = server.connections
        await until(lambda: server.connections > before)
    with pytest.raises(StoreUnavailable):
        await asyncio.wait_for(broken, SOON_S)


async def test_a_server_that_hangs_up_at_once_is_not_stormed() -> None:
    visits = 0

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal visits
        visits += 1
        await reader.read(1)
        writer.write(GREETING)
        writer.close()

    async with tcp_server(serve) as url, RedisClient.open(url, QUICK):
        await asyncio.sleep(1)
    assert 2 < visits < 20


async def test_loading_a_script_survives_the_caller_who_began_it() -> None:
    loaded = False

    def answer(command: Command) -> bytes:
        nonlocal loaded
        if command[0] == b"SCRIPT":
            return b""  # not yet
        if command[0] == b"ECHO":
            loaded = True
            return b"+digest\r\n+released\r\n"
        return b":7\r\n" if loaded else b"-NOSCRIPT No matching script.\r\n"

    async with fake_server(answer) as server, RedisClient.open(server.url) as client:
        first = asyncio.ensure_future(client.run(ADD, ["number"], [1]))
        second = asyncio.ensure_future(client.run(ADD, ["number"], [1]))
        await until(lambda: [b"SCRIPT", b"LOAD", ADD.body] in server.commands)
        first.cancel()
        assert await client.call(b"ECHO", b"release") == b"released"
        assert await second == 7
        assert [command[0] for command in server.commands].count(b"SCRIPT") == 1
