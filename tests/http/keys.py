"""Idempotency keys over HTTP: the stores, and what goes wrong with them."""

import sqlite3
from contextlib import closing
from pathlib import Path

import asyncpg
import pytest

from divan_core.errors import StoreUnavailable
from divan_core.kernel.clock import Clock
from divan_core.stores.bundle import Stores
from divan_core.stores.factories import embedded_stores, memory_stores, sql_stores
from divan_core.testing.faults import FaultPoints, Raise
from tests.servers.sqlite import migrated

KINDS = ("memory", "sqlite", "postgres")
DROP = "DROP TABLE idempotency_keys"


def stores_of(kind: str, request: pytest.FixtureRequest, clock: Clock) -> Stores:
    """Make the stores of a kind, with nothing in them."""
    if kind == "memory":
        return memory_stores(clock)
    if kind == "sqlite":
        return embedded_stores(_file(request), clock)
    return sql_stores(request.getfixturevalue("postgres_url"), clock)


async def break_keys(kind: str, request: pytest.FixtureRequest, faults: FaultPoints) -> None:
    """Take the table of keys away behind the server's back."""
    if kind == "memory":
        for call in ("claim", "recall", "probe"):
            faults.arm(f"keys.{call}:before", Raise(StoreUnavailable()), times=None)
    elif kind == "sqlite":
        with closing(sqlite3.connect(_file(request), isolation_level=None)) as connection:
            connection.execute(DROP)
    else:
        holder = await asyncpg.connect(request.getfixturevalue("postgres_url"))
        await holder.execute(DROP)
        await holder.close()


def _file(request: pytest.FixtureRequest) -> Path:
    folder: Path = request.getfixturevalue("tmp_path")
    return migrated(folder / "divan.sqlite3")
