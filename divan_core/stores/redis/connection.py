"""A connection to one Redis server that is made again whenever it is lost.

Calls never wait for a connection: while there is none they fail at once, and one background task
tries to connect, pausing longer after each failure, with jitter so that many processes do not
return in step.
"""

from __future__ import annotations

import asyncio
import logging
import random
import time
from collections.abc import Awaitable, Callable

import attrs

from divan_core.errors import ConfigurationError, StoreUnavailable
from divan_core.stores.redis.address import Address
from divan_core.stores.redis.errors import RedisReplyError, as_greeting_error, with_cause
from divan_core.stores.redis.link import ConnectionPolicy, Link, Part, Reply, pack

_log = logging.getLogger(__name__)

_CLIENT_NAME = b"divan"
_PROTOCOL = 3


async def open_link(
    address: Address,
    policy: ConnectionPolicy,
    on_push: Callable[[list[Reply]], None] | None = None,
) -> Link:
    """Connect once, authenticate, choose RESP3 and the database.

    Raises:
        StoreUnavailable: nothing answers there in time, or not in Redis's protocol.
        ConfigurationError: the server refuses the credentials, the database or the protocol.
    """
    link = Link(policy, on_push) if on_push else Link(policy)
    try:
        await _connect(link, address, policy)
        await _greet(link, address)
    except BaseException:
        link.end("The connection to Redis was not completed")
        raise
    return link


async def _connect(link: Link, address: Address, policy: ConnectionPolicy) -> None:
    loop = asyncio.get_running_loop()
    try:
        async with asyncio.timeout(policy.connect_timeout_s):
            await loop.create_connection(lambda: link, address.host, address.port, ssl=address.tls)
    except (OSError, UnicodeError) as fault:  # UnicodeError: a host name that cannot exist
        raise StoreUnavailable("Redis cannot be reached") from fault


async def _greet(link: Link, address: Address) -> None:
    """Send all that opens a conversation in one write."""
    hello: list[Part] = [b"HELLO", _PROTOCOL]
    if address.password is not None:
        hello += [b"AUTH", address.username, address.password]
    greeting = [link.send(pack(*hello, b"SETNAME", _CLIENT_NAME))]
    if address.db:
        greeting.append(link.send(pack(b"SELECT", address.db)))
    try:
        link.greeting = (await asyncio.gather(*greeting))[0]
    except RedisReplyError as error:
        raise as_greeting_error(error) from error
    if not isinstance(link.greeting, dict) or link.greeting.get(b"proto") != _PROTOCOL:
        raise StoreUnavailable("What answers at the Redis address is not Redis")


async def _accept(_link: Link) -> None:
    """Use the link as it is."""


@attrs.frozen
class Setup:
    """What a connection does besides connecting.

    ``prepare`` runs on each new link before it is used and may refuse it with StoreUnavailable;
    ``on_push`` takes the server's pushes; ``jitter`` gives numbers from 0 to 1.
    """

    prepare: Callable[[Link], Awaitable[None]] = _accept
    on_push: Callable[[list[Reply]], None] | None = None
    jitter: Callable[[], float] = random.random


class Connection:
    """The one connection to a server. ``next_address`` is asked before every attempt."""

    def __init__(
        self,
        next_address: Callable[[], Address],
        policy: ConnectionPolicy,
        setup: Setup | None = None,
    ) -> None:
        self._next_address = next_address
        self._policy = policy
        self._setup = Setup() if setup is None else setup
        self._link: Link | None = None
        self._connected = asyncio.Event()
        self._tried = asyncio.Event()
        self._stopped = False
        self._fault = "Redis is not connected yet"
        self._place = ""
        self._keeper = asyncio.get_running_loop().create_task(self._keep())

    @property
    def connected(self) -> bool:
        """Whether a call would be sent now."""
        return self._link is not None and not self._link.ended.is_set()

    def send(self, command: bytes) -> asyncio.Future[Reply]:
        """Send a packed command with this turn's others; the future is its reply.

        The future fails with RedisReplyError, RedisOutcomeUnknown or StoreUnavailable.

        Raises:
            StoreUnavailable: there is no connection, or too much is under way.
        """
        if self._link is None:
            raise StoreUnavailable(self._fault)
        return self._link.send(command)

    def send_unanswered(self, command: bytes) -> None:
        """Send a command that is answered by pushes only.

        Raises:
            StoreUnavailable: there is no connection, or too much is under way.
        """
        if self._link is None:
            raise StoreUnavailable(self._fault)
        self._link.send_unanswered(command)

    async def wait_connected(self) -> None:
        """Return once calls can be sent; the caller bounds the wait.

        Raises:
            StoreUnavailable: the connection has been stopped.
        """
        while not self.connected:
            if self._stopped:
                raise StoreUnavailable(self._fault)
            self._connected.clear()
            await self._connected.wait()

    async def wait_tried(self) -> None:
        """Return once the first attempt to connect has succeeded or failed."""
        await self._tried.wait()

    def reset(self, reason: str) -> None:
        """Give the present link up and connect anew."""
        if self._link is not None:
            self._link.end(reason)

    def stop(self) -> None:
        """Stop connecting and fail what is under way, at once: also in a task being cancelled."""
        self._stopped = True
        self._keeper.cancel()
        self._fault = "The Redis client is closed"
        if self._link is not None:
            self._link.end(self._fault)
        self._connected.set()
        self._tried.set()

    async def close(self) -> None:
        """Stop, and return when the socket is gone."""
        self.stop()
        await asyncio.wait([self._keeper])
        if self._link is not None:
            await self._link.closed.wait()

    async def _keep(self) -> None:
        """Connect, wait for the loss, and again; runs until cancelled."""
        failures = 0
        while True:
            link = await self._attempt(failures)
            self._tried.set()
            if link is None:
                failures += 1
            else:
                since = time.monotonic()
                await self._use(link)
                # A link that breaks at once is a failure too, or the retries would be a storm.
                lived = time.monotonic() - since
                failures = 0 if lived > self._policy.longest_pause_s else failures + 1
            await asyncio.sleep(self._policy.pause_s(failures) * self._setup.jitter())

    async def _attempt(self, failures: int) -> Link | None:
        address = self._next_address()
        self._place = address.name
        try:
            link = await open_link(address, self._policy, self._setup.on_push)
            await self._prepare(link)
        except (StoreUnavailable, ConfigurationError) as fault:
            self._fault = fault.detail
            if failures == 0:
                _log.warning("Redis at %s: %s", self._place, with_cause(fault))
            return None
        _log.info("Redis at %s: connected", self._place)
        return link

    async def _prepare(self, link: Link) -> None:
        try:
            await self._setup.prepare(link)
        except BaseException as fault:
            link.end("The connection to Redis was not completed")
            if isinstance(fault, RedisReplyError):
                raise as_greeting_error(fault) from fault
            raise

    async def _use(self, link: Link) -> None:
        self._link = link
        self._connected.set()
        await link.ended.wait()
        self._link = None
        self._fault = link.refusal or "The connection to Redis was lost"
        _log.warning("Redis at %s: %s", self._place, self._fault)
