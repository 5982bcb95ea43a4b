"""One request and its reply, as everything around the services sees it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, Final, TypeAlias

from msgspec import Struct

from divan_core.errors import InvalidRequest, TooLarge
from divan_core.kernel.ids import UserId

Scope: TypeAlias = dict[str, Any]
Event: TypeAlias = dict[str, Any]
Headers: TypeAlias = list[tuple[bytes, bytes]]
Receive: TypeAlias = Callable[[], Awaitable[Event]]
Send: TypeAlias = Callable[[Event], Awaitable[None]]
Asgi: TypeAlias = Callable[[Scope, Receive, Send], Awaitable[None]]

KEY: Final = "divan.exchange"
"""Where the ASGI scope holds the exchange."""

_MOST_DIGITS: Final = 18


class Body:
    """Stands in for the server's ``receive``, and remembers where it is.

    Falcon asks for the first event by itself; whoever reads after that reads on from it.
    """

    __slots__ = ("_event", "_receive", "whole")

    def __init__(self, receive: Receive) -> None:
        """Read from ``receive``."""
        self._receive = receive
        self._event: Event = {}
        self.whole = b""

    async def __call__(self) -> Event:
        """The next event."""
        self._event = event = await self._receive()
        return event

    async def read(self, length: bytes | None, limit: int) -> bytes:
        """All of it, reading on no further than the limit; ``length`` is what the client says.

        It stands in ``whole`` from then on.

        Raises:
            TooLarge: it is longer than ``limit`` bytes, or said to be.
            InvalidRequest: the length is no number, or the client went away in the middle.
        """
        event = self._event or await self()
        if event["type"] == "http.disconnect":
            raise _ended()
        body: bytes = event.get("body", b"")
        if event.get("more_body"):
            if length is not None and _number(length) > limit:
                raise _too_large(limit)
            body = await self._whole(body, limit)
        if len(body) > limit:
            raise _too_large(limit)
        self.whole = body
        return body

    async def _whole(self, first: bytes, limit: int) -> bytes:
        parts, size = [first], len(first)
        while self._event.get("more_body") and size <= limit:
            event = await self()
            if event["type"] == "http.disconnect":
                raise _ended()
            parts.append(event.get("body", b""))
            size += len(parts[-1])
        return b"".join(parts)


class Exchange(Struct):
    """What is known of a request so far; filled in on the way to the reply.

    ``query`` is ASCII. ``fields`` are the headers as they came, ``headers`` the same by their
    lower-case names; of those in ``repeated`` the last stands there. ``route`` is the path's
    template, ``code`` the refusal's. ``private`` replies are kept by no cache.
    """

    request_id: str
    query: bytes
    fields: Headers
    headers: dict[bytes, bytes]
    repeated: frozenset[bytes]
    began: float
    body: Body
    route: str = ""
    user_id: UserId | None = None
    status: int = 0
    code: str = ""
    private: bool = True
    trace_id: str | None = None


def exchange_of(scope: Scope) -> Exchange:
    """The exchange of a request."""
    found: Exchange = scope[KEY]
    return found


def _number(length: bytes) -> int:
    if not length.isdigit() or len(length) > _MOST_DIGITS:
        raise InvalidRequest("Content-Length is not a number of bytes.")
    return int(length)


def _ended() -> InvalidRequest:
    return InvalidRequest("The body ended before its end.")


def _too_large(limit: int) -> TooLarge:
    return TooLarge(f"A body has at most {limit} bytes.")
