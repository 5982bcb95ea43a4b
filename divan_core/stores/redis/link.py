"""One socket to one Redis server, shared by all callers.

All calls made in one turn of the event loop leave as one write, and replies are matched to calls
by order alone. That is what makes a call cost about a tenth of one over a connection pool: no
checkout, no task switch and no system call of its own.

This module and its neighbours speak asyncio and not anyio, as the SQL driver does: the saving
comes from ``asyncio.Protocol``, whose callbacks run without a task, and anyio has no such thing.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable, Collection
from typing import Any, TypeAlias, cast

import attrs
import hiredis

from divan_core.errors import StoreUnavailable
from divan_core.kernel.values import value
from divan_core.stores.redis.errors import RedisOutcomeUnknown, RedisReplyError

Part: TypeAlias = bytes | str | int | float
"""What a command is made of; numbers are written in decimal."""

Reply: TypeAlias = Any
"""A reply as RESP3 has it: bytes, int, float, bool, None, or lists and dicts of them.

Sets come as lists.
Only the caller knows the shape that its command is answered with, and takes it apart.
"""

_NOTHING = object()
_MAX_REPLY_BYTES = 64 * 1024 * 1024
_STALL_S = 0.05


@attrs.frozen
class ConnectionPolicy:
    """How long to wait for a server and how much to have under way with it.

    ``timeout_s`` bounds the wait for each answer, ``connect_timeout_s`` that for a connection.
    Over ``max_outstanding`` unanswered calls, or with ``max_unsent_bytes`` that the server does
    not take, calls are refused at once. Between attempts to connect there are at first up to
    ``first_pause_s``, doubled each time up to ``longest_pause_s``.
    """

    timeout_s: float = attrs.field(default=1.0, validator=attrs.validators.gt(0))
    connect_timeout_s: float = attrs.field(default=1.0, validator=attrs.validators.gt(0))
    max_outstanding: int = attrs.field(default=10_000, validator=attrs.validators.ge(1))
    max_unsent_bytes: int = attrs.field(default=4 * 1024 * 1024, validator=attrs.validators.ge(1))
    first_pause_s: float = attrs.field(default=0.05, validator=attrs.validators.gt(0))
    longest_pause_s: float = attrs.field(default=1.0, validator=attrs.validators.gt(0))

    def pause_s(self, failures: int) -> float:
        """The longest pause before the next attempt, after so many failures in a row."""
        return min(self.longest_pause_s, self.first_pause_s * 2.0 ** min(failures, 16))


def pack(*parts: Part) -> bytes:
    """The command as it goes over the wire."""
    # hiredis's stub says "a tuple of one", and means a tuple.
    return cast("bytes", hiredis.pack_command(parts))  # type: ignore[arg-type]


@value
class Opening:
    """The first ``count`` parts of a command, packed once for all commands that begin so."""

    packed: bytes
    count: int

    @classmethod
    def of(cls, *parts: Part) -> Opening:
        """Pack what does not change."""
        return cls(_without_count(pack(*parts)), len(parts))

    def followed_by(self, parts: Collection[Part]) -> bytes:
        """The whole command."""
        count = self.count + len(parts)
        return b"*%d\r\n%b%b" % (count, self.packed, _without_count(pack(*parts)))


def _without_count(packed: bytes) -> bytes:
    """The parts alone: a command begins with a line that says how many there are."""
    return packed[packed.index(b"\n") + 1 :]


def _ignore(_push: list[Reply]) -> None:
    """Take a push that nobody asked for."""


class Link(asyncio.Protocol):
    """A socket's life from connect to loss; it never reconnects.

    ``ended`` is set once nothing more can be sent, ``closed`` once the socket is gone.
    ``refusal`` says why calls are refused at the moment, or None. ``greeting`` is what the server
    said of itself.
    """

    def __init__(
        self,
        policy: ConnectionPolicy,
        on_push: Callable[[list[Reply]], None] = _ignore,
    ) -> None:
        self.ended = asyncio.Event()
        self.closed = asyncio.Event()
        self.greeting: Reply = {}
        self._policy = policy
        self._on_push = on_push
        self._loop = asyncio.get_running_loop()
        self._reader = hiredis.Reader(replyError=RedisReplyError, notEnoughData=_NOTHING)
        self._transport: asyncio.Transport | None = None
        self.refusal: str | None = None
        self._unsent: list[bytes] = []
        self._waiting: deque[asyncio.Future[Reply]] = deque()
        self._answered = 0
        # One entry per write, not per call: when its calls are overdue, and how many calls had
        # been issued by then.
        self._writes: deque[tuple[float, int]] = deque()
        self._watch: asyncio.TimerHandle | None = None
        self._watch_due = 0.0
        self._spared = 0.0

    # What callers use

    def send(self, command: bytes) -> asyncio.Future[Reply]:
        """Send a packed command at the end of this turn; the future is its reply.

        Raises:
            StoreUnavailable: the link has ended, or too much is under way. Nothing was sent.
        """
        if self.refusal is not None:
            raise StoreUnavailable(self.refusal)
        if len(self._waiting) >= self._policy.max_outstanding:
            raise StoreUnavailable("Too many calls to Redis are unanswered")
        future = self._loop.create_future()
        self._waiting.append(future)
        if not self._unsent:
            self._loop.call_soon(self._flush)
        self._unsent.append(command)
        return future

    def send_unanswered(self, command: bytes) -> None:
        """Send a command that is answered by pushes only, as SUBSCRIBE is.

        Raises:
            StoreUnavailable: the link has ended. Nothing was sent.
        """
        if self.refusal is not None:
            raise StoreUnavailable(self.refusal)
        if not self._unsent:
            self._loop.call_soon(self._flush)
        self._unsent.append(command)

    def end(self, reason: str, *, timed_out: bool = False) -> None:
        """Give the socket up. Calls sent and not answered have an unknown outcome."""
        if self.ended.is_set():
            return
        self.ended.set()
        self.refusal = reason
        if self._transport is not None:
            self._transport.abort()
        if self._watch is not None:
            self._watch.cancel()
        sent = len(self._waiting) - len(self._unsent)
        self._unsent.clear()
        for position, future in enumerate(self._waiting):
            if not future.done():
                future.set_exception(
                    RedisOutcomeUnknown(reason, timed_out=timed_out)
                    if position < sent
                    else StoreUnavailable(reason),
                )
        self._waiting.clear()

    # What asyncio calls

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Bound what may pile up on the way to the server."""
        self._transport = cast("asyncio.Transport", transport)
        self._transport.set_write_buffer_limits(high=self._policy.max_unsent_bytes)

    def connection_lost(self, exc: Exception | None) -> None:
        """Fail what is under way."""
        self.end("The connection to Redis was lost" + (f": {exc}" if exc else ""))
        self.closed.set()

    def pause_writing(self) -> None:
        """Refuse calls while the server takes nothing more."""
        self.refusal = "Redis does not keep up with the calls made"

    def resume_writing(self) -> None:
        """Accept calls again."""
        if not self.ended.is_set():
            self.refusal = None

    def data_received(self, data: bytes) -> None:
        """Hand each reply to the call that has waited longest."""
        if self.ended.is_set():
            return
        before = len(self._waiting)
        try:
            self._reader.feed(data)
            self._hand_out()
        except (hiredis.ProtocolError, IndexError):
            self.end("What answers at the Redis address does not speak Redis's protocol")
            return
        self._answered += before - len(self._waiting)
        while self._writes and self._writes[0][1] <= self._answered:
            self._writes.popleft()
        if self._reader.len() > _MAX_REPLY_BYTES:
            self.end("A reply of Redis was too long")

    # Inside

    def _hand_out(self) -> None:
        gets, waiting = self._reader.gets, self._waiting
        while (reply := gets()) is not _NOTHING:
            kind = type(reply)
            if kind is hiredis.PushNotification:
                self._on_push(reply)
                continue
            future = waiting.popleft()
            if future.done():  # its caller was cancelled
                continue
            if kind is RedisReplyError:
                future.set_exception(reply)
            else:
                future.set_result(reply)

    def _flush(self) -> None:
        """Write this turn's commands and start the clock for them."""
        if self._transport is None or not self._unsent:
            return
        overdue = time.monotonic() + self._policy.timeout_s
        self._writes.append((overdue, self._answered + len(self._waiting)))
        self._transport.write(b"".join(self._unsent))
        self._unsent.clear()
        if self._watch is None:
            self._watch_for(overdue)

    def _watch_for(self, due: float) -> None:
        self._watch_due = due
        self._watch = self._loop.call_later(due - time.monotonic(), self._check)

    def _check(self) -> None:
        """End the link when the oldest call is overdue; else look again when it will be."""
        self._watch = None
        if not self._writes:
            return
        now, overdue = time.monotonic(), self._writes[0][0]
        if now < overdue:
            self._watch_for(overdue)
        elif now - self._watch_due > _STALL_S and self._spared != overdue:
            # This process was busy, so the answers may lie unread in the socket: read first.
            self._spared = overdue
            self._watch_for(now + _STALL_S)
        else:
            self.end(
                f"Redis did not answer within {self._policy.timeout_s:g} s",
                timed_out=True,
            )
