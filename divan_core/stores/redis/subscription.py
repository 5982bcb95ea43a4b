"""Listening to channels, on a connection of its own, with every gap made known.

Publishing is fire and forget: whatever is published while a listener is away is lost to it. So a
:class:`Subscription` promises this instead: once ``add`` has returned, every message of the channel
is either delivered or followed by a :class:`Gap`, upon which the consumer reads the truth anew.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from typing import TypeAlias

import attrs

from divan_core.errors import StoreUnavailable
from divan_core.stores.redis.address import Address
from divan_core.stores.redis.connection import Connection, Setup
from divan_core.stores.redis.errors import RedisReplyError
from divan_core.stores.redis.link import ConnectionPolicy, Link, Reply, pack

_PING = pack(b"PING")
_MAX_QUEUED = 10_000
_PING_EVERY_S = 1.0


@attrs.frozen
class Message:
    """What somebody published."""

    channel: bytes
    payload: bytes


@attrs.frozen
class Gap:
    """Messages may have been missed before this point; none after it."""


Heard: TypeAlias = Message | Gap


class Subscription:
    """The channels of one listener; iterate over it in one task.

    A consumer that falls 10,000 messages behind loses them and gets a :class:`Gap`.
    """

    def __init__(self, next_address: Callable[[], Address], policy: ConnectionPolicy) -> None:
        self._channels: set[bytes] = set()
        self._queue: asyncio.Queue[Heard | None] = asyncio.Queue(_MAX_QUEUED)
        self._connection = Connection(
            next_address,
            policy,
            Setup(prepare=self._resubscribe, on_push=self._take),
        )
        self._pinger = asyncio.get_running_loop().create_task(self._keep_pinging())

    async def add(self, *channels: bytes | str) -> None:
        """Listen to these channels too.

        Returns when the server has confirmed it. While there is no connection it returns at once,
        and a Gap will follow when there is one.

        Raises:
            RedisReplyError: the server does not allow it; other channels are not affected.
        """
        names = _encoded(channels) - self._channels
        self._channels |= names
        try:
            await self._tell(b"SUBSCRIBE", names)
        except RedisReplyError:
            self._channels -= names
            raise

    async def remove(self, *channels: bytes | str) -> None:
        """Stop listening to these channels; what is queued of them is still delivered."""
        names = _encoded(channels)
        self._channels -= names
        await self._tell(b"UNSUBSCRIBE", names)

    def __aiter__(self) -> AsyncIterator[Heard]:
        """Messages and gaps in the order they came, until closed."""
        return self

    async def __anext__(self) -> Heard:
        """The next message or gap; waits for one."""
        heard = await self._queue.get()
        if heard is None:  # closed: say so to whoever asks again, too
            self._put(None)
            raise StopAsyncIteration
        return heard

    def put(self, message: Message) -> None:
        """Let a message be heard next that does not come by the server."""
        self._put(message)

    async def settle(self) -> None:
        """Return when the first attempt to connect is over, whatever came of it."""
        await self._connection.wait_tried()

    async def close(self) -> None:
        """Close the connection and end the iteration."""
        self._put(None)
        self._pinger.cancel()
        self._connection.stop()
        await asyncio.wait([self._pinger])
        await self._connection.close()

    async def _tell(self, verb: bytes, names: set[bytes]) -> None:
        """Send the command, and a PING whose answer says that it has been carried out."""
        if not names:
            return
        with suppress(StoreUnavailable):  # it is made good on the next link
            self._connection.send_unanswered(pack(verb, *names))
            await self._connection.send(_PING)

    async def _resubscribe(self, link: Link) -> None:
        """Bring a fresh link up to date, also with what is asked for meanwhile."""
        done: set[bytes] = set()
        while done != self._channels:
            wanted = set(self._channels)
            if added := wanted - done:
                link.send_unanswered(pack(b"SUBSCRIBE", *added))
            if removed := done - wanted:
                link.send_unanswered(pack(b"UNSUBSCRIBE", *removed))
            await link.send(_PING)
            done = wanted
        if done:
            self._put(Gap())

    def _take(self, push: list[Reply]) -> None:
        if push[0] == b"message":
            self._put(Message(push[1], push[2]))

    def _put(self, heard: Heard | None) -> None:
        if self._queue.full():
            while not self._queue.empty():
                self._queue.get_nowait()
            self._queue.put_nowait(Gap())
        self._queue.put_nowait(heard)

    async def _keep_pinging(self) -> None:
        """Notice a connection that died in silence: an unanswered PING ends the link."""
        while True:
            await asyncio.sleep(_PING_EVERY_S)
            with suppress(StoreUnavailable, RedisReplyError):
                await self._connection.send(_PING)


def _encoded(channels: tuple[bytes | str, ...]) -> set[bytes]:
    return {name.encode() if isinstance(name, str) else name for name in channels}
