"""``rediss://``, through a proxy that speaks TLS, as the servers in wheels do not."""

import asyncio
import datetime as dt
import ipaddress
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from divan_core.errors import StoreUnavailable
from divan_core.stores.redis.client import RedisClient

pytestmark = pytest.mark.anyio


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    """A file with the key and the self-signed certificate of 127.0.0.1."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "divan test")])
    now = dt.datetime.now(dt.UTC)
    address = x509.IPAddress(ipaddress.ip_address("127.0.0.1"))
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([address]), critical=False)
        .sign(key, hashes.SHA256())
    )
    secret = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    path = tmp_path / "server.pem"
    path.write_bytes(secret + made.public_bytes(serialization.Encoding.PEM))
    return path


@asynccontextmanager
async def tls_in_front_of(url: str, certificate: Path) -> AsyncIterator[str]:
    """Give the ``rediss://`` address of a proxy to the server."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    server = await asyncio.start_server(forward_to(url), "127.0.0.1", 0, ssl=context)
    try:
        yield f"rediss://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    finally:
        server.close()


def forward_to(
    url: str,
) -> Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]:
    async def forward(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        behind = await asyncio.open_connection(urlsplit(url).hostname, urlsplit(url).port)
        await asyncio.gather(pump(reader, behind[1]), pump(behind[0], writer))

    return forward


async def pump(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
    try:
        while data := await source.read(65_536):
            sink.write(data)
            await sink.drain()
    except ConnectionError:
        pass
    finally:
        sink.close()


async def test_calls_go_through_tls(redis_url: str, certificate: Path) -> None:
    async with (
        tls_in_front_of(redis_url, certificate) as url,
        RedisClient.open(f"{url}?ssl_ca_certs={certificate}") as client,
    ):
        texts = [b"%d" % number * 1000 for number in range(100)]
        assert await asyncio.gather(*(client.call(b"ECHO", text) for text in texts)) == texts


async def test_a_certificate_that_nobody_vouches_for_is_not_accepted(
    redis_url: str, certificate: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with (
        tls_in_front_of(redis_url, certificate) as url,
        RedisClient.open(url) as client,
    ):
        with pytest.raises(StoreUnavailable):
            await client.call(b"GET", b"key")
    assert "CERTIFICATE_VERIFY_FAILED" in caplog.text
