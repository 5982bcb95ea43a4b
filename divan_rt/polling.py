"""Long-polling requests: what python-engineio would stumble over is refused before it sees it."""

from __future__ import annotations

from typing import Final

from divan_rt.library import Message, Receive, Send

MAX_PACKETS: Final = 16
"""Packets of one request, as python-engineio counts."""

SEPARATOR: Final = "\x1e"

_TYPES: Final = frozenset("1345")
"""Close, pong, message, upgrade: all that a client has to say. Nothing of ours is binary."""

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


def with_headers(send: Send) -> Send:
    """Every reply says that it is nobody else's business."""

    async def reply(message: Message) -> None:
        if message["type"] == "http.response.start":
            message["headers"] = [*message["headers"], *_HEADERS]
        await send(message)

    return reply


async def refuse(send: Send, status: int) -> None:
    """Answer with a status and nothing else."""
    await send({"type": "http.response.start", "status": status, "headers": []})
    await send({"type": "http.response.body", "body": b""})
