"""The tables of the human desk: what is on record. Of the branch ``moderation``."""

from __future__ import annotations

from typing import Final

from sqlalchemy import BigInteger, Column, Index, LargeBinary, SmallInteger, String, Table, Text

from divan_core.stores.sql.metadata import METADATA, index_where

AUDIT: Final = Table(
    "audit_entries",
    METADATA,
    Column("seq", BigInteger, primary_key=True, autoincrement=False),
    Column("campus", LargeBinary(16)),
    Column("person", LargeBinary(16)),
    Column("about", String(128), nullable=False),
    Column("payload", Text, nullable=False),
    Column("words", Text),
    Column("salt", LargeBinary(16)),
    Column("words_hash", LargeBinary(32)),
    Column("mac", LargeBinary(32), nullable=False),
    index_where("campus IS NOT NULL", "ix_audit_entries_campus", "campus", "seq"),
    index_where("words IS NOT NULL", "ix_audit_entries_person", "person", "seq"),
    Index("ix_audit_entries_about", "about", "seq"),
    sqlite_with_rowid=False,
)
"""Rows are only ever added; of ``words`` and ``salt`` what is personal can be emptied. ``payload``
is text, and ids are bytes, because they are sealed as they stand."""

AUDIT_HEAD: Final = Table(
    "audit_head",
    METADATA,
    Column("id", SmallInteger, primary_key=True, autoincrement=False),
    Column("seq", BigInteger, nullable=False),
    Column("mac", LargeBinary(32), nullable=False),
)
"""One row: what everybody who appends to the record waits for."""

DESK: Final = (AUDIT, AUDIT_HEAD)
