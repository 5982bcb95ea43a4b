"""Where JWK sets come from: a file, or an address."""

from __future__ import annotations

import ipaddress
import urllib.error
import urllib.request
from typing import Final
from urllib.parse import urlsplit

import anyio
import anyio.to_thread

from divan_core.errors import ConfigurationError

TIMEOUT_S: Final = 5.0
MAX_BYTES: Final = 1_048_576


class KeyFile:
    """A JWK set in a file, read anew each time."""

    def __init__(self, path: str) -> None:
        """Read ``path``."""
        self._path = anyio.Path(path)

    async def __call__(self) -> bytes:
        """The file's bytes.

        Raises:
            OSError: it cannot be read.
        """
        return await self._path.read_bytes()


class KeyAddress:
    """A JWK set at an https address (http on loopback only)."""

    def __init__(self, url: str) -> None:
        """Fetch ``url``.

        Raises:
            ConfigurationError: keys from there could be forged on the way.
        """
        if not _is_safe(url):
            raise ConfigurationError(
                "DIVAN_JWT_JWKS_URL must be an https address, or http on loopback."
            )
        self._url = url
        self._opener = urllib.request.build_opener(_NoRedirects())

    async def __call__(self) -> bytes:
        """The answer's body, fetched in a thread, within five seconds.

        Raises:
            OSError: no good answer.
        """
        with anyio.fail_after(TIMEOUT_S):
            return await anyio.to_thread.run_sync(self._fetch, abandon_on_cancel=True)

    def _fetch(self) -> bytes:
        try:
            with self._opener.open(self._url, timeout=TIMEOUT_S) as answer:
                document: bytes = answer.read(MAX_BYTES + 1)
        except urllib.error.HTTPError as refusal:
            with refusal:
                raise OSError(f"The address of the JWK set answers {refusal.code}.") from None
        if len(document) > MAX_BYTES:
            raise OSError("The JWK set is too large.")
        return document


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    """Keys come from the configured address and from nowhere else."""

    def redirect_request(self, *_: object, **__: object) -> None:
        """Follow none: urllib then raises the redirect as an error."""


def _is_safe(url: str) -> bool:
    parts = urlsplit(url)
    if parts.scheme == "https":
        return bool(parts.hostname)
    return parts.scheme == "http" and _is_loopback(parts.hostname or "")


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
