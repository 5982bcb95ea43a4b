"""What a database in memory begins as."""

from collections.abc import Iterator

import pytest
from sqlalchemy import Connection, Engine

from divan_core.stores.sql import pristine
from divan_core.stores.sql.address import parse_address
from divan_core.stores.sql.migrate import upgrade_connection
from divan_core.stores.sql.sqlite_session import sqlite_engine


@pytest.fixture
def engine() -> Engine:
    return sqlite_engine(parse_address("sqlite://"), 1.0)


@pytest.fixture
def filled(engine: Engine) -> Iterator[Connection]:
    with engine.connect() as connection:
        pristine.fill(connection)
        yield connection


def everything(connection: Connection) -> list[str]:
    """Tables, indexes, triggers and rows, as statements."""
    driver = connection.connection.driver_connection
    assert driver is not None
    return list(driver.iterdump())


def test_it_is_what_migrations_make(engine: Engine, filled: Connection) -> None:
    with engine.connect() as migrated:
        upgrade_connection(migrated)
        assert everything(filled) == everything(migrated)


def test_what_is_written_to_one_is_in_no_other(engine: Engine, filled: Connection) -> None:
    begun = everything(filled)
    filled.exec_driver_sql("CREATE TABLE mine (id)")
    assert everything(filled) != begun
    with engine.connect() as other:
        pristine.fill(other)
        assert everything(other) == begun


def test_references_are_checked_as_before(filled: Connection) -> None:
    assert filled.exec_driver_sql("PRAGMA foreign_keys").scalar() == 1
    assert filled.exec_driver_sql("PRAGMA journal_mode").scalar() == "memory"
