"""The tables of the index of people's names."""

from __future__ import annotations

from typing import Final

from sqlalchemy import (
    DDL,
    BigInteger,
    Column,
    Index,
    SmallInteger,
    Table,
    event,
)

from divan_core.stores.sql.metadata import METADATA, index_where
from divan_core.stores.sql.types import CODES, FOLDED, Id

PENDING_KB: Final = 64
"""How much of what is new the index of codes may keep in a list, which is PostgreSQL's least.

Every walk of the index reads that list from end to end; with the usual 4 MB, which an import
fills, that took longer than all the rest, until an autovacuum came by."""

SEARCH_PEOPLE: Final = Table(
    "search_people",
    METADATA,
    Column("user_id", Id, primary_key=True),
    Column("campus_id", Id, nullable=False),
    Column("handle", FOLDED, nullable=False),
    Column("name", FOLDED, nullable=False),
    sqlite_with_rowid=False,
)
"""Those who show themselves to everyone, as search knows them; all tables of search hold folded
texts of these people alone, and can be made anew from the people."""

SEARCH_HEADS: Final = Table(
    "search_heads",
    METADATA,
    Column("campus_id", Id, primary_key=True),
    Column("head", FOLDED, primary_key=True),
    Column("length", SmallInteger, primary_key=True, autoincrement=False),
    Column("text", FOLDED, primary_key=True),
    Column("lane", SmallInteger, primary_key=True, autoincrement=False),
    sqlite_with_rowid=False,
)
"""How terms begin, in the order in which a tier is cut; ``lane`` is that of the term."""

SEARCH_HOLDERS: Final = Table(
    "search_holders",
    METADATA,
    Column("campus_id", Id, primary_key=True),
    Column("text", FOLDED, primary_key=True),
    Column("user_id", Id, primary_key=True),
    Column("shared", SmallInteger),
    Column("handle", FOLDED, nullable=False),
    Column("name", FOLDED, nullable=False),
    sqlite_with_rowid=False,
)
"""Who has a term. ``shared`` says how many letters a shorter one of theirs shares; None for a word
that is only in the handle. What they are called stands beside it: looking up as many people as a
tier shows would take longer than finding them."""

SEARCH_TERMS: Final = Table(
    "search_terms",
    METADATA,
    Column("campus_id", Id, primary_key=True),
    Column("text", FOLDED, primary_key=True),
    Column("lane", SmallInteger, primary_key=True, autoincrement=False),
    Column("length", SmallInteger, nullable=False),
    Column("size", SmallInteger, nullable=False),
    Column("padded", FOLDED, nullable=False),
    Column("word", FOLDED),
    Column("mirror", FOLDED),
    Column("codes", CODES),
    Column("number", BigInteger),
    sqlite_with_rowid=False,
)
"""The terms of each campus, for as long as somebody has them. ``size`` counts their trigrams,
which are those of ``padded``; ``word`` and ``mirror`` are for slips, from either end.

On PostgreSQL ``codes`` stand for the trigrams, and a term may be there once in each ``lane``, so
that no unit waits until a long import has ended. On SQLite the trigrams are in ``search_grams``,
under ``number``, and so is what would be ``padded``."""

SEARCH_LEFT: Final = Table(
    "search_left",
    METADATA,
    Column("campus_id", Id, primary_key=True),
    Column("text", FOLDED, primary_key=True),
    Column("user_id", Id, primary_key=True),
    sqlite_with_rowid=False,
)
"""Terms that somebody had, on PostgreSQL, until it is certain whether others have them."""

for _column in ("word", "mirror"):
    _index = index_where(
        "mirror IS NOT NULL", f"ix_search_terms_length_{_column}", "campus_id", "length", _column
    )
    SEARCH_TERMS.append_constraint(_index)
_CODES: Final = Index(
    "ix_search_terms_codes",
    SEARCH_TERMS.c.codes,
    postgresql_using="gin",
    postgresql_with={"gin_pending_list_limit": PENDING_KB},
)
_NUMBER: Final = Index("ix_search_terms_number", SEARCH_TERMS.c.number, unique=True)
_CODES.ddl_if("postgresql")
_NUMBER.ddl_if("sqlite")
_GRAMS: Final = (
    "CREATE VIRTUAL TABLE search_grams USING fts5(padded, size UNINDEXED,"
    " tokenize='trigram case_sensitive 1', detail=none, columnsize=0)"
)
_VOCABULARY: Final = "CREATE VIRTUAL TABLE search_vocabulary USING fts5vocab(search_grams, row)"
_MERGING: Final = "INSERT INTO search_grams (search_grams, rank) VALUES ('automerge', 2)"
for _statement in (_GRAMS, _MERGING, _VOCABULARY):
    _ddl = DDL(_statement).execute_if(dialect="sqlite")  # type: ignore[no-untyped-call]  # theirs
    event.listen(SEARCH_TERMS, "after_create", _ddl)
