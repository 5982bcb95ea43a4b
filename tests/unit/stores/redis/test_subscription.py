"""Listening: nothing is lost in silence."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from divan_core.stores.redis.client import RedisClient
from divan_core.stores.redis.errors import RedisReplyError
from divan_core.stores.redis.link import ConnectionPolicy
from divan_core.stores.redis.subscription import Gap, Heard, Message, Subscription
from tests.servers.valkey import RedisServer
from tests.unit.stores.redis.fake import Command, fake_server, until

pytestmark = pytest.mark.anyio

QUICK = ConnectionPolicy(timeout_s=0.3, connect_timeout_s=0.3)


@pytest.fixture
async def heard(client: RedisClient) -> AsyncIterator[Subscription]:
    async with client.subscription() as subscription:
        yield subscription


async def next_of(heard: Subscription) -> Heard:
    async with asyncio.timeout(10):
        return await anext(heard)


async def test_what_is_published_is_heard_in_order(
    client: RedisClient, heard: Subscription
) -> None:
    await heard.add("one", b"two")
    for number in range(100):
        await client.publish("one", f"{number}")
    await client.publish("three", "not for us")
    await client.publish("two", b"last")
    assert [await next_of(heard) for _ in range(101)] == [
        *(Message(b"one", b"%d" % number) for number in range(100)),
        Message(b"two", b"last"),
    ]


async def test_a_channel_removed_is_heard_no_more(client: RedisClient, heard: Subscription) -> None:
    await heard.add("one", "two")
    await heard.remove("one")
    await client.publish("one", "unheard")
    await client.publish("two", "heard")
    assert await next_of(heard) == Message(b"two", b"heard")


async def test_a_connection_that_breaks_leaves_a_gap_and_no_hole(
    client: RedisClient, heard: Subscription
) -> None:
    await heard.add("one", "gone")
    await heard.remove("gone")
    await client.call(b"CLIENT", b"KILL", b"TYPE", b"PUBSUB", key=b"")
    assert await next_of(heard) == Gap()
    await client.publish("gone", "unheard")
    await client.publish("one", "after")
    assert await next_of(heard) == Message(b"one", b"after")


async def test_a_channel_added_without_a_connection_is_joined_with_a_gap(
    breakable_redis: RedisServer,
) -> None:
    await asyncio.to_thread(breakable_redis.stop)
    async with (
        RedisClient.open(breakable_redis.url, QUICK) as client,
        client.subscription() as heard,
    ):
        await heard.add("one")
        await asyncio.to_thread(breakable_redis.start)
        assert await next_of(heard) == Gap()
        breakable_redis.call("PUBLISH", "one", "after")
        assert await next_of(heard) == Message(b"one", b"after")


async def test_a_server_that_hangs_without_a_word_is_noticed(
    breakable_redis: RedisServer, caplog: pytest.LogCaptureFixture
) -> None:
    async with (
        RedisClient.open(breakable_redis.url, QUICK) as client,
        client.subscription() as heard,
    ):
        await heard.add("one")
        breakable_redis.pause()
        await until(lambda: "did not answer" in caplog.text)  # the ping was not
        breakable_redis.resume()
        assert await next_of(heard) == Gap()


async def test_a_listener_that_falls_behind_is_told_so_and_memory_stays_bounded(
    client: RedisClient, heard: Subscription
) -> None:
    await heard.add("one")
    flood = b"for i = 1, 10500 do redis.call('PUBLISH', 'one', i) end"
    await client.call(b"EVAL", flood, 0, key=b"")
    await heard.add("two")  # the answer stands behind all that was published
    assert await next_of(heard) == Gap()
    rest = [await next_of(heard) for _ in range(500)]
    assert rest == [Message(b"one", b"%d" % number) for number in range(10_001, 10_501)]


async def test_closing_ends_the_iteration(client: RedisClient) -> None:
    async with client.subscription() as heard:
        await heard.add("one")
        await client.publish("one", "last")
        await heard.add("two")  # the answer stands behind what was published
    assert [item async for item in heard] == [Message(b"one", b"last")]
    assert [item async for item in heard] == []


async def test_a_channel_that_is_forbidden_takes_no_other_with_it(
    breakable_redis: RedisServer,
) -> None:
    breakable_redis.call("ACL", "SETUSER", "ada", "on", ">pw", "&open", "~*", "+@all")
    url = breakable_redis.url.replace("://", "://ada:pw@")
    async with RedisClient.open(url, QUICK) as client, client.subscription() as heard:
        await heard.add("open")
        with pytest.raises(RedisReplyError, match="NOPERM"):
            await heard.add("closed")
        await heard.add("open")
        breakable_redis.call("ACL", "SETUSER", "ada", "resetchannels")
        breakable_redis.call("CLIENT", "KILL", "TYPE", "PUBSUB")
        breakable_redis.call("ACL", "SETUSER", "ada", "&open")
        while await next_of(heard) != Gap():
            pass
        await client.publish("open", "heard")
        while await next_of(heard) != Message(b"open", b"heard"):
            pass


async def test_channels_asked_for_while_the_link_is_made_are_on_it_too() -> None:
    def answer(command: Command) -> bytes | None:
        if command[0] == b"PING":
            if server.commands[-2] == [b"SUBSCRIBE", b"first"]:
                late.append(asyncio.ensure_future(heard.add("second")))
                late.append(asyncio.ensure_future(heard.remove("first")))
            return b"+PONG\r\n"
        return b"" if server.connections > 3 else None

    late: list[asyncio.Future[None]] = []
    async with (
        fake_server(answer) as server,
        RedisClient.open(server.url, QUICK) as client,
        client.subscription() as heard,
    ):
        await heard.add("first")  # breaks the connection
        assert await next_of(heard) == Gap()
        await asyncio.gather(*late)
        channels = [command for command in server.commands if command[0] != b"PING"]
        assert channels[1:] == [
            [b"SUBSCRIBE", b"first"],
            [b"SUBSCRIBE", b"second"],
            [b"UNSUBSCRIBE", b"first"],
        ]
