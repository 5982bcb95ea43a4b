"""Where a Redis server is and how to be let in: ``redis://`` and ``rediss://`` addresses."""

from __future__ import annotations

import ssl
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

import attrs

from divan_core.errors import ConfigurationError

_DEFAULT_PORT = 6379
_MAX_PORT = 65_535


@attrs.frozen
class Address:
    """One server. ``db`` is the numbered database; ``tls`` is None for plain TCP.

    A password without a user name belongs to the user ``default``.
    """

    host: str = attrs.field(validator=attrs.validators.min_len(1))
    port: int = attrs.field(
        validator=(attrs.validators.ge(1), attrs.validators.le(_MAX_PORT)),
    )
    username: str = "default"
    password: str | None = attrs.field(default=None, repr=False)
    db: int = attrs.field(default=0, validator=attrs.validators.ge(0))
    tls: ssl.SSLContext | None = attrs.field(default=None, eq=False, repr=False)

    @property
    def name(self) -> str:
        """``host:port``, which is safe to log."""
        return f"{self.host}:{self.port}"

    def at(self, host: str, port: int) -> Address:
        """Another server of the same cluster, with the same credentials."""
        return attrs.evolve(self, host=host, port=port)


def parse_addresses(urls: str) -> tuple[Address, ...]:
    """Read one address, or several separated by commas.

    ``redis[s]://[[user]:password@]host[:port][/db][?ssl_ca_certs=FILE]``; a comma, ``@`` or ``/``
    in a password is percent-encoded.

    Raises:
        ConfigurationError: an address cannot be read. The message never holds a password.
    """
    addresses = tuple(_parse(url.strip()) for url in urls.split(",") if url.strip())
    if not addresses:
        raise ConfigurationError("The Redis address is empty")
    return addresses


def _parse(url: str) -> Address:
    try:
        parts = urlsplit(url)
        return Address(
            host=parts.hostname or "",
            port=_DEFAULT_PORT if parts.port is None else parts.port,
            username=unquote(parts.username or "default"),
            password=_password(parts),
            db=int(parts.path.strip("/") or 0),
            tls=_tls(parts),
        )
    except ValueError:
        # "from None": the fault's own text quotes the address, and with it the password.
        raise ConfigurationError(
            "The Redis address must read redis[s]://[[user]:password@]host[:port][/db]",
        ) from None


def _password(parts: SplitResult) -> str | None:
    if parts.username and not parts.password:
        raise ConfigurationError("The Redis address has a user name and no password")
    return unquote(parts.password) if parts.password else None


def _tls(parts: SplitResult) -> ssl.SSLContext | None:
    options = dict(parse_qsl(parts.query))
    ca_file = options.pop("ssl_ca_certs", None)
    if options:
        raise ConfigurationError("The only option of a Redis address is ssl_ca_certs")
    if parts.scheme == "rediss":
        return _context(ca_file)
    if parts.scheme != "redis" or ca_file:
        raise ConfigurationError("The Redis address must begin with redis:// or rediss:// (TLS)")
    return None


def _context(ca_file: str | None) -> ssl.SSLContext:
    try:
        return ssl.create_default_context(cafile=ca_file)
    except OSError as fault:
        raise ConfigurationError(f"The file of ssl_ca_certs cannot be used: {fault}") from fault
