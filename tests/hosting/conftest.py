"""A host application: its own tables, its own engine, its own transactions."""

import contextlib
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import attrs
import pytest
from sqlalchemy import Engine, Table, create_engine, func, insert, select, text
from sqlalchemy.engine import make_url
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, create_async_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

from divan_core.hosting import HostIdempotency, KeyedWrite, idempotency_table


class Base(DeclarativeBase):
    """The host's classes."""


class Order(Base):
    """One of them."""

    __tablename__ = "orders"
    id: Mapped[int] = mapped_column(primary_key=True)
    item: Mapped[str | None] = mapped_column()


METADATA = Base.metadata
ORDERS = Base.metadata.tables["orders"]
KEYS = idempotency_table(METADATA, "request_keys")
SECRET = bytes(range(32))
PLACE = "orders.place"
TEA = {"item": "tea"}


def idempotency(**options: Any) -> HostIdempotency:
    return HostIdempotency(SECRET, **({"table": KEYS} | options))


ONCE = idempotency()


@attrs.frozen
class Host:
    """A synchronous application."""

    engine: Engine

    @contextlib.contextmanager
    def transaction(self) -> Iterator[Session]:
        """A session in a transaction that commits at the end."""
        with Session(self.engine) as session, session.begin():
            yield session

    def place(self, key: str | None = "k", once: HostIdempotency = ONCE) -> KeyedWrite:
        """Order tea, in one transaction."""
        with self.transaction() as session:
            return place(session, key, once)

    def count(self, table: Table = ORDERS) -> int:
        """How many rows were committed."""
        with self.engine.connect() as connection:
            return count(connection, table)


def place(session: Any, key: str | None = "k", once: HostIdempotency = ONCE) -> KeyedWrite:
    """Order tea in a transaction that somebody else ends."""
    write: KeyedWrite
    with once.once(session, "ana", PLACE, key, TEA) as write:
        if not write.replayed:
            session.execute(insert(ORDERS).values(TEA))
            write.complete({"orders": count(session)})
    return write


def count(session: Any, table: Table = ORDERS) -> int:
    found: int = session.execute(select(func.count()).select_from(table)).scalar_one()
    return found


@attrs.frozen
class AsyncHost:
    """An asynchronous application."""

    engine: AsyncEngine

    @contextlib.asynccontextmanager
    async def transaction(self) -> AsyncIterator[AsyncSession]:
        """A session in a transaction that commits at the end."""
        async with AsyncSession(self.engine) as session, session.begin():
            yield session

    async def place(self, key: str | None = "k", once: HostIdempotency = ONCE) -> KeyedWrite:
        """Order tea, in one transaction."""
        async with self.transaction() as session:
            return await aplace(session, key, once)

    async def count(self, table: Table = ORDERS) -> int:
        """How many rows were committed."""
        async with self.engine.connect() as connection:
            return await acount(connection, table)


async def aplace(session: Any, key: str | None = "k", once: HostIdempotency = ONCE) -> KeyedWrite:
    """Order tea in a transaction that somebody else ends."""
    write: KeyedWrite
    async with once.once(session, "ana", PLACE, key, TEA) as write:
        if not write.replayed:
            await session.execute(insert(ORDERS).values(TEA))
            write.complete({"orders": await acount(session)})
    return write


async def acount(session: Any, table: Table = ORDERS) -> int:
    found: int = (await session.execute(select(func.count()).select_from(table))).scalar_one()
    return found


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The address of an empty database, with no driver in it."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'host.sqlite3'}"
    url: str = request.getfixturevalue("empty_postgres_url")
    return url


def gone(database: str) -> str:
    """An address like this one where nothing is."""
    url = make_url(database)
    nowhere = url.set(port=1) if url.port else url.set(database=f"{url.database}/no/such")
    return nowhere.render_as_string(hide_password=False)


@contextlib.contextmanager
def running(database: str, **options: Any) -> Iterator[Host]:
    """A synchronous host over a database."""
    drivers = {"sqlite": "sqlite", "postgresql": "postgresql+psycopg"}
    url = make_url(database)
    engine = create_engine(url.set(drivername=drivers[url.drivername]), **options)
    try:
        yield Host(engine)
    finally:
        engine.dispose()


@contextlib.asynccontextmanager
async def arunning(database: str, **options: Any) -> AsyncIterator[AsyncHost]:
    """An asynchronous host over a database."""
    drivers = {"sqlite": "sqlite+aiosqlite", "postgresql": "postgresql+asyncpg"}
    url = make_url(database)
    engine = create_async_engine(url.set(drivername=drivers[url.drivername]), **options)
    try:
        yield AsyncHost(engine)
    finally:
        await engine.dispose()


@pytest.fixture
def host(database: str) -> Iterator[Host]:
    with running(database) as host:
        METADATA.create_all(host.engine)
        if host.engine.dialect.name == "sqlite":
            with host.engine.connect() as connection:
                connection.execute(text("PRAGMA journal_mode = WAL"))
        yield host


@pytest.fixture
async def ahost(host: Host, database: str) -> AsyncIterator[AsyncHost]:
    del host  # it made the tables
    async with arunning(database, pool_size=20) as ahost:
        yield ahost
