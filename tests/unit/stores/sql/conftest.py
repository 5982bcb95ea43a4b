"""Engines under test, and a second way into their databases."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from divan_core.stores.sql.address import parse_address
from divan_core.stores.sql.postgres import PostgresEngine
from divan_core.stores.sql.postponed import Postponed, Whole
from divan_core.stores.sql.sqlite import SqliteEngine
from tests.servers.sqlite import migrated

Backdoor = Callable[[str], Any]
"""Runs SQL on a connection of its own, blocks meanwhile, and gives the first value."""


@pytest.fixture
def sqlite_url(tmp_path: Path) -> str:
    return f"sqlite:///{migrated(tmp_path / 'divan.db')}"


@pytest.fixture
async def sqlite_engine(sqlite_url: str) -> AsyncIterator[SqliteEngine]:
    engine = SqliteEngine(parse_address(sqlite_url))
    async with engine.running():
        yield engine


@pytest.fixture
def sqlite_backdoor(tmp_path: Path) -> Iterator[sqlite3.Connection]:
    connection = sqlite3.connect(
        tmp_path / "divan.db", isolation_level=None, timeout=0, check_same_thread=False
    )
    yield connection
    connection.close()


@pytest.fixture
async def postgres_engine(postgres_url: str) -> AsyncIterator[PostgresEngine]:
    engine = PostgresEngine(parse_address(postgres_url), pool_size=2)
    async with engine.running():
        yield engine


@pytest.fixture
def postgres_backdoor(postgres_url: str) -> Iterator[Backdoor]:
    async def run(sql: str) -> Any:
        connection = await asyncpg.connect(postgres_url)
        try:
            return await connection.fetchval(sql)
        finally:
            await connection.close()

    with ThreadPoolExecutor(1) as pool:
        yield lambda sql: pool.submit(asyncio.run, run(sql)).result()


def note_together(monkeypatch: pytest.MonkeyPatch, found: list[str]) -> None:
    """Note each statement that PostgreSQL is told of others together, from now on."""
    take = Postponed.take

    def taken(postponed: Postponed) -> Whole:
        whole = take(postponed)
        found.append(whole.sql)
        return whole

    monkeypatch.setattr(Postponed, "take", taken)
