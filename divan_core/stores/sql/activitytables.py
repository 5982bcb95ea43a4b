"""The table of activities."""

from __future__ import annotations

from typing import Final

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    String,
    Table,
    Text,
)

from divan_core.stores.sql.metadata import METADATA, index_where
from divan_core.stores.sql.types import Id, Moment

ACTIVITIES: Final = Table(
    "activities",
    METADATA,
    Column("id", Id, primary_key=True),
    Column("campus_id", Id, ForeignKey("campuses.id"), nullable=False),
    Column("kind", String(32), nullable=False),
    Column("low_id", Id, ForeignKey("people.id"), nullable=False),
    Column("high_id", Id, ForeignKey("people.id"), nullable=False),
    Column("low_asked", Boolean, nullable=False),
    Column("stage", String(16), nullable=False),
    Column("options", Text, nullable=False),
    Column("seed", LargeBinary, nullable=False),
    Column("position", Text),
    Column("round", Integer, nullable=False),
    Column("scores", Text, nullable=False),
    Column("winner_id", Id),
    Column("created_at", Moment, nullable=False),
    Column("started_at", Moment),
    Column("ended_at", Moment),
    Column("moved_at", Moment, nullable=False),
    Column("due_at", Moment),
    Column("shadowed", Boolean, nullable=False),
    Column("version", BigInteger, nullable=False),
    CheckConstraint("low_id < high_id", name="order"),
    CheckConstraint(
        "stage IN ('lobby', 'active', 'completed', 'cancelled', 'expired')", name="stage"
    ),
    Index(None, "low_id", "id"),
    Index(None, "high_id", "id"),
    index_where("ended_at IS NULL", "ix_activities_open", "low_id", "high_id", "kind"),
    index_where("due_at IS NOT NULL", "ix_activities_due_at", "due_at"),
    index_where("ended_at IS NOT NULL", "ix_activities_ended_at", "ended_at"),
    index_where(
        "ended_at IS NULL AND NOT shadowed",
        "uq_activities_low_id_high_id_kind",
        "low_id",
        "high_id",
        "kind",
        unique=True,
    ),
)
"""``low_asked`` is which of the two asked the other. ``options``, ``position`` and ``scores`` are
JSON, which only games read."""
