"""What a request is answered with, and how the server and Falcon are told."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from falcon.asgi import Response
from msgspec import Struct

from divan_http.codec import JSON_TYPE
from divan_http.exchange import Headers, Send

_NO_CONTENT: Final = 204


class Reply(Struct, frozen=True):
    """A status and a body; ``more`` headers than its type, its length and those of every reply."""

    status: int
    body: bytes
    media_type: bytes = JSON_TYPE
    more: Sequence[tuple[bytes, bytes]] = ()


def head_of(reply: Reply) -> Headers:
    """The headers of a reply; without a content it has neither length nor type (RFC 9110, 8.6)."""
    if reply.status == _NO_CONTENT:
        return [*reply.more]
    length = str(len(reply.body)).encode()
    return [(b"content-length", length), (b"content-type", reply.media_type), *reply.more]


async def give(reply: Reply, send: Send) -> None:
    """Answer the server."""
    start = {"type": "http.response.start", "status": reply.status, "headers": head_of(reply)}
    await send(start)
    await send({"type": "http.response.body", "body": reply.body})


def fill(response: Response, reply: Reply) -> None:
    """Have Falcon answer the server."""
    response.status, response.data = reply.status, reply.body
    if reply.status != _NO_CONTENT:
        response.content_type = reply.media_type.decode()
    response.set_headers([(name.decode(), value.decode()) for name, value in reply.more])
