"""WebSockets that are refused before they are open: answered as requests are, with a problem."""

from __future__ import annotations

from typing import Final

from divan_rt.library import Message, Scope, Send
from divan_rt.polling import refused_with, tell

RESPONSE: Final = "websocket.http.response"
"""The extension of ASGI by which a server sends such answers, and the kind of its messages."""


def declining(scope: Scope, send: Send, request_id: str) -> Send:
    """Send as ``send`` does, with a problem in place of a bare end, where the server can do so.

    https://asgi.readthedocs.io/en/latest/extensions.html#websocket-denial-response
    """
    if RESPONSE not in (scope.get("extensions") or {}):
        return send
    begun = refused = False

    async def reply(message: Message) -> None:
        nonlocal begun, refused
        if refused:
            return
        refused = message["type"] == "websocket.close" and not begun
        begun = True
        if refused:
            name = (b"x-request-id", request_id.encode())
            await tell(send, refused_with(scope, 400, request_id), (name,), RESPONSE)
        else:
            await send(message)

    return reply
