"""The client against real servers, the newest and the oldest."""

import asyncio
import random

import anyio
import pytest

from divan_core.errors import ConfigurationError, StoreUnavailable
from divan_core.stores.redis.client import RedisClient
from divan_core.stores.redis.errors import RedisReplyError
from divan_core.stores.redis.scripts import Script
from tests.servers.valkey import RedisServer
from tests.unit.stores.redis.fake import until

pytestmark = pytest.mark.anyio

ADD = Script("add", b"return redis.call('INCRBY', KEYS[1], ARGV[1])")


async def test_a_call_is_one_round_trip(client: RedisClient) -> None:
    assert await client.call(b"SET", "key", b"\x00\r\n\xff") == b"OK"
    before = client.round_trips
    assert await client.call(b"GET", b"key") == b"\x00\r\n\xff"
    assert client.round_trips == before + 1


async def test_numbers_and_text_are_sent_as_text(client: RedisClient) -> None:
    await client.call("RPUSH", "list", 1, 2.5, "é", b"raw")
    assert await client.call("LRANGE", "list", 0, -1) == [b"1", b"2.5", "é".encode(), b"raw"]


async def test_a_thousand_callers_get_each_their_own_answer(client: RedisClient) -> None:
    async def caller(number: int) -> None:
        for turn in range(5):
            assert await client.call(b"ECHO", f"{number}:{turn}") == f"{number}:{turn}".encode()

    await asyncio.gather(*(caller(number) for number in range(1000)))


@pytest.mark.parametrize("seed", range(5))
async def test_cancelled_callers_never_take_the_answers_of_others(
    client: RedisClient, seed: int
) -> None:
    chance = random.Random(seed)

    async def caller(number: int) -> None:
        for turn in range(10):
            await asyncio.sleep(chance.random() * 0.002)
            assert await client.call(b"ECHO", f"{number}:{turn}") == f"{number}:{turn}".encode()

    callers = [asyncio.ensure_future(caller(number)) for number in range(200)]
    for _ in range(10):
        await asyncio.sleep(0.001)
        for victim in chance.sample(callers, 10):
            victim.cancel()
    outcomes = await asyncio.gather(*callers, return_exceptions=True)
    faults = [fault for fault in outcomes if fault is not None]
    assert all(isinstance(fault, asyncio.CancelledError) for fault in faults)
    assert 0 < len(faults) <= 100


async def test_a_script_runs_and_is_given_to_a_server_that_lacks_it(client: RedisClient) -> None:
    await client.call(b"SCRIPT", b"FLUSH")
    before = client.round_trips
    assert await client.run(ADD, ["number"], [2]) == 2
    assert client.round_trips == before + 3  # missed, loaded, run
    assert await client.run(ADD, ["number"], [3]) == 5
    assert client.round_trips == before + 4


async def test_a_script_is_loaded_once_for_all_who_miss_it(client: RedisClient) -> None:
    await client.call(b"SCRIPT", b"FLUSH")
    before = client.round_trips
    await asyncio.gather(*(client.run(ADD, ["number"], [1]) for _ in range(100)))
    assert await client.call(b"GET", b"number") == b"100"
    assert client.round_trips == before + 100 + 1 + 100 + 1


async def test_wrong_calls_are_bugs_and_leave_the_connection_whole(client: RedisClient) -> None:
    await client.call(b"SET", b"text", b"a")
    outcomes = await asyncio.gather(
        client.call(b"LPUSH", b"text", b"b"),
        client.run(Script("typo", b"return nowhere()"), ["text"]),
        client.run(Script("broken", b"this is not Lua"), ["text"]),
        client.run(Script("fails", b"return redis.call('INCR', KEYS[1])"), ["text"]),
        client.call(b"GET", b"text"),
        return_exceptions=True,
    )
    assert [type(outcome) for outcome in outcomes] == [RedisReplyError] * 4 + [bytes]


async def test_a_server_out_of_memory_is_unavailable_to_scripts_too(client: RedisClient) -> None:
    await client.run(ADD, ["number"], [1])
    await client.call(b"CONFIG", b"SET", b"maxmemory", 1)
    try:
        for work in (client.run(ADD, ["number"], [1]), client.call(b"SET", b"a", b"b")):
            with pytest.raises(StoreUnavailable, match="OOM"):
                await work
    finally:
        await client.call(b"CONFIG", b"SET", b"maxmemory", 0)


async def test_the_connection_says_whose_it_is(client: RedisClient) -> None:
    assert await client.call(b"CLIENT", b"GETNAME") == b"divan"
    # RESP3 answers HGETALL with a map; RESP2 would give a flat list.
    await client.call(b"HSET", b"hash", b"field", b"value")
    assert await client.call(b"HGETALL", b"hash") == {b"field": b"value"}


async def test_the_address_chooses_the_database(server_url: str) -> None:
    elsewhere = server_url.rpartition("/")[0] + "/5"
    async with RedisClient.open(elsewhere) as other:
        assert b" db=5 " in await other.call(b"CLIENT", b"INFO")


async def test_a_database_that_does_not_exist_is_a_wrong_configuration(server_url: str) -> None:
    with pytest.raises(ConfigurationError, match="out of range"):
        async with RedisClient.open(server_url.rpartition("/")[0] + "/99"):
            pass


async def test_the_password_opens_the_door(breakable_redis: RedisServer) -> None:
    breakable_redis.call("ACL", "SETUSER", "ada", "on", ">s,cret", "~*", "&*", "+@all")
    breakable_redis.call("CONFIG", "SET", "requirepass", "hunter2")
    place = breakable_redis.url.removeprefix("redis://")
    for credentials in (":hunter2", "ada:s%2Ccret"):
        async with RedisClient.open(f"redis://{credentials}@{place}") as allowed:
            await allowed.ping()
    for credentials in ("", ":wrong@", "ada:hunter2@", "nobody:hunter2@"):
        with pytest.raises(ConfigurationError, match=r"refuses.*(WRONGPASS|NOAUTH)") as refused:
            async with RedisClient.open(f"redis://{credentials}{place}"):
                pass
        assert "hunter2" not in str(refused.value)


async def test_leaving_the_context_leaves_nothing_running(server_url: str) -> None:
    before = asyncio.all_tasks()
    async with RedisClient.open(server_url) as opened, opened.subscription() as heard:
        await heard.add("channel")
        waiting = asyncio.ensure_future(opened.call(b"BLPOP", b"nothing", 0))
        await until(lambda: opened.round_trips == 1)
    with pytest.raises(StoreUnavailable, match="closed"):
        await waiting
    with pytest.raises(StoreUnavailable, match="closed"):
        await opened.call(b"GET", b"key")
    assert asyncio.all_tasks() == before
    await opened.close()


async def test_a_cancelled_owner_leaves_nothing_running_either(server_url: str) -> None:
    before = asyncio.all_tasks()
    with anyio.CancelScope() as scope:
        async with RedisClient.open(server_url) as opened, opened.subscription():
            await opened.ping()
            scope.cancel()
    await until(lambda: asyncio.all_tasks() == before)


async def test_a_client_is_made_without_connecting_and_works_inside_its_context(
    server_url: str,
) -> None:
    client = RedisClient(server_url)
    with pytest.raises(StoreUnavailable):
        await client.call(b"GET", b"key")
    async with client:
        assert client.servers
        await client.ping()
