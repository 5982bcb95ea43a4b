"""A room under many hands: every message is kept once, in one order, and every copy is the same.

People write by HTTP and by socket through two servers. Meanwhile clients are cut off, servers are
killed and Redis goes away, with what it held or without. Whoever wrote insists until there is an
answer; whoever listens comes back with the last number it has, or looks for what it misses.
"""

import random
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from functools import partial
from itertools import cycle, islice
from typing import Any, Final

import aiohttp
import anyio
import pytest

from divan_core.chat.messages import MESSAGE_SENT, ROOMS
from divan_core.kernel.ids import UserId
from tests.faults.campus import credentials, people, person
from tests.faults.clients import client_of
from tests.faults.process import FaultServer, serving
from tests.faults.replicas import Replica
from tests.faults.scale import SCALE
from tests.faults.truth import Truth
from tests.faults.wires import View
from tests.faults.writers import Line, Place, Told, Writer
from tests.servers.valkey import RedisServer

pytestmark = pytest.mark.anyio

TOTAL: Final = SCALE.senders * SCALE.lines
PEOPLE: Final = SCALE.senders + 2 * SCALE.listeners
OUTAGE_S: Final = 0.5
CUT_S: Final = 0.2
"""How long it goes on average until another client is cut off."""

STUCK_S: Final = 30.0
"""For how long no copy comes any further where something is stuck, however busy the machine is."""

MANY: Final = "1000000"
LIMITS: Final = {"DIVAN_LIMIT_MESSAGE_PER_MINUTE": MANY}


async def test_every_copy_is_the_same(postgres_url: str, breakable_redis: RedisServer) -> None:
    await people(postgres_url, PEOPLE)
    told, settings = Told(), {"DIVAN_DATABASE_URL": postgres_url, **LIMITS}
    settings["DIVAN_REDIS_URL"] = breakable_redis.url
    with serving(settings, 2) as servers:
        async with the_room([one.url for one in servers]) as place:
            stay, return_ = listeners(place)
            async with anyio.create_task_group() as tasks:
                for one in stay:
                    tasks.start_soon(one.follow, TOTAL)
                for one in return_:
                    tasks.start_soon(come_and_go, one, told)
                await all_write(place, told, servers, breakable_redis, stay + return_)
                await copied(stay + return_)
                tasks.cancel_scope.cancel()
            truth = await whole(place, person(1))
    check_truth(truth, told)
    check_copies(truth, stay, return_)
    check_events((await Truth.of(postgres_url)).events, truth)


@asynccontextmanager
async def the_room(urls: Sequence[str]) -> AsyncIterator[Place]:
    """A room of everybody."""
    async with client_of(urls[0]) as client:
        body = {"name": "Agora", "preset": "12+", "visibility": "link"}
        made = await client.post("/rooms", json=body, headers=credentials(person(1)))
        room_id = made.json()["id"]
        for number in range(2, PEOPLE + 1):
            joined = await client.post(
                f"/rooms/{room_id}/join", headers=credentials(person(number))
            )
            assert joined.status_code == 200, joined.text
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as http:
        yield Place(room_id, urls, http)


def listeners(place: Place) -> tuple[list[Replica], list[Replica]]:
    """Those who stay, and those who come back; half of these find gaps by themselves."""
    numbers = range(SCALE.senders + 1, PEOPLE + 1)
    everybody = [
        Replica(place, person(number), by_history=place_in % 4 == 3)
        for place_in, number in enumerate(numbers)
    ]
    return everybody[::2], everybody[1::2]


async def come_and_go(replica: Replica, told: Told) -> None:
    """Be there for some of it, and come back later, or when everything is said."""
    dice = random.Random(str(replica.user_id))
    await replica.follow(dice.randrange(1, TOTAL // 2))
    await reached(told, dice.randrange(TOTAL // 2, TOTAL + TOTAL // 4))
    await replica.follow(TOTAL)


async def reached(told: Told, count: int) -> None:
    """Wait until so many messages are acknowledged; at most, all there are."""
    while len(told.views) < min(count, TOTAL):
        await told.bell.wait(told.bell.rings, timeout_s=1)


async def all_write(
    place: Place,
    told: Told,
    servers: Sequence[FaultServer],
    redis: RedisServer,
    replicas: Sequence[Replica],
) -> None:
    """Let everybody write, while everything that can go wrong does."""
    async with anyio.create_task_group() as trouble:
        trouble.start_soon(disturb, told, troubles(servers, redis))
        trouble.start_soon(keep_cutting, replicas)
        async with anyio.create_task_group() as writing:
            for number in range(1, SCALE.senders + 1):
                writing.start_soon(Writer(place, person(number), told).write, SCALE.lines)
        trouble.cancel_scope.cancel()


def troubles(servers: Sequence[FaultServer], redis: RedisServer) -> list[Callable[[], None]]:
    """What goes wrong, one after the other."""
    one, other = servers
    empty, kept = partial(restart, redis, kept=False), partial(restart, redis, kept=True)
    return list(islice(cycle([one.kill, empty, other.kill, one.kill, kept]), SCALE.troubles))


def restart(redis: RedisServer, *, kept: bool) -> None:
    """Take Redis away for a while; it comes back with what it held, or empty."""
    if kept:
        redis.call("SAVE")
    redis.stop()
    time.sleep(OUTAGE_S)
    redis.start()


async def disturb(told: Told, troubles: Sequence[Callable[[], None]]) -> None:
    """Let things go wrong, each after as many messages as the others."""
    for number, trouble in enumerate(troubles, 1):
        await reached(told, TOTAL * number // (len(troubles) + 1))
        with anyio.CancelScope(shield=True):
            await anyio.to_thread.run_sync(trouble)


async def keep_cutting(replicas: Sequence[Replica]) -> None:
    """Cut clients off, now this one, now that one."""
    while True:
        await anyio.sleep(random.uniform(0, 2 * CUT_S))
        random.choice(replicas).cut()


async def copied(replicas: Sequence[Replica]) -> None:
    """Wait until every copy is whole, or for a long time none has come any further."""
    before, since = 0, anyio.current_time()
    while before < TOTAL * len(replicas) and anyio.current_time() - since < STUCK_S:
        await anyio.sleep(0.1)
        now = sum(one.last for one in replicas)
        if now > before:
            before, since = now, anyio.current_time()


async def whole(place: Place, user_id: UserId) -> list[View]:
    """The room as its history tells it, from the first message to the last."""
    path, query = f"/rooms/{place.room_id}/messages", dict[str, str | int](limit=200)
    found: list[View] = []
    async with client_of(place.urls[0]) as client:
        while True:
            answer = await client.get(path, params=query, headers=credentials(user_id))
            page: dict[str, Any] = answer.json()
            found += page["items"]
            if page["cursor"] is None:
                return found[::-1]
            query["cursor"] = page["cursor"]


def check_truth(truth: Sequence[View], told: Told) -> None:
    """Every message was kept once, under one number, in its sender's order, as they were told."""
    assert told.lost
    assert told.repeated
    assert [view["seq"] for view in truth] == list(range(1, TOTAL + 1))
    assert len({view["message_id"] for view in truth}) == TOTAL
    assert [view["created_at"] for view in truth] == sorted(view["created_at"] for view in truth)
    for number in range(1, SCALE.senders + 1):
        lines = [Line(person(number), count) for count in range(SCALE.lines)]
        mine = [view for view in truth if view["sender_id"] == str(person(number))]
        assert [view["body"] for view in mine] == [line.text for line in lines]
        assert mine == [told.views[line] for line in lines]


def check_copies(
    truth: Sequence[View], stay: Sequence[Replica], return_: Sequence[Replica]
) -> None:
    """Every client has exactly that, and was never sent anything twice or out of turn."""
    assert [str(one) for one in (*stay, *return_) if one.last < TOTAL] == []
    for replica in (*stay, *return_):
        assert replica.faults == []
        assert [replica.kept[view["seq"]] for view in truth] == truth
    assert all(replica.connections > 1 for replica in return_)
    assert sum(replica.connections - 1 for replica in stay)
    assert sum(replica.fetched for replica in return_)


def check_events(rows: Sequence[Any], truth: Sequence[View]) -> None:
    """Whoever reads the events hears of every message once, in the order of numbers."""
    sent = [row.data for row in rows if (row.topic, row.name) == (ROOMS, MESSAGE_SENT)]
    assert [one["seq"] for one in sent] == [view["seq"] for view in truth]
    assert [one["message_id"] for one in sent] == [view["message_id"] for view in truth]
