"""What a request may be before there is one: how large its head is, and how slowly it may come.

Uvicorn waits for ever for the rest of a request, keeps a head of any size, and tells in plain text
of what is no HTTP. Whoever is refused here gets a problem like everybody else. An application is
asked as soon as a head is whole, so the limit of a body's size is the application's.
"""

from __future__ import annotations

import asyncio
import enum
import re
from collections.abc import Iterable, Sequence
from http import HTTPStatus
from typing import ClassVar, Final, TypeAlias

import attrs
import httptools
import uuid_utils
from uvicorn.protocols.http.httptools_impl import RequestResponseCycle

from divan_cli.gathering import GatheringProtocol
from divan_core.codec.problems import problem
from divan_core.codec.requestid import sane
from divan_http.middleware import PRIVATE, REQUEST_ID
from divan_http.problems import reply_of
from divan_http.reply import head_of

LINGER_S: Final = 1.0
"""How long a refused client is listened to, so that it reads the refusal before the end."""


@attrs.frozen
class Patience:
    """How much, in bytes, and how long, in seconds, a connection is borne with.

    ``head``: the request's line and headers together. ``head_s`` and ``body_s``: until they are
    there; a new connection has to say something within ``head_s``, too. ``reply_s``: until
    something of a reply that waits is read.
    """

    head: int = 32_768
    head_s: float = 10.0
    body_s: float = 60.0
    reply_s: float = 60.0


class Stage(enum.Enum):
    """What is awaited of a client."""

    NOTHING = enum.auto()
    HEAD = enum.auto()
    BODY = enum.auto()


Told: TypeAlias = tuple[int, str, str]
"""Status, code and title of a refusal."""

_MALFORMED: Final[Told] = (400, "bad_request", "That is not an HTTP request")
_LATE: Final[Told] = (408, "request_timeout", "The request did not arrive in time")
_LARGE: Final[Told] = (431, "head_too_large", "The request's head is too large")


_NO_OPENING: Final[Told] = (400, "bad_request", "That does not open a WebSocket")
_OTHER_VERSION: Final[Told] = (426, "upgrade_required", "WebSockets of version 13 alone are spoken")

_KEY: Final = re.compile(rb"[A-Za-z0-9+/]{21}[AQgw]==")
"""Sixteen bytes in base64."""

_VERSION: Final = b"13"
_BESIDE: Final = {426: ((b"upgrade", b"websocket"), (b"sec-websocket-version", _VERSION))}
"""What a refusal has to have by its status."""


class DoorwayProtocol(GatheringProtocol):
    """Uvicorn's HTTP with limits on what arrives."""

    patience: ClassVar[Patience] = Patience()

    _stage = Stage.HEAD
    _head = 0
    _seen: object = None
    """The scope that was begun when a wait was."""
    _deaf = False
    _ending: asyncio.TimerHandle | None = None
    _stuck: asyncio.TimerHandle | None = None

    def connection_made(  # type: ignore[override]  # uvicorn narrows it as well
        self, transport: asyncio.Transport
    ) -> None:
        """Begin a connection, which is to say something soon."""
        super().connection_made(transport)
        self._ending = self.loop.call_later(self.patience.head_s, self._late)

    def connection_lost(self, exc: Exception | None) -> None:
        """End."""
        self._await(Stage.NOTHING)
        self.resume_writing()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Take what a client sends; of a head, no more at once than it may have."""
        self._unset_keepalive_if_required()
        most = self.patience.head
        if len(data) <= most or self._stage is Stage.BODY:
            self._take(data)
            return
        for at in range(0, len(data), most):
            self._take(data[at : at + most])

    def _take(self, data: bytes) -> None:
        if self._deaf:
            return
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserUpgrade:
            if self._should_upgrade():
                self.handle_websocket_upgrade()
                return
        except httptools.HttpParserError:
            self._refuse(_MALFORMED)
            return
        self._look(len(data))

    @property
    def _asked(self) -> RequestResponseCycle | None:
        """The last request whose head was whole; uvicorn has none before the first."""
        return self.cycle

    def _look(self, size: int) -> None:
        """See what is still to come, after so many bytes."""
        cycle = self._asked
        if cycle is None or cycle.scope is not self.scope:
            self._head = self._head + size if self._seen is self.scope else size
            stage = Stage.HEAD
        elif cycle.more_body:
            stage = Stage.BODY
        elif self._ending is None:
            return  # all that was begun is there, as almost always
        else:
            stage = Stage.NOTHING
        if stage is not self._stage or self._seen is not self.scope:
            self._seen = self.scope
            self._await(stage)
        if stage is Stage.HEAD and self._head > self.patience.head:
            self._refuse(_LARGE)

    def _await(self, stage: Stage) -> None:
        self._stage = stage
        if self._ending is not None:
            self._ending.cancel()
            self._ending = None
        if stage is not Stage.NOTHING:
            patience = self.patience
            seconds = patience.head_s if stage is Stage.HEAD else patience.body_s
            self._ending = self.loop.call_later(seconds, self._late)

    def _late(self) -> None:
        """Too much time has passed, unless it is the server that does not read on."""
        self._ending = None
        if self.flow.read_paused:
            self._await(self._stage)
        elif self._seen is None:
            self.transport.close()  # whoever never said anything is not answered
        else:
            self._refuse(_LATE)

    def _refuse(self, told: Told) -> None:
        """Answer what is no request, after those that are, and listen no more."""
        cycle = self._asked
        self._await(Stage.NOTHING)
        self._deaf = True
        if self.transport.is_closing():
            return
        of_body = cycle is not None and cycle.scope is self.scope and cycle.more_body
        if cycle is None or (cycle.response_complete and not of_body):
            self._say(told)
        elif not of_body:
            cycle.keep_alive = False  # what was asked before is answered, and then it ends
        elif cycle.response_started or self.pipeline:
            self.transport.close()
        else:
            self._say(told)
            cycle.disconnected = True
            cycle.message_event.set()

    def _say(self, told: Told) -> None:
        headers = dict(self.headers or ())
        request_id = sane(headers.get(REQUEST_ID)) or uuid_utils.uuid4().hex
        reply = reply_of(problem(*told, request_id))
        own = ((REQUEST_ID, request_id.encode()), (b"connection", b"close"))
        more = (*PRIVATE, *own, *_BESIDE.get(told[0], ()))
        self.transport.write(_head_of(told[0], (*head_of(reply), *more)) + reply.body)
        self.transport.flush()  # type: ignore[attr-defined]  # it is a gathering one
        if self.transport.can_write_eof():
            self.transport.write_eof()
        self.loop.call_later(LINGER_S, self.transport.close)

    def send_400_response(self, msg: str) -> None:
        """What uvicorn refuses by itself."""
        del msg
        self._refuse(_MALFORMED)

    def pause_writing(self) -> None:
        """A reply waits to be read."""
        super().pause_writing()
        if self._stuck is None:
            self._stuck = self.loop.call_later(self.patience.reply_s, self.transport.abort)

    def resume_writing(self) -> None:
        """It is being read."""
        if self._stuck is not None:
            self._stuck.cancel()
            self._stuck = None
        super().resume_writing()

    def handle_websocket_upgrade(self) -> None:
        """Hand the connection over, whose time is somebody else's to watch."""
        fault = _fault_of_opening(self.scope["method"], self.headers)
        if fault is not None:
            self._refuse(fault)
            return
        self._await(Stage.NOTHING)
        self._deaf = True
        super().handle_websocket_upgrade()


def _fault_of_opening(method: str, headers: Sequence[tuple[bytes, bytes]]) -> Told | None:
    """What is wrong with a request for a WebSocket, by RFC 6455, 4.2; None for nothing."""
    keys = [value for name, value in headers if name == b"sec-websocket-key"]
    versions = [value for name, value in headers if name == b"sec-websocket-version"]
    if method != "GET" or len(keys) != 1 or not _KEY.fullmatch(keys[0]):
        return _NO_OPENING
    return None if versions == [_VERSION] else _OTHER_VERSION


def _head_of(status: int, fields: Iterable[tuple[bytes, bytes]]) -> bytes:
    line = f"HTTP/1.1 {status} {HTTPStatus(status).phrase}".encode()
    return b"\r\n".join((line, *(b": ".join(field) for field in fields))) + b"\r\n\r\n"
