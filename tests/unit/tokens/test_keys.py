"""Keys that come from somewhere, again and again."""

import http.server
import json
import threading
from collections.abc import Iterator
from typing import Any

import anyio
import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from divan_core.errors import InvalidCredentials, Unavailable
from divan_core.testing.clock import ManualClock
from divan_core.tokens.keys import JsonWebKeys, SharedSecret
from divan_core.tokens.sources import MAX_BYTES, KeyAddress

pytestmark = pytest.mark.anyio


def key_set(*kids: str) -> bytes:
    keys = []
    for kid in kids:
        public = ec.generate_private_key(ec.SECP256R1()).public_key()
        algorithm = jwt.get_algorithm_by_name("ES256")
        keys.append(algorithm.to_jwk(public, as_dict=True) | {"kid": kid})
    return json.dumps({"keys": keys}).encode()


async def test_a_shared_secret_serves_one_algorithm() -> None:
    secret = SharedSecret("k" * 32)
    assert (await secret.find("any name", "HS256")).material == b"k" * 32
    for algorithm in ("HS384", "RS256", "none"):
        with pytest.raises(InvalidCredentials):
            await secret.find(None, algorithm)


class Source:
    """Gives what the test puts in, and counts."""

    def __init__(self, document: bytes | Exception) -> None:
        self.document = document
        self.fetched = 0

    async def __call__(self) -> bytes:
        self.fetched += 1
        await anyio.lowlevel.checkpoint()
        if isinstance(self.document, Exception):
            raise self.document
        return self.document


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


async def test_keys_are_fetched_once_and_again_as_they_age(clock: ManualClock) -> None:
    source = Source(key_set("a"))
    keys = JsonWebKeys(source, clock)
    for seconds, fetched in ((0, 1), (1, 1), (598.999, 1), (0.001, 2)):
        clock.advance(seconds)
        assert (await keys.find("a", "ES256")).kid == "a"
        assert source.fetched == fetched


async def test_everybody_waits_for_one_fetch(clock: ManualClock) -> None:
    source = Source(key_set("a"))
    keys = JsonWebKeys(source, clock)
    async with anyio.create_task_group() as group:
        for _ in range(10):
            group.start_soon(keys.find, "a", "ES256")
    assert source.fetched == 1


async def test_an_unknown_key_is_looked_for_but_not_all_the_time(clock: ManualClock) -> None:
    source = Source(key_set("a"))
    keys = JsonWebKeys(source, clock)
    await keys.find("a", "ES256")
    source.document = key_set("a", "b")
    for _ in range(5):
        with pytest.raises(InvalidCredentials):
            await keys.find("b", "ES256")
    assert source.fetched == 1
    clock.advance(10)
    assert (await keys.find("b", "ES256")).kid == "b"
    assert source.fetched == 2


@pytest.mark.parametrize("fault", [OSError("no route"), TimeoutError(), b"<html>"])
async def test_while_the_source_fails_old_keys_go_on(
    clock: ManualClock, fault: bytes | Exception
) -> None:
    source = Source(key_set("a"))
    keys = JsonWebKeys(source, clock)
    await keys.find("a", "ES256")
    source.document = fault
    clock.advance(3600)
    assert (await keys.find("a", "ES256")).kid == "a"


async def test_without_any_key_it_is_the_servers_fault_and_passes(clock: ManualClock) -> None:
    source = Source(OSError("no route"))
    keys = JsonWebKeys(source, clock)
    for _ in range(3):
        with pytest.raises(Unavailable):
            await keys.find("a", "ES256")
    assert source.fetched == 1
    source.document = key_set("a")
    clock.advance(10)
    assert (await keys.find("a", "ES256")).kid == "a"


async def test_a_clock_that_went_back_does_not_keep_old_keys(clock: ManualClock) -> None:
    source = Source(key_set("a"))
    keys = JsonWebKeys(source, clock)
    await keys.find("a", "ES256")
    clock.advance(-86_400)
    await keys.find("a", "ES256")
    assert source.fetched == 2


class Issuer(http.server.BaseHTTPRequestHandler):
    """Answers by its path."""

    def do_GET(self) -> None:
        status, body = {
            "/keys": (200, key_set("a")),
            "/huge": (200, b" " * (MAX_BYTES + 1)),
            "/moved": (302, b""),
        }.get(self.path, (404, b""))
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Location", "/keys")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


@pytest.fixture(scope="module")
def issuer() -> Iterator[str]:
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Issuer) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


async def test_keys_at_an_address(issuer: str, clock: ManualClock) -> None:
    keys = JsonWebKeys(KeyAddress(f"{issuer}/keys"), clock)
    assert (await keys.find("a", "ES256")).kid == "a"


@pytest.mark.parametrize("path", ["/huge", "/moved", "/none"])
async def test_an_address_that_gives_no_keys(issuer: str, path: str) -> None:
    with pytest.raises(OSError, match=r"too large|30[12]|404"):
        await KeyAddress(issuer + path)()


async def test_an_address_where_nobody_is() -> None:
    with pytest.raises(OSError, match="refused"):
        await KeyAddress("http://[::1]:1/keys")()
