"""Where keys are kept: a table of the host's, or Divan's own."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from alembic.autogenerate import api, produce_migrations
from alembic.migration import MigrationContext
from sqlalchemy import Column, Integer, MetaData, Table, create_engine, text
from sqlalchemy.dialects import mysql, postgresql, sqlite
from sqlalchemy.engine import Dialect
from sqlalchemy.schema import CreateTable

from divan_core.hosting import HostIdempotency, idempotency_table
from divan_core.hosting.keys import dialect_of
from divan_core.stores.sql.migrate import upgrade
from divan_core.stores.sql.tables import IDEMPOTENCY_KEYS
from tests.hosting.conftest import SECRET, running

DIALECTS: list[Dialect] = [
    postgresql.dialect(),  # type: ignore[no-untyped-call]
    sqlite.dialect(),
]
NAMES = IDEMPOTENCY_KEYS.metadata.naming_convention


@pytest.mark.parametrize("dialect", DIALECTS, ids=lambda dialect: dialect.name)
def test_the_hosts_table_is_like_ours(dialect: Dialect) -> None:
    theirs = idempotency_table(
        MetaData(naming_convention=IDEMPOTENCY_KEYS.metadata.naming_convention)
    )
    ddl = [str(CreateTable(one).compile(dialect=dialect)) for one in (theirs, IDEMPOTENCY_KEYS)]
    assert ddl[0] == ddl[1]
    assert {index.name for index in theirs.indexes} == {
        index.name for index in IDEMPOTENCY_KEYS.indexes
    }


def test_divans_own_table_serves(tmp_path: Path, postgres_url: str) -> None:
    sqlite_url = f"sqlite:///{tmp_path / 'divan.sqlite3'}"
    upgrade(sqlite_url)
    once = HostIdempotency(SECRET)
    for url in (sqlite_url, postgres_url):
        with running(url) as host:
            replayed = []
            for _ in range(2):
                with host.transaction() as session, once.once(session, "ana", "note", "k") as write:
                    replayed.append(write.replayed)
                    if not write.replayed:
                        write.complete(None)
            assert replayed == [False, True]


def test_a_schema_of_its_own(empty_postgres_url: str) -> None:
    metadata = MetaData()
    once = HostIdempotency(SECRET, table=idempotency_table(metadata, "keys", schema="shop"))
    with running(empty_postgres_url) as host:
        with host.engine.begin() as connection:
            connection.execute(text("CREATE SCHEMA shop"))
            metadata.create_all(connection)
        for replayed in (False, True):
            with host.transaction() as session, once.once(session, "ana", "note", "k") as write:
                assert write.replayed is replayed
                if not replayed:
                    write.complete("noted")


def test_alembic_writes_it_down_without_our_modules(tmp_path: Path) -> None:
    metadata = MetaData()
    Table("orders", metadata, Column("id", Integer, primary_key=True))
    idempotency_table(metadata)
    engine = create_engine(f"sqlite:///{tmp_path / 'host.sqlite3'}")
    with engine.connect() as connection:
        context = MigrationContext.configure(connection)
        script = produce_migrations(context, metadata)
        assert script.upgrade_ops
        written = api.render_python_code(script.upgrade_ops)
    engine.dispose()
    assert "idempotency_keys" in written
    assert "divan" not in written


def test_other_databases_are_refused() -> None:
    connection: Any = SimpleNamespace(dialect=mysql.dialect())
    with pytest.raises(TypeError, match="not in mysql"):
        dialect_of(connection)
