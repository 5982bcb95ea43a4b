"""What a database's address says."""

from __future__ import annotations

from pathlib import Path

import attrs
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError

from divan_core.errors import ConfigurationError
from divan_core.stores.sql.connection import DialectName

_ALLOWED = "Allowed are sqlite://, sqlite:///path/to/file and postgresql://user:password@host/name."


@attrs.frozen
class Address:
    """Where a database is. ``path`` is SQLite's file, None for memory and PostgreSQL."""

    dialect: DialectName
    url: URL
    path: Path | None = None

    @property
    def in_memory(self) -> bool:
        """Whether the database lives and dies with this process."""
        return self.dialect == "sqlite" and self.path is None


def parse_address(url: str) -> Address:
    """Read ``sqlite://``, ``sqlite:///path`` or ``postgresql://...``.

    Raises:
        ConfigurationError: it is none of these.
    """
    try:
        parsed = make_url(url)
    except ArgumentError as fault:
        raise ConfigurationError(f"The database's address cannot be read. {_ALLOWED}") from fault
    backend = parsed.get_backend_name()
    if backend in ("postgresql", "postgres"):
        return Address("postgresql", parsed.set(drivername="postgresql"))
    if backend != "sqlite" or parsed.host or parsed.query:
        raise ConfigurationError(f"The database's address is not one of Divan's. {_ALLOWED}")
    if parsed.database in (None, "", ":memory:"):
        return Address("sqlite", URL.create("sqlite"))
    path = Path(parsed.database or "").absolute()
    if not path.parent.is_dir():
        raise ConfigurationError(f"There is no folder {path.parent} for the database.")
    return Address("sqlite", URL.create("sqlite", database=str(path)), path)
