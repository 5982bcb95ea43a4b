"""The present, by the database's own clock or by one that replaces it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from sqlalchemy import BigInteger, ColumnElement, Double, bindparam, func, literal_column

from divan_core.kernel.clock import Clock, Millis
from divan_core.stores.sql.connection import DialectName
from divan_core.stores.sql.types import Moment

# SQLite counts days from noon in Greenwich on November 24, 4714 B.C.; it knows seconds with a
# fraction only since 3.42.
_SQLITE_NOW: Final = "CAST(ROUND((julianday('now') - 2440587.5) * 86400000) AS INTEGER)"


def now_of(dialect: DialectName, *, clocked: bool = False) -> ColumnElement[Millis]:
    """The moment at which the statement began, of the column type ``Moment``.

    With ``clocked`` it is the parameter ``now``, which :func:`present` gives. PostgreSQL's
    ``clock_timestamp()`` would be later, but is no use with an index, and ``now()`` is the moment
    at which the transaction began.
    """
    if clocked:
        return bindparam("now", type_=Moment())
    if dialect == "sqlite":
        return literal_column(_SQLITE_NOW, Moment())
    return func.statement_timestamp(type_=Moment())


def later(
    moment: ColumnElement[Millis], milliseconds: str, dialect: DialectName
) -> ColumnElement[Millis]:
    """As many milliseconds after ``moment`` as the parameter called ``milliseconds`` says.

    A negative number is before it.
    """
    if dialect == "sqlite":
        return moment.op("+", return_type=Moment())(bindparam(milliseconds, type_=BigInteger()))
    seconds = bindparam(milliseconds, type_=Double()) / literal_column("1000.0", Double())
    span = func.make_interval(*(literal_column("0"),) * 6, seconds)
    return moment.op("+", return_type=Moment())(span)


def present(clock: Clock | None) -> Mapping[str, Any]:
    """The parameters that a statement of :func:`now_of` needs, ``clocked`` when there is one."""
    return {} if clock is None else {"now": clock.now()}
