"""What all tables share: how their keys and indexes are named."""

from __future__ import annotations

from typing import Final

from sqlalchemy import (
    Index,
    MetaData,
    text,
)

METADATA: Final = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

VERSION_TABLE: Final = "divan_alembic_version"
"""Where Alembic keeps what has been applied; private, so that a host's own does not clash."""


def index_where(condition: str, name: str, *columns: str, unique: bool = False) -> Index:
    """An index that holds only the rows for which ``condition`` is true."""
    only = text(condition)
    return Index(name, *columns, unique=unique, postgresql_where=only, sqlite_where=only)
