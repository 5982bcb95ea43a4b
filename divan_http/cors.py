"""Cross-origin requests (the Fetch standard), from the origins that the settings name."""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

from divan_http.exchange import Asgi, Event, Headers, Receive, Scope, Send, exchange_of

ANY: Final = "*"

_ORIGIN: Final = b"origin"
_WANTED: Final = b"access-control-request-method"
_VARY: Final = (b"vary", b"origin")
_EXPOSED: Final = (
    b"access-control-expose-headers",
    b", ".join(
        (
            b"x-request-id",
            b"retry-after",
            b"idempotent-replayed",
            b"idempotency-status",
            b"idempotency-original-status",
            b"traceparent",
        )
    ),
)
_PREFLIGHT: Final = (
    (b"access-control-allow-methods", b"GET, HEAD, POST, PATCH, DELETE"),
    (
        b"access-control-allow-headers",
        b", ".join(
            (
                b"authorization",
                b"content-type",
                b"idempotency-key",
                b"traceparent",
                b"x-request-id",
                b"x-user-id",
                b"x-campus-id",
                b"x-user-roles",
            )
        ),
    ),
    (b"access-control-max-age", b"600"),
)


class Cors:
    """Tells browsers which pages may read the replies; answers their preflight questions.

    Credentials travel in headers that a page has to know, never in cookies, so that no origin can
    act for somebody else and ``Access-Control-Allow-Credentials`` is not sent.
    """

    def __init__(self, app: Asgi, origins: Collection[str]) -> None:
        """Stand around ``app``; ``*`` among ``origins`` allows every page."""
        self._app = app
        self._any = ANY in origins
        self._origins = frozenset(origin.encode() for origin in origins)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = exchange_of(scope).headers
        granted = self._granted(headers.get(_ORIGIN))
        if granted and scope["method"] == "OPTIONS" and _WANTED in headers:
            await _preflight(send, granted)
            return

        async def reply(event: Event) -> None:
            if event["type"] == "http.response.start":
                event["headers"] = [*event["headers"], *granted, _VARY]
            await send(event)

        await self._app(scope, receive, reply)

    def _granted(self, origin: bytes | None) -> Headers:
        if origin is None or not (self._any or origin in self._origins):
            return []
        allowed = ANY.encode() if self._any else origin
        return [(b"access-control-allow-origin", allowed), _EXPOSED]


async def _preflight(send: Send, granted: Headers) -> None:
    headers = [*granted, *_PREFLIGHT, _VARY]
    await send({"type": "http.response.start", "status": 204, "headers": headers})
    await send({"type": "http.response.body", "body": b""})
