"""Divan's Redis client: every call goes to the server that has its key, and is one round trip.

Open one client per process and share it; there is no pool to size. Calls raise

- :class:`~divan_core.errors.StoreUnavailable` when nothing was done: no connection (at once),
  too much under way (at once), a server that loads, is read-only or out of memory;
- :class:`~divan_core.stores.redis.errors.RedisOutcomeUnknown` (a StoreUnavailable too) when the
  call was sent and the answer did not come, within the timeout or before the connection broke;
- :class:`~divan_core.stores.redis.errors.RedisReplyError` when the call itself is wrong.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Coroutine, Sequence
from contextlib import asynccontextmanager
from typing import Self

from divan_core.errors import StoreUnavailable
from divan_core.kernel.values import value
from divan_core.stores.redis.address import parse_addresses
from divan_core.stores.redis.connection import Connection
from divan_core.stores.redis.errors import RedisReplyError
from divan_core.stores.redis.link import ConnectionPolicy, Opening, Part, Reply, pack
from divan_core.stores.redis.recovery import Call, Recovery
from divan_core.stores.redis.scripts import Script
from divan_core.stores.redis.subscription import Subscription
from divan_core.stores.redis.topology import Topology

_PING = pack(b"PING")


@value
class PreparedScript:
    """A script, and the beginning of commands that run it: digest, count of keys, first keys."""

    script: Script
    key: bytes
    opening: Opening

    @classmethod
    def of(cls, script: Script, keys: Sequence[bytes], *, more: int = 0) -> PreparedScript:
        """Prepare for these keys, which ``more`` others follow in each call, then arguments."""
        opening = Opening.of(b"EVALSHA", script.digest, len(keys) + more, *keys)
        return cls(script, keys[0], opening)


class RedisClient:
    """One Redis or Valkey server, or a cluster of them; works inside its context.

    ``url`` is ``redis[s]://...``, or several such addresses split by commas. Making a client
    connects to nothing, so it can be handed out first and entered later.

    Raises:
        ConfigurationError: the address is wrong.
    """

    def __init__(self, url: str, policy: ConnectionPolicy | None = None) -> None:
        self._policy = policy or ConnectionPolicy()
        self._topology = Topology(parse_addresses(url), self._policy)
        self._recovery = Recovery(self._topology, self._policy)
        self._sent = 0

    @classmethod
    @asynccontextmanager
    async def open(cls, url: str, policy: ConnectionPolicy | None = None) -> AsyncIterator[Self]:
        """Make a client and enter it; raises what both raise."""
        async with cls(url, policy) as client:
            yield client

    async def __aenter__(self) -> Self:
        """Connect. A server that is away prevents nothing: calls fail until it answers.

        Raises:
            ConfigurationError: a server answers and refuses the credentials.
        """
        try:
            await self._topology.start()
        except BaseException:
            await self.close()
            raise
        return self

    async def __aexit__(self, *_exc: object) -> None:
        """Close all connections."""
        await self.close()

    @property
    def round_trips(self) -> int:
        """How many calls have been sent so far, repeated ones included; housekeeping is not."""
        return self._sent + self._recovery.repeats

    @property
    def connected(self) -> bool:
        """Whether calls to every server that is known would be sent now, and one is known."""
        connections = self._topology.connections
        return bool(connections) and all(one.connected for one in connections)

    @property
    def servers(self) -> tuple[str, ...]:
        """The servers in use, as ``host:port``; empty while none is known."""
        return self._topology.names

    async def call(
        self,
        *parts: Part,
        key: bytes | str | None = None,
        idempotent: bool = False,
    ) -> Reply:
        """Send one command and return its reply; never one that blocks, as all share one link.

        It goes where ``key`` lives; without ``key``, where the first argument does. A call that
        is ``idempotent`` is sent again when its connection breaks before the answer.

        Raises:
            StoreUnavailable: the server is away or refuses calls; RedisOutcomeUnknown if the
                call had been sent.
            RedisReplyError: the server answered with an error.
        """
        if key is None:
            key = _first_argument(parts)
        return await self._perform(Call(pack(*parts), key, None, idempotent))

    def run(
        self,
        script: Script,
        keys: Sequence[bytes | str],
        args: Sequence[Part] = (),
        *,
        idempotent: bool = False,
    ) -> Coroutine[None, None, Reply]:
        """Run a script on its keys, which all have one hash tag, and return its result.

        A server that does not know the script is given it and asked again.

        Raises:
            StoreUnavailable: as for :meth:`call`.
            RedisReplyError: the script failed.
        """
        command = pack(b"EVALSHA", script.digest, len(keys), *keys, *args)
        return self._perform(Call(command, keys[0], script, idempotent))

    def run_prepared(
        self, prepared: PreparedScript, parts: Sequence[Part], *, idempotent: bool = False
    ) -> Coroutine[None, None, Reply]:
        """Run a script whose command begins as prepared: :meth:`run` at a third of its cost.

        Raises:
            StoreUnavailable: as for :meth:`call`.
            RedisReplyError: the script failed.
        """
        command = prepared.opening.followed_by(parts)
        return self._perform(Call(command, prepared.key, prepared.script, idempotent))

    async def publish(self, channel: bytes | str, payload: bytes | str) -> None:
        """Tell whoever is subscribed now, on any node of a cluster.

        Raises:
            StoreUnavailable: as for :meth:`call`.
        """
        connection = self._topology.reachable(channel)
        command = pack(b"PUBLISH", channel, payload)
        await self._perform(Call(command, channel), connection)

    async def ping(self) -> None:
        """Ask every server in use for a sign of life.

        Raises:
            StoreUnavailable: one of them is away, or none is known.
        """
        connections = self._topology.connections
        if not connections:
            raise StoreUnavailable("No Redis server is known")
        await asyncio.gather(*(self._perform(Call(_PING, b""), node) for node in connections))

    @asynccontextmanager
    async def subscription(self) -> AsyncIterator[Subscription]:
        """A listener on a connection of its own; see :class:`Subscription`."""
        subscription = Subscription(self._topology.next_address, self._policy)
        try:
            await subscription.settle()
            yield subscription
        finally:
            await subscription.close()

    async def close(self) -> None:
        """Close all connections. Calls under way fail, later ones too. May be called twice."""
        await self._topology.close()

    async def _perform(self, call: Call, connection: Connection | None = None) -> Reply:
        if connection is None:
            connection = self._topology.route(call.key)
        try:
            reply = connection.send(call.command)
            self._sent += 1
            return await reply
        except (RedisReplyError, StoreUnavailable) as failure:
            return await self._recovery.complete(call, connection, failure)


def _first_argument(parts: tuple[Part, ...]) -> bytes | str:
    """What routes a command by default; a command without arguments may go anywhere."""
    if len(parts) == 1:
        return b""
    first = parts[1]
    return first if isinstance(first, bytes | str) else str(first)
