"""Databases to migrate, on both dialects, and a look at what they hold."""

import asyncio
import contextlib
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from anyio.from_thread import start_blocking_portal

Query = Callable[[str], Sequence[tuple[Any, ...]]]


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """An empty database; SQLite's file does not exist yet."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/divan.db"
    found: str = request.getfixturevalue("empty_postgres_url")
    return found


@pytest.fixture
def query(url: str) -> Query:
    """Runs one statement on the database and gives its rows."""
    return lambda sql: rows(url, sql)


def run_script(url: str, script: str) -> None:
    """Run several statements, as an operator would."""
    if url.startswith("sqlite"):
        connection = sqlite3.connect(url.removeprefix("sqlite:///"), isolation_level=None)
        connection.executescript(script)
        connection.close()
    else:
        with ThreadPoolExecutor(1) as pool:
            pool.submit(asyncio.run, _run_on_postgres(url, script)).result()


@contextlib.contextmanager
def locked(url: str) -> Iterator[None]:
    """Migrate for ever, as far as others can see."""
    if url.startswith("sqlite"):
        connection = sqlite3.connect(url.removeprefix("sqlite:///"), isolation_level=None)
        connection.execute("BEGIN IMMEDIATE")
        yield
        connection.close()
    else:
        with start_blocking_portal() as portal:
            holder = portal.call(asyncpg.connect, url)
            portal.call(holder.execute, f"SELECT pg_advisory_lock({int.from_bytes(b'divan')})")
            yield
            portal.call(holder.close)


def rows(url: str, sql: str) -> Sequence[tuple[Any, ...]]:
    if url.startswith("sqlite"):
        return list(_sqlite(url, sql))
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(asyncio.run, _postgres(url, sql)).result()


def _sqlite(url: str, sql: str) -> Iterator[tuple[Any, ...]]:
    connection = sqlite3.connect(url.removeprefix("sqlite:///"), isolation_level=None)
    try:
        yield from connection.execute(sql)
    finally:
        connection.close()


async def _run_on_postgres(url: str, script: str) -> None:
    connection = await asyncpg.connect(url)
    try:
        await connection.execute(script)
    finally:
        await connection.close()


async def _postgres(url: str, sql: str) -> Sequence[tuple[Any, ...]]:
    connection = await asyncpg.connect(url)
    try:
        return [tuple(row) for row in await connection.fetch(sql)]
    finally:
        await connection.close()
