"""What a driver's error means for a unit of work."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final, NoReturn

from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from divan_core.errors import StoreUnavailable
from divan_core.kernel.units import UnitMisused
from divan_core.stores.sql.tables import TAKEN


class UnitConflict(StoreUnavailable):
    """Other units changed what this one had read; it can be run again."""


class ConnectionLost(StoreUnavailable):
    """The connection ended before the commit; the unit can be run again."""


class TableMissing(StoreUnavailable):
    """A table does not exist: the database is not migrated, or was changed since."""


class LockRefused(StoreUnavailable):
    """Somebody else held what a statement needed for longer than it was to wait."""


class HandledBefore(Exception):
    """A unit took an event for new that its group has handled; nothing of it is kept."""


def conflicted() -> UnitConflict:
    """The error of a unit that lost against others."""
    return UnitConflict("Too many writers want the same rows. Try again.")


def disconnected() -> ConnectionLost:
    """The error of a unit whose connection ended."""
    return ConnectionLost("The connection to the database was lost.")


def unmigrated() -> TableMissing:
    """The error where a table is missing."""
    return TableMissing("The database is not migrated. Run: divan migrate")


def overdue() -> StoreUnavailable:
    """The error of a statement or a connection that took too long."""
    return StoreUnavailable("The database did not answer in time.")


def locked_out() -> LockRefused:
    """The error of a statement that waited in vain for somebody else's transaction."""
    return LockRefused("Another transaction took too long.")


def unusable() -> StoreUnavailable:
    """The error of a database that cannot do its work now."""
    return StoreUnavailable("The database cannot be used.")


def misread() -> UnitMisused:
    """The error of a unit that writes while it is to read."""
    return UnitMisused("This unit is for reading.")


def dangling() -> UnitMisused:
    """The error of a row that refers to one that does not exist."""
    return UnitMisused("A row refers to one that does not exist.")


def recorded() -> UnitMisused:
    """The error of an event that was recorded before."""
    return UnitMisused("An event is recorded once.")


Refusal = Callable[[], Exception]

# https://www.postgresql.org/docs/current/errcodes-appendix.html; a class is its first two places.
_POSTGRES: Final[dict[str, Refusal]] = {
    "0A000": conflicted,  # a plan cached before a migration; SQLAlchemy plans anew next time
    "23503": dangling,
    "40001": conflicted,
    "40P01": conflicted,
    "42P01": unmigrated,
    "53": unusable,
    "55P03": locked_out,
    "57014": overdue,
    "57": disconnected,
    "58": unusable,
    "08": disconnected,
    "XX": unusable,
}

# https://www.sqlite.org/rescode.html, by the beginning of the name.
_SQLITE: Final[dict[str, Refusal]] = {
    "SQLITE_BUSY": overdue,
    "SQLITE_CANTOPEN": unusable,
    "SQLITE_CONSTRAINT_FOREIGNKEY": dangling,
    "SQLITE_CORRUPT": unusable,
    "SQLITE_FULL": unusable,
    "SQLITE_INTERRUPT": overdue,
    "SQLITE_IOERR": unusable,
    "SQLITE_LOCKED": overdue,
    "SQLITE_NOMEM": unusable,
    "SQLITE_NOTADB": unusable,
    "SQLITE_PROTOCOL": overdue,
}

_READ_ONLY: Final = ("25006", "SQLITE_READONLY")
_UNIQUE: Final = re.compile(r"UNIQUE constraint failed: (.+)")


def refusal(fault: BaseException, *, reading: bool = False) -> BaseException:
    """What to raise for ``fault``: an error of Divan where one fits, else ``fault`` itself.

    A driver's error is recognised bare or wrapped by SQLAlchemy. ``reading`` tells whether the
    unit is one that must not write.
    """
    if isinstance(fault, TimeoutError | PoolTimeoutError):
        return overdue()
    if isinstance(fault, DBAPIError) and fault.connection_invalidated:
        return disconnected()
    driver = _driven(fault)
    if isinstance(driver, OSError):
        return disconnected()
    code = code_of(fault)
    if code in _READ_ONLY:
        return misread() if reading else unusable()
    return _of_code(code, driver) or fault


def refuse(fault: BaseException, meaning: BaseException) -> NoReturn:
    """Raise what ``fault`` means, with ``fault`` as its cause unless both are the same.

    An error that is its own cause has whoever follows causes go round for ever.
    """
    if meaning is fault:
        raise fault
    raise meaning from fault


def _driven(fault: BaseException) -> BaseException:
    """The driver's own error, which SQLAlchemy may have wrapped."""
    return fault.orig or fault if isinstance(fault, DBAPIError) else fault


def code_of(fault: BaseException) -> str:
    """What the driver calls it: SQLSTATE, or SQLite's name of the error; else nothing.

    SQLAlchemy forgets this of some, but not where they came from.
    """
    fault = _driven(fault)
    drivers = ("sqlstate", "pgcode")  # the second is psycopg2's, which only hosts use
    names = ((one, name) for one in (fault, fault.__cause__) for name in drivers)
    found = (getattr(one, name, None) for one, name in (*names, (fault, "sqlite_errorname")))
    return next(filter(None, found), "")


def _of_code(code: str, fault: BaseException) -> Exception | None:
    if code == "23505":
        names = (getattr(one, "constraint_name", None) for one in (fault, fault.__cause__))
        return _taken(next(filter(None, names), None))
    if code == "SQLITE_CONSTRAINT_UNIQUE":
        return _taken(_constraint(str(fault)))
    if code == "SQLITE_ERROR" and "no such table" in str(fault):
        return unmigrated()
    found = _POSTGRES.get(code) or _POSTGRES.get(code[:2])
    found = found or next((_SQLITE[name] for name in _SQLITE if code.startswith(name)), None)
    return found() if found else None


def _constraint(message: str) -> str:
    """SQLite names the columns; the naming convention makes the constraint's name of them."""
    match = _UNIQUE.search(message)
    columns = [column.split(".") for column in match[1].split(", ")] if match else [["?", "?"]]
    return "_".join(["uq", columns[0][0], *(name for _, name in columns)])


def _taken(constraint: str | None) -> Exception | None:
    if constraint == "uq_outbox_id":
        return recorded()
    if constraint == "pk_handled_events":
        return HandledBefore()
    found = TAKEN.get(constraint or "")
    return found() if found else None
