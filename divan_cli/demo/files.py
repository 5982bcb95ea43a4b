"""The demo's page: files from this package, with the headers that a page should have."""

from __future__ import annotations

import importlib.resources
from typing import Final

from divan_cli.asgi import Asgi, Receive, Scope, Send
from divan_http.pages import POLICY, files_of

LOOPBACK: Final = frozenset({"127.0.0.1", "localhost", "[::1]"})

_HEADERS: Final = (
    (b"cache-control", b"no-cache"),
    (b"content-security-policy", POLICY.encode()),
    (b"referrer-policy", b"no-referrer"),
    (b"x-content-type-options", b"nosniff"),
)


class Page:
    """Answers ``/`` and the page's files under ``/demo/``; the rest is ``app``'s.

    Everything is refused that does not name a loopback host, so that no page from elsewhere can
    lead a visitor's browser here under a name of its own (DNS rebinding).
    """

    def __init__(self, app: Asgi) -> None:
        """Read the files, once."""
        self._app = app
        folder = importlib.resources.files(__package__) / "page"
        self._files = {f"/demo/{name}": file for name, file in files_of(folder)}
        self._files["/"] = self._files.pop("/demo/index.html")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request or connection."""
        if scope["type"] not in {"http", "websocket"}:
            await self._app(scope, receive, send)
        elif not _is_loopback(scope):
            await _refuse(scope, send)
        elif scope["type"] == "http" and scope["path"] in self._files:
            await self._send(scope, send)
        else:
            await self._app(scope, receive, send)

    async def _send(self, scope: Scope, send: Send) -> None:
        if scope["method"] not in {"GET", "HEAD"}:
            await _reply(send, 405, ((b"allow", b"GET, HEAD"),))
            return
        file = self._files[scope["path"]]
        length = str(len(file.body)).encode()
        headers = ((b"content-type", file.content_type.encode()), (b"content-length", length))
        await _reply(send, 200, headers, b"" if scope["method"] == "HEAD" else file.body)


def _is_loopback(scope: Scope) -> bool:
    hosts = [value.decode("latin-1") for name, value in scope["headers"] if name == b"host"]
    return len(hosts) == 1 and _without_port(hosts[0]) in LOOPBACK


def _without_port(host: str) -> str:
    return host if host.endswith("]") else host.rpartition(":")[0] or host


async def _refuse(scope: Scope, send: Send) -> None:
    if scope["type"] == "websocket":
        await send({"type": "websocket.close", "code": 1008})
    else:
        await _reply(send, 421, ())


async def _reply(
    send: Send, status: int, headers: tuple[tuple[bytes, bytes], ...], body: bytes = b""
) -> None:
    start = {"type": "http.response.start", "status": status, "headers": [*headers, *_HEADERS]}
    await send(start)
    await send({"type": "http.response.body", "body": body})
