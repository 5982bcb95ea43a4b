"""What only a bus in Redis can get wrong: lost data, lost answers, forged entries, outages."""

import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from typing import Any
from uuid import UUID, uuid4

import anyio
import pytest
import redis

from divan_core.errors import StoreUnavailable
from divan_core.kernel.delivery import Backlog, Delivery, EventBus, Group
from divan_core.kernel.events import Event
from divan_core.kernel.ids import CampusId
from divan_core.stores.bundle import LiveStores
from divan_core.stores.redis.bus import RedisBus
from divan_core.stores.redis.client import RedisClient
from divan_core.stores.redis.envelope import EventSeal
from divan_core.stores.redis.errors import RedisOutcomeUnknown
from divan_core.stores.redis.keys import BELLS
from divan_core.stores.redis.lifecycle import RedisLifecycle
from divan_core.stores.redis.notices import NoticeSeal
from divan_core.stores.redis.roll import ENTER_MS
from divan_core.stores.redis.store import open_redis
from divan_core.testing.clock import ManualClock
from divan_core.testing.contracts.bus import events_of, fact, facts
from tests.contract.on_redis import KEY, OnRedis
from tests.servers.valkey import ClusterNode, RedisServer

WEEK_S = 7 * 86_400


def lifecycle(stores: LiveStores) -> RedisLifecycle:
    (found,) = stores.lifecycle
    assert isinstance(found, RedisLifecycle)
    return found


def client(stores: LiveStores) -> RedisClient:
    return lifecycle(stores).client


def flush(url: str) -> None:
    for address in url.split(","):
        with redis.Redis.from_url(address) as server:
            server.flushall()


def stream_of(event: Event) -> bytes:
    return f"divan:{{{event.campus_id}}}:{event.topic}".encode()


def ways_to_ask(bus: EventBus, event: Event) -> list[Callable[[], Awaitable[object]]]:
    """Every call there is, to a bus that has nothing but this event."""
    group = Group("readers", event.topic)
    taken: list[Delivery] = []

    async def take() -> None:
        taken.extend(await bus.take(group, "ann", 5))

    return [
        lambda: bus.publish([event]),
        take,
        lambda: bus.acknowledge(group, taken or [Delivery(event, b"1-1")]),
        lambda: bus.bury(group, Delivery(event, b"1-1"), "no reason"),
        lambda: bus.lost([event.campus_id]),
        lambda: bus.backlog(group),
        lambda: bus.trim(event.topic),
        lambda: bus.exhume(event.topic),
    ]


@pytest.fixture
def topic() -> str:
    return f"topic-{uuid4().hex}"


@pytest.fixture
def group(topic: str) -> Group:
    return Group("readers", topic)


class AnswersLost:
    """Stands before a client and loses answers: what is asked happens, and nobody learns of it."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, stores: LiveStores) -> None:
        self.losing = False
        self.run = client(stores).run
        monkeypatch.setattr(client(stores), "run", self.lose)

    async def lose(self, *args: Any, **options: Any) -> Any:
        reply = await self.run(*args, **options)
        if self.losing:
            raise RedisOutcomeUnknown
        return reply


class TestRedisBus(OnRedis):
    async def test_lost_streams_are_begun_anew(
        self, url: str, live: LiveStores, other: LiveStores, campus_id: CampusId, group: Group
    ) -> None:
        first, second = fact(campus_id, group.topic, 1), fact(campus_id, group.topic, 2)
        await live.bus.publish([first])
        held = await other.bus.take(group, "ben", 5)
        flush(url)
        assert await live.bus.lost([campus_id]) == {campus_id}
        assert await other.bus.take(group, "ben", 5) == []
        await other.bus.acknowledge(group, held)
        await other.bus.bury(group, held[0], "no reason")
        await other.bus.leave(group, "ben")
        assert await other.bus.backlog(group) == Backlog(0, 0, 0)
        assert await live.bus.lost([campus_id]) == {campus_id}
        assert await live.bus.publish([first, second]) == {campus_id}
        assert await live.bus.lost([campus_id]) == frozenset()
        again = await other.bus.take(group, "ann", 5)
        assert [(one.event, one.count) for one in again] == [(first, 1), (second, 1)]
        assert await live.bus.publish([second]) == frozenset()

    async def test_a_server_that_went_back_in_time_is_noticed(
        self, live: LiveStores, other: LiveStores, campus_id: CampusId, group: Group
    ) -> None:
        """As after a restart from a snapshot; also when others have published since."""
        sent = facts(campus_id, group.topic, 6)
        stream = stream_of(sent[0])
        for sent_meanwhile in ([], [sent[4]]):
            await live.bus.publish(sent[:2])
            snapshot = await client(live).call(b"DUMP", stream)
            await live.bus.publish(sent[2:4])
            assert await live.bus.lost([campus_id]) == frozenset()
            await client(live).call(b"RESTORE", stream, 0, snapshot, b"REPLACE")
            await other.bus.publish(sent_meanwhile)
            assert await live.bus.lost([campus_id]) == {campus_id}
            assert await live.bus.publish(sent[5:]) == {campus_id}
            assert await live.bus.lost([campus_id]) == frozenset()
            assert await live.bus.publish(sent[5:]) == frozenset()

    async def test_trimming_is_no_loss(
        self, live: LiveStores, campus_id: CampusId, group: Group
    ) -> None:
        for _ in range(2):
            await live.bus.publish(facts(campus_id, group.topic, 3))
            await live.bus.acknowledge(group, await live.bus.take(group, "ann", 5))
            await live.bus.trim(group.topic)
            assert await live.bus.lost([campus_id]) == frozenset()
            assert await live.bus.publish([fact(campus_id, group.topic)]) == frozenset()

    async def test_a_loss_of_many_topics_is_over_with_the_first_of_them(
        self, url: str, live: LiveStores, campus_id: CampusId, topic: str
    ) -> None:
        """The others may come again much later, or never; until then nothing more is lost."""
        event, answer = fact(campus_id, topic, 1), fact(campus_id, f"{topic}-answers", 1)
        await live.bus.publish([event, answer])
        flush(url)
        assert await live.bus.lost([campus_id]) == {campus_id}
        await live.bus.publish([event])
        assert await live.bus.lost([campus_id]) == frozenset()
        assert await live.bus.publish([answer]) <= {campus_id}
        flush(url)
        assert await live.bus.lost([campus_id]) == {campus_id}

    async def test_a_lost_roll_is_written_again(
        self,
        live: LiveStores,
        other: LiveStores,
        clock: ManualClock,
        campus_id: CampusId,
        group: Group,
    ) -> None:
        """By who publishes, and by who looks for losses: then also of what others published."""
        roll = f"divan:{{topic:{group.topic}}}".encode()
        sent = fact(campus_id, group.topic)
        await live.bus.publish([sent])
        repairs: list[Callable[[], Awaitable[object]]] = [
            lambda: live.bus.publish([sent]),
            lambda: live.bus.lost([campus_id]),
            lambda: other.bus.lost([campus_id]),
        ]
        for repair in repairs:
            await client(live).call(b"DEL", roll)
            clock.advance(ENTER_MS / 1000)
            for _ in range(2):
                await repair()
            assert await client(live).call(b"SMEMBERS", roll) == [str(campus_id).encode()]
        await client(live).call(b"SADD", roll, b"no campus", b"\xff")
        assert events_of(await other.bus.take(group, "ben", 5)) == [sent] * 3

    async def test_what_was_taken_in_a_lost_answer_is_given_again(
        self,
        live: LiveStores,
        campus_id: CampusId,
        group: Group,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        """Counted, and without what arrived before; also when it took the lease itself."""
        answers = AnswersLost(monkeypatch, live)
        sent = facts(campus_id, group.topic, 4)
        await live.bus.publish(sent)
        for most, expected in ((1, [(sent[0], 2)]), (2, [(sent[1], 2), (sent[2], 2)])):
            answers.losing = True
            with pytest.raises(StoreUnavailable):
                await live.bus.take(group, "ann", most)
            answers.losing = False
            taken = await live.bus.take(group, "ann", most)
            assert [(one.event, one.count) for one in taken] == expected
        assert events_of(await live.bus.take(group, "ann", 9)) == sent[3:]

    async def test_a_cancelled_take_loses_nothing(
        self, live: LiveStores, campus_id: CampusId, group: Group
    ) -> None:
        sent = facts(campus_id, group.topic, 3)
        await live.bus.publish(sent)
        assert await live.bus.take(group, "ann", 1)
        for checkpoints in range(6):
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(live.bus.take, group, "ann", 5)
                for _ in range(checkpoints):
                    await anyio.lowlevel.checkpoint()
                tasks.cancel_scope.cancel()
        assert events_of(await live.bus.take(group, "ann", 5)) == sent[1:]

    async def test_a_beginning_in_a_lost_answer_is_told_later(
        self, live: LiveStores, campus_id: CampusId, topic: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        answers = AnswersLost(monkeypatch, live)
        answers.losing = True
        with pytest.raises(StoreUnavailable):
            await live.bus.publish([fact(campus_id, topic)])
        answers.losing = False
        assert await live.bus.lost([campus_id]) == {campus_id}
        assert await live.bus.publish([fact(campus_id, topic)]) == {campus_id}
        assert await live.bus.publish([fact(campus_id, topic)]) == frozenset()
        assert await live.bus.lost([campus_id]) == frozenset()

    async def test_what_others_write_into_streams_is_dropped(
        self,
        live: LiveStores,
        other: LiveStores,
        campus_id: CampusId,
        group: Group,
        caplog: pytest.LogCaptureFixture,
    ) -> None:
        """Unsigned, signed for another deployment or campus or topic; said once, acknowledged."""
        seal, foreign = EventSeal(NoticeSeal(KEY)), EventSeal(NoticeSeal(b"some other key, 16+"))
        true = fact(campus_id, group.topic)
        forged = [
            b"",
            b"{}",
            foreign.sealed(true),
            seal.sealed(true)[:-1],
            NoticeSeal(KEY).signed(b"{}"),
            seal.sealed(fact(CampusId(uuid4()), group.topic)),
            seal.sealed(fact(campus_id, "another")),
        ]
        await live.bus.publish([true])
        for message in forged:
            await client(live).call(b"XADD", stream_of(true), b"*", b"event", message)
        await client(live).call(b"XADD", stream_of(true), b"*", b"other", b"1", b"event", b"2")
        await live.bus.publish([true])
        with caplog.at_level(logging.WARNING):
            assert events_of(await other.bus.take(group, "ann", 20)) == [true, true]
        assert [record.name for record in caplog.records] == ["divan_core.stores.redis.taking"]
        assert isinstance(other.bus, RedisBus)
        assert other.bus.rejected == len(forged) + 1
        assert await other.bus.backlog(group) == Backlog(0, 2, 0)

    async def test_pending_entries_that_somebody_deleted_are_forgotten(
        self, live: LiveStores, other: LiveStores, campus_id: CampusId, group: Group
    ) -> None:
        sent = facts(campus_id, group.topic, 3)
        await live.bus.publish(sent)
        taken = await live.bus.take(group, "ann", 5)
        await client(live).call(b"XDEL", stream_of(sent[0]), taken[1].receipt)
        await live.bus.leave(group, "ann")
        assert events_of(await other.bus.take(group, "ben", 5)) == [sent[0], sent[2]]
        assert await other.bus.backlog(group) == Backlog(0, 2, 0)

    async def test_rings_of_strangers_and_echoes_are_not_heard(
        self, live: LiveStores, campus_id: CampusId, topic: str
    ) -> None:
        bell, apart = live.bus.bell(topic), live.bus.bell(f"{topic}.not")
        await bell.wait(0, 5)
        heard = bell.rings
        seal = NoticeSeal(KEY)
        for message in (b"", b'{"rung_by":"x"}', seal.signed(b"{}"), seal.signed(b"x")):
            await client(live).publish(BELLS, message)
        await live.bus.publish([fact(campus_id, topic)])
        assert bell.rings == heard + 1
        await client(live).publish(BELLS, seal.signed(b'{"rung_by":"another process"}'))
        await bell.wait(heard + 1, 5)
        assert bell.rings == heard + 2
        rings = apart.rings
        named = b'{"rung_by":"another process","topic":"%s"}' % topic.encode()
        await client(live).publish(BELLS, seal.signed(named))
        await bell.wait(heard + 2, 5)
        assert (bell.rings, apart.rings) == (heard + 3, rings)

    async def test_a_group_that_has_not_taken_for_a_week_is_given_up(
        self, live: LiveStores, clock: ManualClock, campus_id: CampusId, group: Group
    ) -> None:
        """It holds up nothing any more; if it returns after all, the relay publishes again."""
        gone = Group("gone", group.topic)
        sent = facts(campus_id, group.topic, 3)
        await live.bus.publish(sent)
        await live.bus.take(gone, "ann", 1)
        clock.advance(WEEK_S - 1)
        await live.bus.acknowledge(group, await live.bus.take(group, "ann", 5))
        assert await live.bus.trim(group.topic) == 0
        clock.advance(1)
        assert await live.bus.trim(group.topic) == 3
        assert await live.bus.lost([campus_id]) == frozenset()
        assert await live.bus.take(gone, "ann", 5) == []
        assert await live.bus.lost([campus_id]) == {campus_id}

    async def test_dead_letters_tell_why(
        self, live: LiveStores, clock: ManualClock, campus_id: CampusId, group: Group
    ) -> None:
        event = fact(campus_id, group.topic)
        await live.bus.publish([event])
        (taken,) = await live.bus.take(group, "ann", 5)
        await live.bus.bury(group, taken, "too odd")
        ((_id, fields),) = await client(live).call(b"XRANGE", stream_of(event) + b":dlq", "-", "+")
        told = dict(zip(fields[::2], fields[1::2], strict=True))
        assert EventSeal(NoticeSeal(KEY)).opened(told.pop(b"event")) == event
        assert told == {
            b"group": b"readers",
            b"reason": b"too odd",
            b"count": b"1",
            b"at": b"%d" % clock.now(),
        }

    async def test_keys_lie_on_their_campus_or_topic(
        self, live: LiveStores, campus_id: CampusId, topic: str
    ) -> None:
        event = fact(campus_id, topic)
        for ask in ways_to_ask(live.bus, event):
            await ask()
        await live.bus.publish([event])
        (taken,) = await live.bus.take(Group("readers", topic), "ann", 5)
        await live.bus.bury(Group("readers", topic), taken, "no reason")
        campus, roll = f"divan:{{{campus_id}}}:".encode(), b"divan:{topic:%s}" % topic.encode()
        kinds = {
            campus + b"streams": b"set",
            stream_of(event): b"stream",
            stream_of(event) + b":dlq": b"stream",
            stream_of(event) + b":leases": b"hash",
            roll: b"set",
            roll + b":groups": b"zset",
        }
        for key, kind in kinds.items():
            assert await client(live).call(b"TYPE", key) == kind
        found = await client(live).call(b"KEYS", campus + b"*")
        found += await client(live).call(b"KEYS", roll + b"*")
        assert set(found) == kinds.keys()

    async def test_topics_cannot_take_the_names_of_other_keys(
        self, live: LiveStores, campus_id: CampusId
    ) -> None:
        for name in ("people", "journal", "streams"):
            with pytest.raises(ValueError, match="cannot be called"):
                await live.bus.publish([fact(campus_id, name)])

    async def test_every_call_sends_few_commands(
        self, live: LiveStores, campus_id: CampusId, topic: str
    ) -> None:
        """One for each campus, and one for the roll where it is needed."""
        event = fact(campus_id, topic)
        ways = ways_to_ask(live.bus, event)
        for _ in range(2):
            for ask in ways:
                await ask()
        sent = []
        for ask in ways:
            before = client(live).round_trips
            await ask()
            sent.append(client(live).round_trips - before)
        assert sent == [1, 2, 1, 1, 1, 2, 2, 2]

    async def test_the_servers_clock_counts_when_no_other_is_given(
        self, url: str, campus_id: CampusId, group: Group
    ) -> None:
        stores = open_redis(url, key=KEY)
        async with lifecycle(stores).running():
            await stores.bus.publish([fact(campus_id, group.topic)])
            assert len(await stores.bus.take(group, "ann", 5)) == 1
            assert await stores.bus.take(group, "ben", 5) == []
            await stores.bus.trim(group.topic)
            (taken_at,) = (
                await client(stores).call(
                    b"ZRANGE",
                    b"divan:{topic:%s}:groups" % group.topic.encode(),
                    0,
                    -1,
                    b"WITHSCORES",
                )
            )[0][1:]
            seconds, _micros = await client(stores).call(b"TIME", key=b"divan:{topic:x}")
        assert abs(int(seconds) - taken_at / 1000) < 5

    async def test_a_bell_in_use_before_the_store_runs_and_after_it_ran_before(
        self, url: str, live: LiveStores, campus_id: CampusId, topic: str
    ) -> None:
        stores = open_redis(url, key=KEY)
        bell = stores.bus.bell(topic)
        for _ in range(2):
            async with lifecycle(stores).running():
                heard = bell.rings
                await bell.wait(heard, 5)
                heard = bell.rings
                await live.bus.publish([fact(campus_id, topic)])
                await bell.wait(heard, 5)
                assert bell.rings > heard


@pytest.mark.anyio
async def test_streams_spread_over_a_cluster_one_node_of_which_may_be_away(
    redis_cluster: Sequence[ClusterNode], redis_cluster_urls: Sequence[str], group: Group
) -> None:
    """Consumers of the others go on."""
    clock = ManualClock()
    stores = open_redis(",".join(redis_cluster_urls), key=KEY, clock=clock)
    async with lifecycle(stores).running():
        sent = [fact(CampusId(UUID(int=number << 64)), group.topic) for number in range(24)]
        await stores.bus.publish(sent)
        assert len(await stores.bus.take(group, "ann", 99)) == 24
        assert all(node.call("DBSIZE") > 0 for node in redis_cluster)
        await stores.bus.leave(group, "ann")
        redis_cluster[1].pause()
        try:
            some = await stores.bus.take(group, "ann", 99)
            assert 0 < len(some) < 24
        finally:
            redis_cluster[1].resume()
        missing = {event.campus_id for event in sent} - {one.event.campus_id for one in some}
        rest: list[Delivery] = []
        with anyio.fail_after(10):
            while len(rest) < len(missing):
                rest += await until_answered(lambda: stores.bus.take(group, "ann", 99))
                await anyio.sleep(0.05)
        assert {one.event.campus_id for one in rest} == missing


class TestRedisBusOutage:
    pytestmark = pytest.mark.anyio

    @pytest.fixture
    async def stores(self, breakable_redis: RedisServer) -> AsyncIterator[LiveStores]:
        stores = open_redis(breakable_redis.url, key=KEY, clock=ManualClock())
        async with lifecycle(stores).running():
            yield stores

    async def test_every_call_says_so_at_once_and_all_is_right_again_later(
        self, breakable_redis: RedisServer, stores: LiveStores, topic: str
    ) -> None:
        """The bell rings when the server is back."""
        event = fact(CampusId(uuid4()), topic)
        group, bell = Group("readers", topic), stores.bus.bell(topic)
        await bell.wait(0, 5)
        for ask in ways_to_ask(stores.bus, event):
            await ask()
        await anyio.to_thread.run_sync(breakable_redis.stop)
        for ask in ways_to_ask(stores.bus, event):
            with anyio.fail_after(1.5), pytest.raises(StoreUnavailable):
                await ask()
        await stores.bus.leave(group, "ann")
        heard = bell.rings
        await anyio.to_thread.run_sync(breakable_redis.start)
        await bell.wait(heard, 10)
        assert bell.rings > heard
        with anyio.fail_after(5):
            assert await until_answered(lambda: stores.bus.lost([event.campus_id]))
        assert await stores.bus.publish([event]) == {event.campus_id}
        assert events_of(await stores.bus.take(group, "ann", 5)) == [event]

    async def test_a_silent_server_is_not_waited_for(
        self, breakable_redis: RedisServer, stores: LiveStores, topic: str
    ) -> None:
        """What it did all the same is found later."""
        event, group = fact(CampusId(uuid4()), topic), Group("readers", topic)
        await stores.bus.publish([event])
        breakable_redis.pause()
        try:
            with anyio.fail_after(2.5), pytest.raises(StoreUnavailable):
                await stores.bus.take(group, "ann", 5)
        finally:
            breakable_redis.resume()
        with anyio.fail_after(5):
            taken = await until_answered(lambda: stores.bus.take(group, "ann", 5))
        assert events_of(taken) == [event]

    async def test_a_server_killed_again_and_again_in_the_middle_of_everything(
        self, breakable_redis: RedisServer, stores: LiveStores, topic: str
    ) -> None:
        """With what begins anew published again, everything is acknowledged in the end."""
        group = Group("readers", topic)
        sent = facts(CampusId(uuid4()), topic, 400)
        handled: list[int] = []
        done = anyio.Event()

        async def relay() -> None:
            first = 0
            while len(set(handled)) < len(sent):
                part = sent[first : first + 10]
                begun = await until_answered(lambda: stores.bus.publish(part))  # noqa: B023 - awaited here
                first = 0 if begun and first else (first + 10) % len(sent)
                await anyio.sleep(0.005)
            done.set()

        async def consume() -> None:
            while not done.is_set():
                taken = await until_answered(lambda: stores.bus.take(group, "ann", 7))
                handled.extend(one.event.data["number"] for one in taken)
                await until_answered(lambda: stores.bus.acknowledge(group, taken))  # noqa: B023 - awaited here
                await anyio.sleep(0.001)

        with anyio.fail_after(60):
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(relay)
                tasks.start_soon(consume)
                for _ in range(4):
                    await anyio.sleep(0.08)
                    await anyio.to_thread.run_sync(breakable_redis.restart)
        first_seen = list(dict.fromkeys(handled))
        assert sorted(first_seen) == list(range(400))


async def until_answered(ask: Callable[[], Awaitable[Any]]) -> Any:
    while True:
        try:
            return await ask()
        except StoreUnavailable:
            await anyio.sleep(0.02)
