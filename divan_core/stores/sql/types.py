"""Column types that mean and sort the same on PostgreSQL and SQLite."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Callable, Iterable
from typing import Any, Final

from sqlalchemy import JSON, TIMESTAMP, BigInteger, Dialect, LargeBinary, Text, Uuid
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.types import TypeDecorator, TypeEngine

from divan_core.kernel.clock import Millis

_EPOCH: Final = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
_MILLISECOND: Final = dt.timedelta(milliseconds=1)
_new: Final = object.__new__
# A UUID lets nobody change it, so its slots are written past it.
_set_int: Final = vars(uuid.UUID)["int"].__set__
_set_safe: Final = vars(uuid.UUID)["is_safe"].__set__
_UNKNOWN: Final = uuid.SafeUUID.unknown


class Id(TypeDecorator[uuid.UUID]):
    """A UUID: ``uuid`` on PostgreSQL, its 16 bytes on SQLite.

    Both compare byte by byte, as Python compares UUIDs, so keyset pages agree everywhere.
    """

    impl = Uuid
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """Choose the column's type."""
        return LargeBinary(16) if dialect.name == "sqlite" else Uuid()

    def process_bind_param(
        self, value: uuid.UUID | None, dialect: Dialect
    ) -> uuid.UUID | bytes | None:
        """Bring a UUID into the form of the database."""
        return value.bytes if value is not None and dialect.name == "sqlite" else value

    def process_result_value(
        self, value: uuid.UUID | bytes | None, dialect: Dialect
    ) -> uuid.UUID | None:
        """Bring the database's form back to a UUID."""
        del dialect
        return uuid.UUID(bytes=value) if isinstance(value, bytes) else value


class Moment(TypeDecorator[Millis]):
    """A moment in milliseconds: ``timestamptz`` on PostgreSQL, an integer on SQLite."""

    impl = BigInteger
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """Choose the column's type."""
        return BigInteger() if dialect.name == "sqlite" else TIMESTAMP(timezone=True)

    def process_bind_param(
        self, value: Millis | None, dialect: Dialect
    ) -> dt.datetime | int | None:
        """Bring milliseconds into the form of the database."""
        return value if dialect.name == "sqlite" else _datetime_of(value)

    def process_result_value(
        self, value: dt.datetime | int | None, dialect: Dialect
    ) -> Millis | None:
        """Bring the database's form back to milliseconds."""
        del dialect
        return None if value is None else millis_of(value)


def binding(kind: TypeEngine[Any], dialect: Dialect) -> Callable[[Any], Any] | None:
    """What brings a value into the form that a driver takes; None where it takes it as it is.

    The same comes of it as of SQLAlchemy's own, which calls one function within the other.
    """
    on_sqlite = dialect.name == "sqlite"
    if isinstance(kind, Id):
        return _bytes_of if on_sqlite else None
    if isinstance(kind, Moment):
        return None if on_sqlite else _datetime_of
    if on_sqlite and isinstance(kind, LargeBinary):
        return None
    if isinstance(kind, ARRAY) and kind.dimensions is None:
        return _each(binding(kind.item_type, dialect))
    return kind.dialect_impl(dialect).bind_processor(dialect)


def _bytes_of(value: uuid.UUID | None) -> bytes | None:
    return None if value is None else value.int.to_bytes(16, "big")


def _datetime_of(value: Millis | None) -> dt.datetime | None:
    return None if value is None else _EPOCH + value * _MILLISECOND


def _each(bound: Callable[[Any], Any] | None) -> Callable[[Any], Any]:
    """The same for each of many, as a list."""

    def many(values: Iterable[Any] | None) -> list[Any] | None:
        if values is None or bound is None:
            return None if values is None else list(values)
        return list(map(bound, values))

    return many


def id_of(value: uuid.UUID | bytes) -> uuid.UUID:
    """A UUID as a driver has it, made without checking that it is one."""
    if isinstance(value, uuid.UUID):
        return value
    made = _new(uuid.UUID)
    _set_int(made, int.from_bytes(value, "big"))
    _set_safe(made, _UNKNOWN)
    return made


def millis_of(value: dt.datetime | int) -> Millis:
    """A moment as a driver has it, in milliseconds."""
    if isinstance(value, dt.datetime):
        return Millis((value - _EPOCH) // _MILLISECOND)
    return Millis(value)


JSON_LIST: Final = JSON(none_as_null=True).with_variant(JSONB(none_as_null=True), "postgresql")
"""A list of texts: ``jsonb`` on PostgreSQL, JSON text on SQLite."""

JSON_OBJECT: Final = JSON().with_variant(JSONB(), "postgresql")
"""An object: ``jsonb`` on PostgreSQL, JSON text on SQLite."""

JSON_OR_NONE: Final = JSON_LIST
"""An object or nothing, which is NULL."""

FOLDED: Final = Text().with_variant(Text(collation="C"), "postgresql")
"""Folded text, which sorts by code points as Python sorts it."""

CODES: Final = LargeBinary().with_variant(ARRAY(BigInteger()), "postgresql")
"""What stands for trigrams on PostgreSQL; SQLite leaves it empty."""
