"""Long-polling requests: what python-engineio would stumble over is refused before it sees it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, TypeAlias

from divan_core.codec.problems import Problem, problem, problem_of
from divan_core.codec.reader import encode
from divan_core.errors import InvalidRequest, NotFound, TooLarge
from divan_rt.library import Message, Receive, Scope, Send

MAX_PACKETS: Final = 16
"""Packets of one request, as python-engineio counts."""

SEPARATOR: Final = "\x1e"

_TYPES: Final = frozenset("1345")
"""Close, pong, message, upgrade: all that a client has to say. Nothing of ours is binary."""

FOREIGN: Final = "divan.foreign"
"""What an ASGI scope has once its page was found to be of an origin that may not connect."""

Headers: TypeAlias = Sequence[tuple[bytes, bytes]]

_REFUSALS: Final = {404: NotFound("There is no such address."), 413: TooLarge()}
_OTHERS: Final = {405: ("method_not_allowed", "The address does not take this method")}
_ORIGIN: Final = (403, "origin_not_allowed", "Pages of this origin may not connect")
_UNREADABLE: Final = (InvalidRequest.code, "The server has no such connection, or cannot read this")

_HEADERS: Final = (
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"cache-control", b"no-store"),
)


async def read_body(receive: Receive, limit: int) -> bytes | None:
    """The body of a request; None when it is longer than the limit, or the client is gone."""
    body = b""
    while len(body) <= limit:
        message = await receive()
        if message["type"] != "http.request":
            return None
        body += message.get("body", b"")
        if not message.get("more_body", False):
            return body if len(body) <= limit else None
    return None


def is_payload(body: bytes) -> bool:
    """Whether a body is made of packets that a client may send."""
    try:
        packets = body.decode().split(SEPARATOR)
    except UnicodeDecodeError:
        return False
    return len(packets) <= MAX_PACKETS and all(one[:1] in _TYPES for one in packets)


def replayed(body: bytes, receive: Receive) -> Receive:
    """A request that has been read, to be read again; afterwards the rest of ``receive``."""
    waiting: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def again() -> Message:
        return waiting.pop() if waiting else await receive()

    return again


def replying(scope: Scope, send: Send, request_id: str) -> Send:
    """Every reply names its request and is nobody else's business; refusals are problems."""
    name = (b"x-request-id", request_id.encode())
    refused = False

    async def reply(message: Message) -> None:
        nonlocal refused
        if refused:
            return  # what the library says of it is left out
        if message["type"] == "http.response.start":
            status, headers = message["status"], message["headers"]
            refused = status >= 400
            if refused:
                found = refused_with(scope, status, request_id)
                await tell(send, found, (*_granted(headers), name))
                return
            message["headers"] = [*headers, *_HEADERS, name]
        await send(message)

    return reply


async def tell(send: Send, found: Problem, more: Headers, kind: str = "http.response") -> None:
    """Answer with a problem, in messages of a kind."""
    body = encode(found)
    length = (b"content-length", str(len(body)).encode())
    headers = [(b"content-type", b"application/problem+json"), length, *_HEADERS, *more]
    await send({"type": f"{kind}.start", "status": found.status, "headers": headers})
    await send({"type": f"{kind}.body", "body": body})


def refused_with(scope: Scope, status: int, request_id: str) -> Problem:
    """What a refusal of the library is told as: of pages of other origins, by its cause."""
    if FOREIGN in scope:
        return problem(*_ORIGIN, request_id)
    refusal = _REFUSALS.get(status)
    if refusal is not None:
        return problem_of(refusal, request_id)
    return problem(status, *_OTHERS.get(status, _UNREADABLE), request_id)


def _granted(headers: Headers) -> Headers:
    """What a page of another origin may read, and caches have to know."""
    return [one for one in headers if one[0].lower().startswith((b"access-control-", b"vary"))]


async def refuse(send: Send, status: int) -> None:
    """Answer with a refusal; :func:`replying` says the rest."""
    await send({"type": "http.response.start", "status": status, "headers": []})
