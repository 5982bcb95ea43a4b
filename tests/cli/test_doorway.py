"""What a served request may be, shown by a real server and bare sockets."""

from __future__ import annotations

import contextlib
import json
import socket
import threading
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import Any, Final

import anyio
import attrs
import pytest
import uvicorn
from anyio.from_thread import start_blocking_portal

from divan_cli.asgi import serving
from divan_cli.doorway import DoorwayProtocol, Patience
from divan_cli.listening import configured
from divan_http.exchange import Event, Receive, Scope, Send
from tests.http.world import World, open_world

LATE: Final = Patience(head=4096, head_s=60, body_s=60, reply_s=60)
"""No test gets there, however busy the machine is."""

SOON: Final = Patience(head=4096, head_s=0.3, body_s=0.6, reply_s=0.3)
SHORT: Final = Patience(head=4096, head_s=1, body_s=1, reply_s=1)
PATIENCE_S: Final = 10.0
MEGABYTE: Final = 1_048_576
ANSWERED: Final = threading.Event()
"""Whether a large answer has gone out, or nowhere."""

LIVE: Final = b"GET /health/live HTTP/1.1\r\nHost: x\r\n"


class Doorway(DoorwayProtocol):
    """That of a server whose patience is up to a test."""

    patience = LATE


@attrs.frozen
class Reply:
    """What came back on a connection: the replies' first, and all bytes."""

    status: int
    headers: dict[str, str]
    body: bytes
    whole: bytes

    @property
    def problem(self) -> dict[str, Any]:
        """The problem that the reply has to be."""
        assert self.headers["content-type"] == "application/problem+json"
        found: dict[str, Any] = json.loads(self.body)
        assert found["status"] == self.status
        assert found["request_id"] == self.headers["x-request-id"]
        assert self.headers["x-content-type-options"] == "nosniff"
        assert self.headers["referrer-policy"] == "no-referrer"
        assert self.headers["cache-control"] == "no-store"
        return found


async def large(scope: Scope, receive: Receive, send: Send) -> None:
    """Answer with more than any buffer of a kernel holds, and tell when there is nobody left."""
    del scope, receive
    chunk: Event = {"type": "http.response.body", "body": b"x" * MEGABYTE, "more_body": True}
    await send({"type": "http.response.start", "status": 200, "headers": []})
    for _ in range(64):
        await send(chunk)
    await send(chunk | {"more_body": False})
    ANSWERED.set()


async def told(scope: Scope, receive: Receive, send: Send) -> None:
    """Answer with where the client is, as the server sees it."""
    del receive
    body = json.dumps([scope["client"][0], scope["scheme"]]).encode()
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": body})


@asynccontextmanager
async def running(listener: socket.socket) -> AsyncIterator[World]:
    """Both doors of a world behind uvicorn, as ``divan serve`` sets it up."""
    async with open_world() as world, serving(world.divan) as app:
        ours = {"/large/": large, "/told/": told}

        async def both(scope: Scope, receive: Receive, send: Send) -> None:
            await ours.get(scope["path"], app)(scope, receive, send)

        server = uvicorn.Server(configured(both, http=Doorway, loop="none", lifespan="off"))
        async with anyio.create_task_group() as group:
            group.start_soon(server.serve, [listener])
            yield world
            server.should_exit = server.force_exit = True


@pytest.fixture(scope="module")
def served() -> Iterator[tuple[int, World]]:
    options = {"use_uvloop": True}
    with (
        socket.create_server(("127.0.0.1", 0)) as listener,
        start_blocking_portal("asyncio", options) as portal,
        portal.wrap_async_context_manager(running(listener)) as world,
    ):
        yield listener.getsockname()[1], world


@pytest.fixture
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    """The server soon loses patience."""
    monkeypatch.setattr(Doorway, "patience", SOON)


@pytest.fixture
def client(served: tuple[int, World]) -> Iterator[socket.socket]:
    with connected(served) as made:
        yield made


def connected(served: tuple[int, World]) -> socket.socket:
    return socket.create_connection(("127.0.0.1", served[0]), timeout=PATIENCE_S)


def rest(client: socket.socket) -> Reply:
    """All that comes until the server ends the connection."""
    whole = b""
    with contextlib.suppress(ConnectionError):
        while part := client.recv(65_536):
            whole += part
    head, _, body = whole.partition(b"\r\n\r\n")
    first, *lines = head.decode("latin-1").split("\r\n")
    headers = dict(line.split(": ", 1) for line in lines)
    length = int(headers.get("content-length", len(body)))
    return Reply(int(first.split()[1]) if first else 0, headers, body[:length], whole)


def head(served: tuple[int, World], **headers: object) -> bytes:
    """The head of a heartbeat of Ana's."""
    lines = served[1].headers() | {"Content-Type": "application/json", "Host": "x"}
    lines |= {name.replace("_", "-"): str(value) for name, value in headers.items()}
    told = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
    return f"POST /presence/heartbeat HTTP/1.1\r\n{told}\r\n".encode()


@pytest.mark.parametrize(
    "rubbish",
    [
        b"\x00\x01\x02\r\n\r\n",
        b"hello\r\n\r\n",
        b"BREW /pot HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET /health/live HTTP/9.9\r\nHost: x\r\n\r\n",
        b"GET /health/live HTTP/1.1\r\nno colon\r\n\r\n",
        b"GET /health/live HTTP/1.1\r\nA: \x01\r\n\r\n",
        b"GET /health/\xff HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET http:// HTTP/1.1\r\nHost: x\r\n\r\n",
        b"CONNECT example.org:443 HTTP/1.1\r\nHost: x\r\n\r\n",
        b"POST /me HTTP/1.1\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"POST /me HTTP/1.1\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nabcdef",
        b"POST /me HTTP/1.1\r\nContent-Length: -1\r\n\r\n",
        b"POST /me HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nnone\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    ],
)
def test_what_is_no_http_is_a_problem(client: socket.socket, rubbish: bytes) -> None:
    client.sendall(rubbish)
    reply = rest(client)
    assert reply.problem["code"] == "bad_request"
    assert (reply.status, reply.headers["connection"]) == (400, "close")
    assert reply.whole.count(b"HTTP/1.1") == 1


def test_the_callers_name_of_a_request_is_kept(client: socket.socket) -> None:
    client.sendall(LIVE + b"X-Request-Id: mine\r\nA: a\r\nno colon\r\n\r\n")
    assert rest(client).problem["request_id"] == "mine"


def test_a_good_request_is_answered_before_a_bad_one(client: socket.socket) -> None:
    client.sendall(LIVE + b"\r\nrubbish\r\n\r\n")
    reply = rest(client)
    assert (reply.status, reply.body) == (200, b'{"status":"ok"}')


def test_a_chunk_that_is_none_ends_the_request(
    client: socket.socket, served: tuple[int, World]
) -> None:
    client.sendall(head(served, Transfer_Encoding="chunked") + b"2\r\n{}\r\n")
    time.sleep(0.05)  # the application waits for more by now
    client.sendall(b"zz\r\n")
    assert rest(client).status == 400


@pytest.mark.parametrize("step", [100, 100_000])
@pytest.mark.parametrize("line", [b"A: " + b"a" * 20_000, b"A: a\r\n" * 5000])
def test_a_head_that_is_too_large(client: socket.socket, line: bytes, step: int) -> None:
    whole = LIVE + line + b"\r\n\r\n"
    with contextlib.suppress(ConnectionError):
        for at in range(0, len(whole), step):
            client.sendall(whole[at : at + step])
    assert rest(client).problem["code"] == "head_too_large"


def test_an_address_that_is_too_long(client: socket.socket) -> None:
    client.sendall(b"GET /" + b"a" * 10_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n")
    assert rest(client).status == 431


def test_too_many_headers(client: socket.socket) -> None:
    client.sendall(LIVE + b"A: a\r\n" * 100 + b"Connection: close\r\n\r\n")
    assert rest(client).problem["code"] == "head_too_large"


def test_large_bodies_are_no_heads(client: socket.socket, served: tuple[int, World]) -> None:
    client.sendall(head(served, Content_Length=MEGABYTE, Connection="close") + b" " * MEGABYTE)
    assert rest(client).problem["detail"].startswith("The body is not JSON")


@pytest.mark.usefixtures("hasty")
def test_a_head_that_does_not_end(client: socket.socket) -> None:
    """Slowloris: each byte comes in time, and the whole does not."""
    client.sendall(LIVE)
    with contextlib.suppress(ConnectionError):
        for _ in range(20):
            client.sendall(b"A: a\r\n")
            time.sleep(0.05)
    assert rest(client).problem["code"] == "request_timeout"


@pytest.mark.usefixtures("hasty")
def test_a_second_head_that_does_not_end(client: socket.socket) -> None:
    client.sendall(LIVE + b"\r\n")
    assert client.recv(65_536).startswith(b"HTTP/1.1 200")
    client.sendall(LIVE)
    assert rest(client).status == 408


@pytest.mark.usefixtures("hasty")
def test_a_body_that_does_not_end(client: socket.socket, served: tuple[int, World]) -> None:
    client.sendall(head(served, Content_Length=100) + b"{")
    with contextlib.suppress(ConnectionError):
        for _ in range(20):
            client.sendall(b" ")
            time.sleep(0.05)
    assert rest(client).problem["code"] == "request_timeout"


@pytest.mark.usefixtures("hasty")
def test_a_body_that_nobody_waits_for(client: socket.socket) -> None:
    client.sendall(b"POST /nowhere HTTP/1.1\r\nContent-Length: 100\r\n\r\n{")
    reply = rest(client)
    assert (reply.status, reply.whole.count(b"HTTP/1.1")) == (404, 1)


@pytest.mark.usefixtures("hasty")
def test_who_says_nothing_is_not_answered(client: socket.socket) -> None:
    assert rest(client).whole == b""


@pytest.mark.usefixtures("hasty")
def test_who_does_not_read_is_cut_off(client: socket.socket) -> None:
    ANSWERED.clear()
    client.sendall(b"GET /large/ HTTP/1.1\r\nHost: x\r\n\r\n")
    assert ANSWERED.wait(PATIENCE_S)
    assert len(rest(client).whole) < 64 * MEGABYTE


def test_a_connection_goes_on_for_longer_than_any_wait(
    served: tuple[int, World], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Doorway, "patience", SHORT)
    whole, began = head(served, Content_Length=2) + b"{}", time.monotonic()
    with connected(served) as client:
        while time.monotonic() - began < 1.2 * SHORT.body_s:
            client.sendall(whole[:-1])
            time.sleep(0.05)
            client.sendall(whole[-1:])
            assert client.recv(65_536).startswith(b"HTTP/1.1 422")


def test_nobody_says_where_somebody_else_is(client: socket.socket) -> None:
    client.sendall(
        b"GET /told/ HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
        b"X-Forwarded-For: 9.9.9.9\r\nX-Forwarded-Proto: https\r\nForwarded: for=9.9.9.9\r\n\r\n"
    )
    assert b'["127.0.0.1", "http"]' in rest(client).whole


@pytest.mark.parametrize("encoding", ["gzip", "deflate", "br", "zstd", "gzip, gzip"])
def test_compressed_bodies_are_not_read(
    client: socket.socket, served: tuple[int, World], encoding: str
) -> None:
    """So nobody can send a small one that becomes large."""
    lines = head(served, Content_Length=2, Content_Encoding=encoding, Connection="close")
    client.sendall(lines + b"{}")
    assert rest(client).problem["code"] == "unsupported_media_type"


def test_other_protocols_are_not_offered(client: socket.socket) -> None:
    client.sendall(LIVE + b"Upgrade: h2c\r\nConnection: Upgrade, close\r\n\r\n")
    assert rest(client).status == 200


def opening(path: str = "/socket.io/?EIO=4&transport=websocket", **changes: str | None) -> bytes:
    """The head of a request for a WebSocket, with these headers changed or left out."""
    headers: dict[str, str | None] = {
        "Host": "x",
        "Connection": "Upgrade",
        "Upgrade": "websocket",
        "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
        "Sec-WebSocket-Version": "13",
    }
    headers |= {name.replace("_", "-"): value for name, value in changes.items()}
    lines = [f"{name}: {value}" for name, value in headers.items() if value is not None]
    return "\r\n".join([f"GET {path} HTTP/1.1", *lines, "", ""]).encode()


@pytest.mark.parametrize(
    ("request_head", "status", "code"),
    [
        (opening(Sec_WebSocket_Key=None), 400, "bad_request"),
        (opening(Sec_WebSocket_Key="c2hvcnQ="), 400, "bad_request"),
        (opening(Sec_WebSocket_Key="dGhlIHNhbXBsZSBub25jZR=="), 400, "bad_request"),
        (opening().replace(b"GET", b"POST"), 400, "bad_request"),
        (opening(Sec_WebSocket_Version=None), 426, "upgrade_required"),
        (opening(Sec_WebSocket_Version="8"), 426, "upgrade_required"),
        (opening(Origin="https://evil.example"), 403, "origin_not_allowed"),
        (opening("/socket.io/?EIO=4&transport=websocket&sid=unknown"), 400, "bad_request"),
        (opening("/nowhere"), 404, "not_found"),
        (opening("/me"), 401, "unauthenticated"),
    ],
)
def test_a_websocket_that_cannot_be_opened(
    client: socket.socket, request_head: bytes, status: int, code: str
) -> None:
    """It is told why like everybody else, by whoever finds out."""
    client.sendall(request_head)
    reply = rest(client)
    assert (reply.status, reply.problem["code"]) == (status, code)
    assert reply.headers.get("sec-websocket-version") == ("13" if status == 426 else None)


def test_a_websocket_that_can_be_opened(client: socket.socket) -> None:
    client.sendall(opening())
    assert client.recv(65_536).startswith(b"HTTP/1.1 101 ")
