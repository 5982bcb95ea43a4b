"""What to do about a call that was not simply answered: follow, load, repeat, or give up."""

from __future__ import annotations

import asyncio

from divan_core.errors import StoreUnavailable
from divan_core.kernel.values import value
from divan_core.stores.redis.connection import Connection
from divan_core.stores.redis.errors import (
    RedisOutcomeUnknown,
    RedisReplyError,
    as_divan_error,
)
from divan_core.stores.redis.link import ConnectionPolicy, Reply, pack
from divan_core.stores.redis.scripts import Script
from divan_core.stores.redis.topology import Topology

_ASKING = pack(b"ASKING")
_MAX_REPEATS = 6
_TRYAGAIN_PAUSE_S = 0.05


@value
class Call:
    """A packed command, the key that routes it, and the script it needs, if any.

    ``idempotent`` allows it to be sent again when its first outcome is unknown.
    """

    command: bytes
    key: bytes | str
    script: Script | None = None
    idempotent: bool = False


@value
class _Step:
    """Where to send a call next; ``asking`` marks the one call that ASK allows."""

    connection: Connection
    asking: bool = False


class Recovery:
    """Repeats calls where that is right. ``repeats`` counts what it sent."""

    def __init__(self, topology: Topology, policy: ConnectionPolicy) -> None:
        self.repeats = 0
        self._topology = topology
        self._policy = policy
        self._loads: dict[tuple[Connection, bytes], asyncio.Future[Reply]] = {}

    async def complete(
        self,
        call: Call,
        connection: Connection,
        failure: RedisReplyError | StoreUnavailable,
    ) -> Reply:
        """The reply to a call that failed on ``connection``, within one more timeout.

        Raises:
            StoreUnavailable: it cannot be had; RedisOutcomeUnknown if it may have been executed.
            RedisReplyError: the call itself is wrong.
        """
        try:
            async with asyncio.timeout(self._policy.timeout_s):
                return await self._follow(call, connection, failure)
        except TimeoutError:
            raise RedisOutcomeUnknown("Redis did not answer in time", timed_out=True) from failure

    async def _follow(
        self,
        call: Call,
        connection: Connection,
        failure: RedisReplyError | StoreUnavailable,
    ) -> Reply:
        for _ in range(_MAX_REPEATS):
            step = await self._next_step(call, connection, failure)
            try:
                return await self._send(call, step)
            except (RedisReplyError, StoreUnavailable) as again:
                connection, failure = step.connection, again
        raise StoreUnavailable("The Redis cluster keeps redirecting a call") from failure

    async def _next_step(
        self,
        call: Call,
        connection: Connection,
        failure: RedisReplyError | StoreUnavailable,
    ) -> _Step:
        """Decide by what went wrong; raises the final error when nothing helps."""
        if isinstance(failure, StoreUnavailable):
            return await self._after_loss(call, connection, failure)
        if failure.code in {"MOVED", "ASK"}:
            return await self._redirected(connection, failure)
        if failure.code == "NOSCRIPT" and call.script is not None:
            await self._load(connection, call.script)
            return _Step(connection)
        if failure.code == "TRYAGAIN":
            await asyncio.sleep(_TRYAGAIN_PAUSE_S)
            return _Step(self._topology.route(call.key))
        if failure.code in {"CLUSTERDOWN", "READONLY"}:
            self._distrust(connection, failure)
        raise as_divan_error(failure)

    async def _after_loss(
        self,
        call: Call,
        connection: Connection,
        failure: StoreUnavailable,
    ) -> _Step:
        """Only a harmless call on a connection that broke is sent again."""
        self._topology.doubt()
        broke = isinstance(failure, RedisOutcomeUnknown) and not failure.timed_out
        if not (call.idempotent and broke):
            raise failure
        await connection.wait_connected()
        return _Step(self._topology.route(call.key))

    async def _redirected(self, connection: Connection, failure: RedisReplyError) -> _Step:
        if failure.code == "MOVED":
            step = _Step(self._topology.moved(str(failure), connection))
        else:
            step = _Step(self._topology.asked(str(failure), connection), asking=True)
        await step.connection.wait_tried()
        return step

    def _distrust(self, connection: Connection, failure: RedisReplyError) -> None:
        """A server that lost its mastership: look for the new master."""
        self._topology.doubt()
        if failure.code == "READONLY":
            connection.reset("The Redis server became a replica")

    async def _load(self, connection: Connection, script: Script) -> None:
        """Give the server the script, once however many callers miss it."""
        name = (connection, script.digest)
        load = self._loads.get(name)
        if load is None:
            load = self._loads[name] = connection.send(pack(b"SCRIPT", b"LOAD", script.body))
            load.add_done_callback(lambda _: self._loads.pop(name, None))
            self.repeats += 1
        try:
            await asyncio.shield(load)
        except RedisReplyError as error:
            raise as_divan_error(error) from None

    async def _send(self, call: Call, step: _Step) -> Reply:
        if not step.asking:
            reply = step.connection.send(call.command)
            self.repeats += 1
            return await reply
        # Both leave in this turn with nothing between them, as ASKING holds for one command.
        replies = asyncio.gather(
            step.connection.send(_ASKING),
            step.connection.send(call.command),
        )
        self.repeats += 1
        return (await replies)[1]
