"""What only Redis can get wrong: round trips, keys, lost data, outages, forged notices."""

import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack
from uuid import UUID

import anyio
import attrs
import pytest
import redis

from divan_core.discovery.ports import Inquiry
from divan_core.errors import ConfigurationError, RateLimited, StoreUnavailable
from divan_core.kernel.audience import START
from divan_core.kernel.clock import Millis
from divan_core.kernel.ids import CampusId
from divan_core.kernel.limits import Limit, Window
from divan_core.kernel.notices import NoticesLost
from divan_core.presence.model import (
    LEASE_MS,
    Amendment,
    Cell,
    Lease,
    Notice,
    PeopleChanged,
    PresenceRecord,
    PublicMove,
    Reach,
    Rule,
)
from divan_core.stores.bundle import LiveStores
from divan_core.stores.redis.keys import CHANNEL
from divan_core.stores.redis.lifecycle import RedisLifecycle
from divan_core.stores.redis.notices import NoticeSeal, RedisNotices
from divan_core.stores.redis.store import open_redis
from divan_core.testing.clock import ManualClock
from divan_core.testing.contracts.live import (
    AWAY,
    HOME,
    PHONE,
    Walker,
    at_most,
    leaving,
    somebody,
    standing,
)
from tests.contract.on_redis import KEY, OnRedis
from tests.servers.valkey import ClusterNode, RedisServer

DAY_S = 86_400


def lifecycle(stores: LiveStores) -> RedisLifecycle:
    (found,) = stores.lifecycle
    assert isinstance(found, RedisLifecycle)
    return found


async def about(campus_id: CampusId, notices: AsyncIterator[Notice]) -> Notice:
    """The next notice of this campus: the server is shared, and others may still be under way."""
    async for notice in notices:
        if isinstance(notice, NoticesLost) or notice.campus_id == campus_id:
            return notice
    raise EOFError


def short_lease(now: Millis) -> Rule:
    """A rule for a lease of ten seconds, so that the fix outlives it."""

    def rule(before: PresenceRecord | None) -> Amendment:
        record = standing(HOME, now)(before).record
        return Amendment(attrs.evolve(record, leases=(Lease(PHONE, Millis(now + 10_000)),)))

    return rule


def ways_to_ask(stores: LiveStores, walker: Walker) -> list[Callable[[], Awaitable[object]]]:
    """Every call there is to the live stores."""
    campus_id, user_id, now = walker.campus_id, walker.user_id, walker.clock.now()
    limit, index = at_most(1000, 60), stores.presence
    return [
        lambda: index.amend(walker.key, standing(HOME, now), now, limit),
        lambda: index.amend(walker.key, standing(AWAY, now), now, limit),
        lambda: index.around(walker.key, Reach(50.0), now, since=START, limit=limit),
        lambda: index.around(walker.key, Reach(5000.0), now, since=START),
        lambda: index.record(walker.key, now),
        lambda: index.heard(campus_id, [user_id], now),
        lambda: stores.signals.signals(Inquiry(campus_id, user_id, [user_id], now, 9), now),
        lambda: index.everybody(campus_id, now),
        lambda: index.sweep(campus_id, now),
        lambda: index.amend(walker.key, leaving(), now),
        lambda: stores.limits.admit(campus_id, user_id, limit),
        lambda: stores.limits.withdraw(campus_id, user_id, limit, now),
        lambda: stores.limits.spend(campus_id, user_id, limit, [user_id]),
        lambda: stores.turnstile.enter(campus_id, user_id, limit, START),
        lambda: stores.journal.announce(campus_id, [user_id]),
        lambda: stores.journal.record(campus_id, [user_id]),
        lambda: stores.journal.read(campus_id, START),
    ]


class TestRedisStore(OnRedis):
    @pytest.fixture
    def walker(self, live: LiveStores, clock: ManualClock, campus_id: CampusId) -> Walker:
        return Walker(live.presence, clock, campus_id)

    async def test_every_call_is_one_round_trip(self, live: LiveStores, walker: Walker) -> None:
        client = lifecycle(live).client
        for ask in ways_to_ask(live, walker):
            await ask()
        for number, ask in enumerate(ways_to_ask(live, walker)):
            before = client.round_trips
            await ask()
            assert client.round_trips == before + 1, number

    async def test_a_wrong_guess_costs_one_more(
        self, live: LiveStores, other: LiveStores, walker: Walker
    ) -> None:
        await walker.stand()
        await attrs.evolve(walker, index=other.presence).stand(AWAY)
        before = lifecycle(live).client.round_trips
        await walker.stand()
        assert lifecycle(live).client.round_trips == before + 2
        await walker.stand()
        assert lifecycle(live).client.round_trips == before + 3

    async def test_every_key_lies_on_its_campus_and_has_an_end(
        self, live: LiveStores, walker: Walker
    ) -> None:
        client = lifecycle(live).client
        for ask in ways_to_ask(live, walker):
            await ask()
        await walker.stand()
        await live.journal.announce(walker.campus_id, [walker.user_id])
        prefix = b"divan:{%s}:" % str(walker.campus_id).encode()
        person = walker.user_id.hex.encode()
        kinds = {
            b"people": b"hash",
            b"deadlines": b"zset",
            b"grid": b"hash",
            b"sizes": b"hash",
            b"leaves": b"hash",
            b"seen": b"zset",
            b"journal": b"stream",
            b"pending": b"zset",
            b"limit:walk:" + person: b"list",
            b"budget:walk:" + person: b"zset",
        }
        assert await self.kinds_of_keys(live, walker) == kinds.keys()
        for name, kind in kinds.items():
            assert await client.call(b"TYPE", prefix + name) == kind
            assert 0 < await client.call(b"TTL", prefix + name) <= DAY_S + 60

    async def test_somebody_who_stays_keeps_the_keys_of_the_campus(
        self, live: LiveStores, walker: Walker
    ) -> None:
        """Whoever does not move renews all their lives, and that of their own limit."""
        client, limit = lifecycle(live).client, Limit("walk", (Window(1000, 60),))
        await walker.stand(limit=limit)
        prefix = b"divan:{%s}:" % str(walker.campus_id).encode()
        names = (b"people", b"deadlines", b"grid", b"sizes", b"leaves", b"seen")
        keys = [prefix + name for name in names]
        keys.append(prefix + b"limit:walk:" + walker.user_id.hex.encode())
        for key in keys:
            assert await client.call(b"EXPIRE", key, 30) == 1
        walker.clock.advance(30)
        await walker.stand(limit=limit)
        for key in keys:
            assert await client.call(b"TTL", key) > 90

    async def test_nothing_exact_is_left_of_those_who_ended(
        self, live: LiveStores, walker: Walker
    ) -> None:
        """Neither after a lease, nor after going offline, nor after a fix outlived its lease."""
        now = walker.clock.now()
        await walker.stand()
        away = attrs.evolve(walker, user_id=somebody())
        await away.stand()
        await away.leave()
        other = attrs.evolve(walker, user_id=somebody())
        await other.index.amend(other.key, short_lease(now), now)
        walker.clock.advance(LEASE_MS / 1000 - 1)
        await walker.index.sweep(walker.campus_id, walker.clock.now())
        assert {b"people", b"deadlines"} < await self.kinds_of_keys(live, walker)
        walker.clock.advance(1)
        await walker.index.sweep(walker.campus_id, walker.clock.now())
        assert await self.kinds_of_keys(live, walker) == {b"seen"}

    async def test_nothing_is_left_of_a_record_given_up(
        self, live: LiveStores, walker: Walker
    ) -> None:
        await walker.stand()
        nothing = Amendment(PresenceRecord())
        await walker.index.amend(walker.key, lambda _: nothing, walker.clock.now())
        assert await self.kinds_of_keys(live, walker) == {b"seen"}

    async def test_the_journal_is_bounded(self, live: LiveStores, campus_id: CampusId) -> None:
        for _ in range(6):
            async with anyio.create_task_group() as group:
                for _ in range(1000):
                    group.start_soon(live.journal.record, campus_id, ())
        journal = b"divan:{%s}:journal" % str(campus_id).encode()
        assert 4000 < await lifecycle(live).client.call(b"XLEN", journal) < 4500

    @staticmethod
    async def kinds_of_keys(live: LiveStores, walker: Walker) -> set[bytes]:
        prefix = b"divan:{%s}:" % str(walker.campus_id).encode()
        keys = await lifecycle(live).client.call(b"KEYS", b"*", key=prefix)
        return {key.removeprefix(prefix) for key in keys if key.startswith(prefix)}

    async def test_lost_data_is_nobody_there(
        self, url: str, live: LiveStores, other: LiveStores, walker: Walker
    ) -> None:
        await walker.stand()
        await live.journal.record(walker.campus_id, [somebody()])
        position = (await live.journal.read(walker.campus_id, START)).position
        for address in url.split(","):
            with redis.Redis.from_url(address) as server:
                server.flushall()
        assert await walker.record() is None
        assert await walker.heard() is None
        assert (await live.journal.read(walker.campus_id, position)).changed is None
        await other.journal.record(walker.campus_id, [somebody()])
        assert (await live.journal.read(walker.campus_id, position)).changed is None
        assert (await walker.stand(AWAY)).cell == AWAY
        assert await walker.sees() == {walker.user_id: AWAY}

    async def test_a_process_with_a_fast_clock_takes_somebody_out(
        self, live: LiveStores, other: LiveStores, walker: Walker
    ) -> None:
        """The next heartbeat puts them back, and everyone is told so."""
        now = walker.clock.now()
        arrival = PublicMove(walker.campus_id, None, HOME)
        departure = PublicMove(walker.campus_id, HOME, None)
        async with live.notices.listen() as notices:
            # A cluster's nodes pass notices on, so one of an earlier test may come as late as this.
            ours = (one async for one in notices if one in {arrival, departure})
            await walker.index.amend(walker.key, short_lease(now), now)
            await other.presence.sweep(walker.campus_id, Millis(now + 20_000))
            walker.clock.advance(5)
            await walker.stand(HOME)
            assert await walker.sees() == {walker.user_id: HOME}
            with anyio.fail_after(5):
                told = [await anext(ours) for _ in range(3)]
        assert told == [arrival, departure, arrival]

    async def test_many_processes_amend_one_person(
        self, url: str, walker: Walker, clock: ManualClock
    ) -> None:
        """None of 96 changes by eight processes is lost, each record made of the one before."""
        now = clock.now()
        async with AsyncExitStack() as stack, anyio.create_task_group() as group:
            for process in range(8):
                stores = open_redis(url, key=KEY, clock=clock)
                await stack.enter_async_context(lifecycle(stores).running())
                for number in range(process * 12, process * 12 + 12):
                    rule = standing(HOME, now, number.to_bytes(8, "big"))
                    group.start_soon(stores.presence.amend, walker.key, rule, now)
        record = await walker.record()
        assert record is not None
        assert {int.from_bytes(one.device, "big") for one in record.leases} == set(range(96))

    async def test_a_rush_of_one_person_costs_little(
        self, live: LiveStores, walker: Walker
    ) -> None:
        """100 heartbeats at once are 100 round trips, and a few more to begin with."""
        await walker.stand()
        client = lifecycle(live).client
        before = client.round_trips
        async with anyio.create_task_group() as group:
            for _ in range(100):
                group.start_soon(walker.stand)
        assert client.round_trips <= before + 110

    async def test_announcements_of_the_same_people_stand_apart(
        self, live: LiveStores, other: LiveStores, clock: ManualClock, campus_id: CampusId
    ) -> None:
        """One process follows up, the other one dies."""
        ann = somebody()
        await live.journal.announce(campus_id, [ann])
        clock.advance(1)
        await other.journal.announce(campus_id, [ann])
        await other.journal.record(campus_id, [ann])
        position = (await live.journal.read(campus_id, START)).position
        clock.advance(9)
        assert (await other.journal.read(campus_id, position)).changed == frozenset({ann})

    async def test_a_sweep_records_what_was_only_announced(
        self, live: LiveStores, clock: ManualClock, campus_id: CampusId
    ) -> None:
        """So that live lists learn of it though nobody asks for the journal."""
        await live.journal.announce(campus_id, [somebody()])
        clock.advance(10)
        async with live.notices.listen() as notices:
            await live.presence.sweep(campus_id, clock.now())
            with anyio.fail_after(5):
                assert await about(campus_id, notices) == PeopleChanged(campus_id)

    async def test_forged_notices_are_dropped_and_counted(
        self, live: LiveStores, campus_id: CampusId
    ) -> None:
        client, seal = lifecycle(live).client, NoticeSeal(KEY)
        true = seal.sealed(PublicMove(campus_id, HOME, AWAY))
        foreign = NoticeSeal(b"another deployment's key").sealed(PeopleChanged(campus_id))
        forged = [b"", b"{}", b"0" * 64 + true[64:], true[:64], true[:-1] + b" ", foreign]
        assert isinstance(live.notices, RedisNotices)
        async with live.notices.listen() as notices:
            for message in forged:
                await client.publish(CHANNEL, message)
            await client.publish(CHANNEL, true)
            with anyio.fail_after(5):
                assert await about(campus_id, notices) == PublicMove(campus_id, HOME, AWAY)
        assert live.notices.rejected == len(forged)

    async def test_the_servers_clock_counts_when_no_other_is_given(
        self, url: str, campus_id: CampusId
    ) -> None:
        """So that processes whose clocks differ keep one limit."""
        stores = open_redis(url, key=KEY)
        limit, now = at_most(2, 3600), Millis(int(time.time() * 1000))
        skewed = ManualClock(now - 1_800_000)
        async with lifecycle(stores).running():
            walker = Walker(stores.presence, skewed, campus_id)
            await walker.stand(limit=limit)
            at = await stores.limits.admit(campus_id, walker.user_id, limit)
            assert abs(at - now) < 60_000
            with pytest.raises(RateLimited) as refused:
                await walker.look(Reach(10.0), limit)
            assert refused.value.retry_after in {3599, 3600}
            await stores.limits.withdraw(campus_id, walker.user_id, limit, at)
            await walker.look(Reach(10.0), limit)
            await stores.journal.announce(campus_id, [walker.user_id])
            news = await stores.journal.read(campus_id, START)
            assert (await stores.journal.read(campus_id, news.position)).changed == frozenset()

    async def test_cells_without_a_number_are_an_error(self, walker: Walker) -> None:
        for cell in (Cell(4096, 0, 0), Cell(25, 1 << 19, 0), Cell(25, 0, -(1 << 19) - 1)):
            with pytest.raises(ValueError, match="no number"):
                await walker.stand(cell)
        edge = Cell(4095, (1 << 19) - 1, -(1 << 19))
        await walker.stand(edge)
        assert await walker.index.everybody(walker.campus_id, walker.clock.now()) == {
            walker.user_id: edge
        }


@pytest.mark.anyio
async def test_campuses_spread_over_a_cluster(
    redis_cluster: Sequence[ClusterNode], redis_cluster_urls: Sequence[str]
) -> None:
    stores, clock = open_redis(redis_cluster_urls[0], key=KEY), ManualClock()
    async with lifecycle(stores).running():
        for number in range(24):
            campus_id = CampusId(UUID(int=number))
            walker = Walker(stores.presence, clock, campus_id)
            await walker.stand()
            assert await walker.sees() == {walker.user_id: HOME}
    assert all(node.call("DBSIZE") > 0 for node in redis_cluster)


class TestRedisOutage:
    pytestmark = pytest.mark.anyio

    @pytest.fixture
    def clock(self) -> ManualClock:
        return ManualClock()

    @pytest.fixture
    async def stores(
        self, breakable_redis: RedisServer, clock: ManualClock
    ) -> AsyncIterator[LiveStores]:
        stores = open_redis(breakable_redis.url, key=KEY, clock=clock)
        async with lifecycle(stores).running():
            yield stores

    async def test_nothing_is_done_while_redis_is_away(
        self, breakable_redis: RedisServer, stores: LiveStores, clock: ManualClock
    ) -> None:
        """Every call says so at once, and all is right again within 5 s of its return."""
        walker = Walker(stores.presence, clock, CampusId(somebody()))
        await walker.stand()
        async with stores.notices.listen() as notices:
            await anyio.to_thread.run_sync(breakable_redis.stop)
            for ask in ways_to_ask(stores, walker):
                with anyio.fail_after(1.5), pytest.raises(StoreUnavailable):
                    await ask()
            assert not (await lifecycle(stores).health())["redis"].ok
            await anyio.to_thread.run_sync(breakable_redis.start)
            with anyio.fail_after(5):
                await until_available(walker)
                while await anext(notices) != NoticesLost():
                    pass
        assert await walker.sees() == {walker.user_id: HOME}
        assert (await lifecycle(stores).health())["redis"].ok

    async def test_a_silent_server_is_not_waited_for(
        self, breakable_redis: RedisServer, stores: LiveStores, clock: ManualClock
    ) -> None:
        """No call takes longer than its timeout of a second, though connections stay open."""
        walker = Walker(stores.presence, clock, CampusId(somebody()))
        await walker.stand()
        breakable_redis.pause()
        try:
            for ask in ways_to_ask(stores, walker)[:4]:
                with anyio.fail_after(2.5), pytest.raises(StoreUnavailable):
                    await ask()
        finally:
            breakable_redis.resume()
        with anyio.fail_after(5):
            await until_available(walker)

    async def test_starting_while_redis_is_away(
        self, breakable_redis: RedisServer, clock: ManualClock
    ) -> None:
        breakable_redis.stop()
        stores = open_redis(breakable_redis.url, key=KEY, clock=clock)
        walker = Walker(stores.presence, clock, CampusId(somebody()))
        with pytest.raises(StoreUnavailable, match="not open"):
            await walker.stand()
        async with lifecycle(stores).running():
            with pytest.raises(StoreUnavailable):
                await walker.stand()
            await anyio.to_thread.run_sync(breakable_redis.start)
            with anyio.fail_after(5):
                await until_available(walker)

    def test_a_short_key_is_refused(self) -> None:
        with pytest.raises(ConfigurationError, match="16 bytes"):
            open_redis("redis://127.0.0.1", key=b"short")


async def until_available(walker: Walker) -> None:
    while True:
        try:
            await walker.stand()
        except StoreUnavailable:
            await anyio.sleep(0.02)
        else:
            return
