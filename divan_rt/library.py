"""python-socketio and python-engineio as far as they are used here, with types, which they lack.

Their insides that are relied upon are all named in this module: a connection's ``queue`` (their
writer task takes packets from it, and ends at a None), and ``closed``; ``eio.sockets`` and
``environ``, by connection id; ``manager.eio_sid_from_sid``.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from typing import Any, Final, Protocol, TypeAlias

import engineio
import socketio
from engineio.packet import MESSAGE
from socketio.exceptions import ConnectionRefusedError as Refusal

Scope: TypeAlias = dict[str, Any]
Message: TypeAlias = dict[str, Any]
Receive: TypeAlias = Callable[[], Awaitable[Message]]
Send: TypeAlias = Callable[[Message], Awaitable[None]]
Asgi: TypeAlias = Callable[[Scope, Receive, Send], Awaitable[None]]

_engineio: Final[Any] = engineio
_socketio: Final[Any] = socketio
_refusal: Final[Any] = Refusal


class EnginePacket(Protocol):
    """A packet on its way out; encoded when first sent, and then for everyone it is given to."""

    data: str


class EngineSocket(Protocol):
    """One connection."""

    closed: bool
    queue: asyncio.Queue[EnginePacket | None]

    async def close(self, *, wait: bool) -> None:
        """Say goodbye; ``wait`` until everything is sent."""
        ...


class Engine(Protocol):
    """All connections."""

    sockets: MutableMapping[str, EngineSocket]


class Manager(Protocol):
    """Who is connected to which namespace."""

    def eio_sid_from_sid(self, sid: str, namespace: str) -> str | None:
        """The connection of a socket; None if there is none."""
        ...


class Library(Protocol):
    """A Socket.IO server."""

    eio: Engine
    manager: Manager
    environ: Mapping[str, Mapping[str, Any]]

    async def disconnect(self, sid: str, *, namespace: str) -> None:
        """Tell a socket that it is out of the namespace."""
        ...

    def register_namespace(self, namespace: socketio.AsyncNamespace) -> None:
        """Let a class answer for a namespace."""
        ...

    async def shutdown(self) -> None:
        """End the library's own background task."""
        ...


def library(options: Mapping[str, object]) -> Library:
    """A Socket.IO server with these of python-socketio's options."""
    made: Library = _socketio.AsyncServer(**options)
    return made


def application(server: Library, path: str) -> Asgi:
    """The server as an ASGI application."""
    made: Asgi = _socketio.ASGIApp(server, socketio_path=path)
    return made


def text_packet(text: str) -> EnginePacket:
    """A Socket.IO packet's text, ready for any number of connections."""
    made: EnginePacket = _engineio.packet.Packet(MESSAGE, text)
    return made


def refusal(message: str, data: object) -> Exception:
    """What a namespace raises to refuse a connection."""
    made: Exception = _refusal(message, data)
    return made
