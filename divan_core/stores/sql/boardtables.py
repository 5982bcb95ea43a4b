"""The tables of leaderboards, in the branch ``core``."""

from __future__ import annotations

from typing import Final

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Identity,
    Index,
    Integer,
    SmallInteger,
    String,
    Table,
)

from divan_core.stores.sql.metadata import METADATA, index_where
from divan_core.stores.sql.types import Id, Moment

DEEDS: Final = Table(
    "deeds",
    METADATA,
    Column("user_id", Id, primary_key=True),
    Column("kind", String(16), primary_key=True),
    Column("cause", Id, primary_key=True),
    Column("per", Integer, primary_key=True),
    Column("campus_id", Id, nullable=False),
    Column("day", Integer, nullable=False),
    Column("at", Moment, nullable=False),
    Column("peer_id", Id),
    Column("hidden", Boolean, nullable=False),
    Column("shunned", Boolean, nullable=False),
    Index("ix_deeds_user_id", "user_id", "day", "kind", "at", "cause"),
    Index("ix_deeds_day", "campus_id", "day"),
    index_where("peer_id IS NOT NULL", "ix_deeds_peer_id", "peer_id"),
    index_where("kind IN ('created', 'joined')", "ix_deeds_rooms", "cause"),
    sqlite_with_rowid=False,
)
"""``day`` is a number of days; ``per`` is it where a cause counts once a day, else 0."""

SCORE_MARKS: Final = Table(
    "score_marks",
    METADATA,
    Column(
        "position",
        BigInteger().with_variant(Integer(), "sqlite"),
        Identity(always=True),
        primary_key=True,
    ),
    Column("campus_id", Id, nullable=False),
    Column("user_id", Id, nullable=False),
    Column("day", Integer, nullable=False),
    Index(None, "campus_id", "position"),
    sqlite_autoincrement=True,
)
"""Whose days are to be added up anew: a row for each time, so that none is forgotten unseen."""

SCORES: Final = Table(
    "scores",
    METADATA,
    Column("user_id", Id, primary_key=True),
    Column("period", SmallInteger, primary_key=True),
    Column("day", Integer, primary_key=True),
    Column("campus_id", Id, nullable=False),
    Column("overall", BigInteger, nullable=False),
    Column("social", BigInteger, nullable=False),
    Column("engagement", BigInteger, nullable=False),
    Column("popularity", BigInteger, nullable=False),
    Column("streak", SmallInteger, nullable=False),
    *(
        index_where(
            f"{name} > 0", f"ix_scores_{name}", "campus_id", "period", "day", name, "user_id"
        )
        for name in ("overall", "social", "engagement", "popularity")
    ),
    index_where("streak = 30", "ix_scores_streak", "campus_id", "day", "user_id"),
    sqlite_with_rowid=False,
)
"""Of a period, which is how many days it has, and of its last day: what somebody has in each scope,
as a number by which the board is sorted, 0 for nothing. Each index is a board in its order."""

SCORE_STEPS: Final = Table(
    "score_steps",
    METADATA,
    Column("campus_id", Id, primary_key=True),
    Column("period", SmallInteger, primary_key=True),
    Column("day", Integer, primary_key=True),
    Column("scope", String(16), primary_key=True),
    Column("step", Integer, primary_key=True),
    Column("people", Integer, nullable=False),
    sqlite_with_rowid=False,
)
"""How many people stand on each step of a board, which is a bit more than half a point high: so a
rank is the sum of a few of these and what is counted on one step."""

SCORE_BOOKS: Final = Table(
    "score_books",
    METADATA,
    Column("campus_id", Id, primary_key=True),
    Column("opened", Integer, nullable=False),
    Column("filled", Integer, nullable=False),
    Column("closed", Integer, nullable=False),
    Column("turn", Integer, nullable=False),
)

BADGES: Final = Table(
    "badges",
    METADATA,
    Column("user_id", Id, primary_key=True),
    Column("day", Integer, primary_key=True),
    Column("kind", String(24), primary_key=True),
    Column("campus_id", Id, nullable=False),
    Index(None, "campus_id", "day"),
    sqlite_with_rowid=False,
)

BESTS: Final = Table(
    "best_streaks",
    METADATA,
    Column("user_id", Id, primary_key=True),
    Column("best", SmallInteger, nullable=False),
)
"""The longest streak of days whose scores are no longer kept."""

BOARDS: Final = (DEEDS, SCORE_MARKS, SCORES, SCORE_STEPS, SCORE_BOOKS, BADGES, BESTS)
"""In the order in which they are made."""
