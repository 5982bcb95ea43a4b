"""What only a real server and real sockets show."""

import http.client
import json
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager

import anyio
import pytest
import uvicorn
from anyio.from_thread import start_blocking_portal

from tests.http.world import World, open_world

pytestmark = pytest.mark.usefixtures("served")

MEGABYTE = 1_048_576


@asynccontextmanager
async def serving(listener: socket.socket) -> AsyncIterator[World]:
    """A world behind uvicorn, set up as ``divan serve`` does."""
    async with open_world() as world, anyio.create_task_group() as group:
        config = uvicorn.Config(
            world.app,
            loop="none",
            http="httptools",
            lifespan="off",
            access_log=False,
            server_header=False,
            log_config=None,
        )
        server = uvicorn.Server(config)
        group.start_soon(server.serve, [listener])
        yield world
        server.should_exit = True


@pytest.fixture(scope="module")
def listener() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as made:
        yield made


@pytest.fixture(scope="module")
def served(listener: socket.socket) -> Iterator[World]:
    options = {"use_uvloop": True}
    with (
        start_blocking_portal("asyncio", options) as portal,
        portal.wrap_async_context_manager(serving(listener)) as world,
    ):
        yield world


@pytest.fixture
def client(listener: socket.socket) -> Iterator[http.client.HTTPConnection]:
    """One connection, which is not opened again when the server closes it."""
    connection = http.client.HTTPConnection("127.0.0.1", listener.getsockname()[1], timeout=10)
    connection.auto_open = 0
    connection.connect()
    yield connection
    connection.close()


def ask(
    client: http.client.HTTPConnection, method: str, path: str, **kwargs: object
) -> tuple[int, bytes]:
    client.request(method, path, **kwargs)  # type: ignore[arg-type]  # passed on as they are
    answer = client.getresponse()
    return answer.status, answer.read()


def json_headers(world: World) -> dict[str, str]:
    return world.headers() | {"Content-Type": "application/json"}


def test_the_connection_goes_on_after_refusals(
    client: http.client.HTTPConnection, served: World
) -> None:
    post = ("POST", "/presence/heartbeat")
    headers = json_headers(served)
    assert ask(client, *post, body=b"{", headers=headers)[0] == 400
    assert ask(client, *post, body=b"{}", headers=headers)[0] == 422
    assert ask(client, *post, body=b"{}", headers=served.headers())[0] == 415
    assert ask(client, *post, body=b" " * 300_000)[0] == 401
    assert ask(client, "GET", "/nowhere", headers=headers)[0] == 404
    assert ask(client, "POST", "/nowhere", body=b" " * 300_000)[0] == 404
    assert ask(client, "PUT", "/me", body=b"{}", headers=headers)[0] == 405
    assert ask(client, *post, body=b" " * (MEGABYTE + 1), headers=headers)[0] == 413
    assert ask(client, "GET", "/me", headers=headers)[0] == 200


def test_a_body_in_chunks(client: http.client.HTTPConnection, served: World) -> None:
    body = json.dumps(served.fix()).encode()
    chunks = (body[at : at + 7] for at in range(0, len(body), 7))
    status, answer = ask(
        client,
        "POST",
        "/presence/heartbeat",
        body=chunks,
        headers=json_headers(served),
        encode_chunked=True,
    )
    assert (status, json.loads(answer)) == (200, {"ts": served.clock.now()})


def test_endless_chunks_are_refused_at_the_limit(
    client: http.client.HTTPConnection, served: World
) -> None:
    """The refusal comes while the client still sends."""
    sock = client.sock
    lines = [f"{name}: {value}\r\n" for name, value in json_headers(served).items()]
    head = "POST /presence/heartbeat HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n"
    sock.sendall((head + "".join(lines) + "\r\n").encode())
    for _ in range(MEGABYTE // 65_536 + 1):
        sock.sendall(b"10000\r\n" + b" " * 65_536 + b"\r\n")
    assert sock.recv(12) == b"HTTP/1.1 413"


def test_a_length_over_the_limit_is_refused_before_the_rest_comes(
    client: http.client.HTTPConnection, served: World
) -> None:
    client.putrequest("POST", "/presence/heartbeat")
    for name, value in json_headers(served).items():
        client.putheader(name, value)
    client.putheader("Content-Length", str(50 * MEGABYTE))
    client.endheaders(b" ")
    assert client.getresponse().status == 413


def test_head_leaves_the_connection_in_step(
    client: http.client.HTTPConnection, served: World
) -> None:
    for _ in range(2):
        assert ask(client, "HEAD", "/me", headers=served.headers()) == (200, b"")
        status, body = ask(client, "GET", "/me", headers=served.headers())
        assert (status, json.loads(body)["handle"]) == (200, "ana")


def test_a_query_of_raw_bytes(client: http.client.HTTPConnection) -> None:
    client.sock.sendall(b"GET /campuses?cursor=\xff HTTP/1.1\r\nHost: x\r\n\r\n")
    assert client.sock.recv(12) == b"HTTP/1.1 400"


def test_no_server_tells_its_name(client: http.client.HTTPConnection) -> None:
    client.request("GET", "/health/live")
    answer = client.getresponse()
    assert answer.getheader("server") is None
    assert answer.getheader("x-content-type-options") == "nosniff"
    assert answer.read() == b'{"status":"ok"}'


def test_an_empty_answer_has_no_body(client: http.client.HTTPConnection, served: World) -> None:
    for _ in range(2):
        assert ask(client, "POST", "/presence/offline", headers=served.headers()) == (204, b"")
