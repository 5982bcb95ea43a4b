"""What errors of the drivers mean. Those of PostgreSQL are shown by a server in test_postgres."""

import sqlite3

import pytest
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from divan_core.errors import HandleTaken, StoreUnavailable
from divan_core.kernel.units import UnitMisused
from divan_core.stores.sql.connection import Failing
from divan_core.stores.sql.faults import ConnectionLost, TableMissing, refusal, refuse


def sqlite_error(name: str, message: str = "told to") -> sqlite3.Error:
    error = sqlite3.OperationalError(message)
    error.sqlite_errorname = name
    return error


@pytest.mark.parametrize(
    ("name", "meaning"),
    [
        ("SQLITE_BUSY", StoreUnavailable),
        ("SQLITE_BUSY_SNAPSHOT", StoreUnavailable),
        ("SQLITE_FULL", StoreUnavailable),
        ("SQLITE_IOERR_WRITE", StoreUnavailable),
        ("SQLITE_CORRUPT", StoreUnavailable),
        ("SQLITE_READONLY", StoreUnavailable),
        ("SQLITE_CONSTRAINT_FOREIGNKEY", UnitMisused),
    ],
)
def test_errors_of_sqlite(name: str, meaning: type[Exception]) -> None:
    bare = sqlite_error(name)
    assert isinstance(refusal(bare), meaning)
    assert isinstance(refusal(DBAPIError("SELECT", None, bare)), meaning)


def test_writing_where_one_reads() -> None:
    assert isinstance(refusal(sqlite_error("SQLITE_READONLY"), reading=True), UnitMisused)


def test_a_missing_table() -> None:
    missing = sqlite_error("SQLITE_ERROR", "no such table: people")
    assert isinstance(refusal(missing), TableMissing)
    other = sqlite_error("SQLITE_ERROR", "no such column: people.x")
    assert refusal(other) is other


def test_a_taken_handle() -> None:
    name = "SQLITE_CONSTRAINT_UNIQUE"
    taken = sqlite_error(name, "UNIQUE constraint failed: people.handle")
    assert isinstance(refusal(taken), HandleTaken)
    for message in ("UNIQUE constraint failed: people.handle, people.id", "something"):
        other = sqlite_error(name, message)
        assert refusal(other) is other


@pytest.mark.parametrize("fault", [TimeoutError(), PoolTimeoutError()])
def test_what_takes_too_long(fault: Exception) -> None:
    assert "in time" in str(refusal(fault))


def test_a_lost_connection() -> None:
    assert isinstance(refusal(ConnectionResetError()), ConnectionLost)
    lost = DBAPIError("SELECT", None, Exception("gone"), connection_invalidated=True)
    assert isinstance(refusal(lost), ConnectionLost)


@pytest.mark.parametrize("fault", [LookupError(), DBAPIError("SELECT", None, LookupError())])
def test_anything_else_is_itself(fault: Exception) -> None:
    assert refusal(fault) is fault


@pytest.mark.parametrize("name", ["SQLITE_BUSY", "SQLITE_ERROR"])
@pytest.mark.parametrize("wrapped", [True, False])
def test_causes_come_to_an_end(name: str, *, wrapped: bool) -> None:
    bare: Exception = sqlite_error(name)
    connection = Failing(reading=False)
    fault = bare
    if wrapped:
        fault = DBAPIError("SELECT", None, bare)
        fault.__cause__ = bare
    with pytest.raises((DBAPIError, sqlite3.Error, StoreUnavailable)) as refused:
        refuse(fault, connection.failed(fault))
    assert causes(refused.value)[-1] is bare


def causes(error: BaseException) -> list[BaseException]:
    """The error and what caused it, as far as there is an end."""
    found: list[BaseException] = [error]
    while (cause := found[-1].__cause__) is not None:
        assert cause not in found
        found.append(cause)
    return found
