"""How a database is: for whoever looks after a deployment.

Everything here blocks, and changes nothing.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from typing import Final

from sqlalchemy import Connection, text

from divan_core.errors import DivanError
from divan_core.stores.findings import Finding, clock_finding
from divan_core.stores.sql.address import Address, parse_address
from divan_core.stores.sql.migrate import ask, current_heads
from divan_core.stores.sql.revisions import Revisions

OLDEST_POSTGRESQL: Final = 130_000
"""As ``server_version_num`` has it."""

MANY_CONNECTIONS: Final = 20
"""Each server process has ten and some to spare."""

CORE: Final = "core"

_POSTGRES_FACTS: Final = text(
    "SELECT current_setting('server_version_num')::int, current_setting('server_version'),"
    " current_setting('max_connections')::int, current_setting('server_encoding'),"
    " extract(epoch FROM clock_timestamp()) * 1000"
)

_WHO: Final = text("SELECT system_identifier, pg_is_in_recovery() FROM pg_control_system()")
"""Which database a server has, and whether it follows another server that has it."""


def examine(url: str) -> tuple[Finding, ...]:
    """Look at the database at ``url``: reachable, its version, what it can do, its migrations.

    Raises:
        ConfigurationError: the address is not one of Divan's.
    """
    address = parse_address(url)
    if address.path is not None and not address.path.exists():
        return absent(str(address.path))
    try:
        return ask(address, lambda connection: tuple(_findings(address, connection)))
    except DivanError as fault:
        remedy = "Check DIVAN_DATABASE_URL, and that the database runs and lets this machine in."
        return (Finding("database", "fault", fault.detail, remedy),)


def examine_replica(url: str, primary_url: str) -> tuple[Finding, ...]:
    """Look at a replica: reachable, and a follower of the database that is at ``primary_url``.

    Raises:
        ConfigurationError: an address is not one of Divan's.
    """
    addresses = parse_address(primary_url), parse_address(url)
    if any(one.dialect != "postgresql" for one in addresses):
        return (_misplaced("only a PostgreSQL database has one"),)
    try:
        system, _ = ask(addresses[0], _identity)
        other, follows = ask(addresses[1], _identity)
    except DivanError as fault:
        remedy = "Check DIVAN_DATABASE_REPLICA_URL; until then the primary reads everything."
        return (Finding("replica", "fault", fault.detail, remedy),)
    if system != other:
        return (_misplaced("it is one of another database"),)
    if not follows:
        return (_misplaced("it follows nobody: it was made a primary"),)
    return (Finding("replica", "ok", "it follows the database"),)


def _identity(connection: Connection) -> tuple[int, bool]:
    system, follows = connection.execute(_WHO).one()
    return system, follows


def _misplaced(seen: str) -> Finding:
    remedy = "Name a server that follows the database in DIVAN_DATABASE_REPLICA_URL, or none."
    return Finding("replica", "fault", seen, remedy)


def absent(path: str) -> tuple[Finding, ...]:
    """What there is to say of a SQLite file that the first start will make."""
    in_memory = parse_address("sqlite://")
    made_later = Finding("database", "ok", f"SQLite; the first start makes {path}")
    return (made_later, ask(in_memory, full_text))


def _findings(address: Address, connection: Connection) -> Iterator[Finding]:
    if address.dialect == "sqlite":
        yield from _sqlite(connection)
    else:
        yield from _postgres(connection)
    if not address.in_memory:
        yield from migrations(current_heads(connection))


def _sqlite(connection: Connection) -> Iterator[Finding]:
    version = connection.scalar(text("SELECT sqlite_version()"))
    broken = connection.execute(text("PRAGMA quick_check(1)")).scalar_one()
    if broken == "ok":
        yield Finding("database", "ok", f"SQLite {version}")
    else:
        remedy = "Stop Divan and put back a copy, or save what can be read with sqlite3's .recover."
        yield Finding("database", "fault", f"SQLite {version}: {broken}", remedy)
    yield full_text(connection)


def full_text(connection: Connection) -> Finding:
    """Whether this SQLite has the full-text index that search needs."""
    options = set(connection.execute(text("PRAGMA compile_options")).scalars())
    if "ENABLE_FTS5" in options:
        return Finding("search engine", "ok", "SQLite's FTS5")
    remedy = "Use a Python whose SQLite has FTS5, or PostgreSQL."
    return Finding("search engine", "fault", "this SQLite was built without FTS5", remedy)


def _postgres(connection: Connection) -> Iterator[Finding]:
    began = time.time()
    number, version, connections, encoding, theirs_ms = connection.execute(_POSTGRES_FACTS).one()
    ended = time.time()
    yield server_version(number, version)
    if encoding != "UTF8":
        remedy = "Create the database with ENCODING 'UTF8'."
        yield Finding("encoding of the database", "fault", encoding, remedy)
    yield room(connections)
    yield clock_finding("clock of the database", float(theirs_ms), (began + ended) / 2 * 1000)
    yield Finding("search engine", "ok", "trigrams under a GIN index")


def server_version(number: int, version: str) -> Finding:
    """Whether a PostgreSQL is new enough; ``number`` is its ``server_version_num``."""
    if number >= OLDEST_POSTGRESQL:
        return Finding("database", "ok", f"PostgreSQL {version}")
    oldest = OLDEST_POSTGRESQL // 10_000
    return Finding("database", "fault", f"PostgreSQL {version}", f"Use {oldest} or newer.")


def room(connections: int) -> Finding:
    """Whether a server lets in as many connections as one process and its workers need."""
    seen = f"{connections} allowed"
    if connections >= MANY_CONNECTIONS:
        return Finding("connections to the database", "ok", seen)
    remedy = f"Raise max_connections: count {MANY_CONNECTIONS} for each process."
    return Finding("connections to the database", "warning", seen, remedy)


def migrations(heads: Sequence[str]) -> Iterator[Finding]:
    """Whether a database whose version table holds ``heads`` is migrated, branch by branch."""
    revisions = Revisions()
    current = revisions.current(heads)
    for branch, newest in revisions.newest.items():
        about, found = f"migrations of {branch}", current.get(branch)
        if found == newest:
            yield Finding(about, "ok", newest)
        else:
            seen = f"{found or 'none'}, newest is {newest}"
            remedy = f"Run: divan migrate --branch {branch}"
            yield Finding(about, "fault" if branch == CORE else "warning", seen, remedy)
