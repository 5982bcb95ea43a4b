"""A database in memory as migrations make it: made once in a process, copied from then on.

Migrations take hundreds of times as long as the copy, and whoever opens databases in memory opens
many: an application's tests do, one for each.
"""

from __future__ import annotations

import contextlib
import functools
import sqlite3
from typing import cast

from sqlalchemy import Connection
from sqlalchemy.engine import URL

from divan_core.stores.sql.address import Address
from divan_core.stores.sql.migrate import ask, upgrade_connection


def fill(connection: Connection) -> None:
    """Bring an empty database in memory to the newest revision of every branch.

    Raises:
        MigrationFailed: a revision failed.
    """
    with contextlib.closing(sqlite3.connect(":memory:")) as pristine:
        pristine.deserialize(_image())
        pristine.backup(_driver(connection))


@functools.cache
def _image() -> bytes:
    return ask(Address("sqlite", URL.create("sqlite")), _migrated)


def _migrated(connection: Connection) -> bytes:
    upgrade_connection(connection)
    return _driver(connection).serialize()


def _driver(connection: Connection) -> sqlite3.Connection:
    return cast("sqlite3.Connection", connection.connection.driver_connection)
