"""Which connection serves which key: one server, or the masters of a cluster.

What kind it is, the server says itself in its greeting. In a cluster the table of slots is read
again whenever a call met a sign that it is out of date: a redirection, a node that is away, a
cluster that is down. One background task does that, so a thousand failing calls cause one read.
"""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Callable, Coroutine, Iterable, Iterator
from itertools import count, cycle

from divan_core.errors import ConfigurationError, StoreUnavailable
from divan_core.stores.redis.address import Address
from divan_core.stores.redis.connection import Connection, Setup, open_link
from divan_core.stores.redis.errors import RedisReplyError, as_greeting_error, with_cause
from divan_core.stores.redis.link import ConnectionPolicy, Link, pack
from divan_core.stores.redis.slots import (
    SLOTS,
    SlotRange,
    key_slot,
    read_redirection,
    read_slots,
)

_log = logging.getLogger(__name__)

_CLUSTER_SLOTS = pack(b"CLUSTER", b"SLOTS")
_SHORTEST_PAUSE_S = 0.2


class Topology:
    """The servers behind the seeds, one connection each. Call :meth:`start` before use."""

    def __init__(
        self,
        seeds: tuple[Address, ...],
        policy: ConnectionPolicy,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        self._seeds = seeds
        self._policy = policy
        self._jitter = jitter
        self._single: Connection | None = None
        self._nodes: dict[Address, Connection] = {}
        self._retired: set[Connection] = set()
        self._slots: list[Connection | None] = [None] * SLOTS
        self._stale = asyncio.Event()
        self._turns = count()
        self._tasks: set[asyncio.Task[None]] = set()

    async def start(self) -> None:
        """Learn what is there; when nothing answers, keep trying in the background.

        Raises:
            ConfigurationError: a server answers and refuses Divan's credentials.
        """
        try:
            await self._learn()
        except StoreUnavailable as fault:
            _log.warning("Redis: %s; calls fail until it answers", with_cause(fault))
            self._stale.set()
        self._spawn(self._keep_learning())
        await self._settle()

    def route(self, key: bytes | str) -> Connection:
        """The connection that serves the key.

        Raises:
            StoreUnavailable: nobody is known to serve it now.
        """
        if self._single is not None:
            return self._single
        connection = self._slots[key_slot(key)]
        if connection is None:
            self.doubt()
            raise StoreUnavailable("No Redis server is known to serve this key now")
        return connection

    def reachable(self, key: bytes | str) -> Connection:
        """A connection for a command that any node executes: the key's, or one that is up.

        Raises:
            StoreUnavailable: no server is known.
        """
        if self._single is not None:
            return self._single
        preferred = self._slots[key_slot(key)]
        candidates = (preferred, *self.connections)
        up = (node for node in candidates if node is not None and node.connected)
        return next(up, None) or self.route(key)

    @property
    def connections(self) -> tuple[Connection, ...]:
        """One for every server in use."""
        return tuple(self._nodes.values())

    @property
    def names(self) -> tuple[str, ...]:
        """Each server in use as ``host:port``."""
        return tuple(address.name for address in self._nodes)

    def next_address(self) -> Address:
        """Some server, another one each time: for what any node can do."""
        places = [*self._nodes, *self._seeds] if self._single is None else [*self._seeds]
        return places[next(self._turns) % len(places)]

    def moved(self, text: str, answered_by: Connection) -> Connection:
        """Take the answer MOVED to heart: the slot's new connection."""
        slot, connection = self._redirected(text, answered_by)
        self._slots[slot] = connection
        self.doubt()
        return connection

    def asked(self, text: str, answered_by: Connection) -> Connection:
        """The connection that the answer ASK names, for one call only."""
        return self._redirected(text, answered_by)[1]

    def doubt(self) -> None:
        """Have the table of slots read again soon."""
        if self._single is None:
            self._stale.set()

    async def close(self) -> None:
        """Close every connection and stop the background task."""
        # First all that needs no waiting: whoever closes may itself be cancelled.
        connections = (*self.connections, *self._retired)
        for connection in connections:
            connection.stop()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await asyncio.gather(*(connection.close() for connection in connections))

    def _redirected(self, text: str, answered_by: Connection) -> tuple[int, Connection]:
        asked = next(
            (place for place, node in self._nodes.items() if node is answered_by),
            self._seeds[0],
        )
        slot, address = read_redirection(text, asked)
        return slot, self._node(address)

    def _node(self, address: Address) -> Connection:
        if address not in self._nodes:
            self._nodes[address] = Connection(
                lambda: address,
                self._policy,
                Setup(jitter=self._jitter),
            )
        return self._nodes[address]

    async def _settle(self) -> None:
        """Give fresh connections a moment, so that the first calls do not meet them half made."""
        try:
            async with asyncio.timeout(self._policy.connect_timeout_s):
                for connection in self.connections:
                    await connection.wait_connected()
        except TimeoutError:
            _log.warning("Redis: not every server could be connected to")

    async def _keep_learning(self) -> None:
        failures = 0
        while True:
            await self._stale.wait()
            self._stale.clear()
            try:
                await self._learn()
                failures = 0
            except (StoreUnavailable, ConfigurationError) as fault:
                failures += 1
                self._stale.set()
                if failures == 1:
                    _log.warning("Redis: no server lists the others: %s", with_cause(fault))
            pause = max(_SHORTEST_PAUSE_S, self._policy.pause_s(failures))
            await asyncio.sleep(pause * (1 + self._jitter()) / 2)

    async def _learn(self) -> None:
        """Ask one server after the other until one tells."""
        if self._single is not None:
            return
        fault: StoreUnavailable = StoreUnavailable("No Redis server is known")
        for address in self._places_to_ask():
            try:
                await self._learn_from(address)
            except StoreUnavailable as refused:
                fault = refused
            else:
                return
        raise fault

    def _places_to_ask(self) -> Iterator[Address]:
        """The nodes in use, those that are connected first, then the seeds."""
        known = sorted(self._nodes, key=lambda place: not self._nodes[place].connected)
        yield from dict.fromkeys((*known, *self._seeds))

    async def _learn_from(self, address: Address) -> None:
        """Ask over a link of its own: it neither waits behind calls nor ends with them."""
        link = await open_link(address, self._policy)
        try:
            if link.greeting.get(b"mode") != b"cluster":
                self._use_single()
            else:
                self._use_cluster(read_slots(await link.send(_CLUSTER_SLOTS), address))
        except RedisReplyError as error:
            raise as_greeting_error(error) from error
        finally:
            link.end("The table of slots was read")
            await link.closed.wait()

    def _use_single(self) -> None:
        seeds = cycle(self._seeds)
        self._single = Connection(
            lambda: next(seeds),
            self._policy,
            Setup(prepare=_require_master, jitter=self._jitter),
        )
        self._nodes[self._seeds[0]] = self._single

    def _use_cluster(self, ranges: Iterable[SlotRange]) -> None:
        slots: list[Connection | None] = [None] * SLOTS
        masters = set()
        for part in ranges:
            masters.add(part.master)
            width = part.last - part.first + 1
            slots[part.first : part.last + 1] = [self._node(part.master)] * width
        if not masters:
            raise StoreUnavailable("The Redis cluster has no slots assigned")
        self._slots = slots
        for address in self._nodes.keys() - masters:
            gone = self._nodes.pop(address)
            self._retired.add(gone)
            self._spawn(self._retire(gone))

    async def _retire(self, connection: Connection) -> None:
        """Close it once its calls had time to be answered."""
        await asyncio.sleep(self._policy.timeout_s)
        await connection.close()
        self._retired.discard(connection)

    def _spawn(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


async def _require_master(link: Link) -> None:
    role = link.greeting.get(b"role")
    if role != b"master":
        raise StoreUnavailable(f"That Redis server takes no writes: it is a {role!r}")
