"""The tables of what is decided by machine, in the branch ``moderation``."""

from __future__ import annotations

from typing import Final

from sqlalchemy import (
    Boolean,
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    String,
    Table,
    UniqueConstraint,
)

from divan_core.stores.sql.metadata import METADATA, index_where
from divan_core.stores.sql.types import JSON_OBJECT, Id, Moment

RESTRICTIONS: Final = Table(
    "restrictions",
    METADATA,
    Column("id", Id, primary_key=True),
    Column("user_id", Id, ForeignKey("people.id"), nullable=False),
    Column("campus_id", Id, ForeignKey("campuses.id"), nullable=False),
    Column("restraint", String(24), nullable=False),
    Column("since", Moment, nullable=False),
    Column("until", Moment),
    Column("origin", String(80), nullable=False),
    Column("lifted_at", Moment),
    CheckConstraint(
        "restraint IN ('slow', 'cooldown', 'mute', 'shadow', 'restrict_create',"
        " 'restrict_invites', 'ban')",
        name="restraint",
    ),
    index_where("lifted_at IS NULL", "ix_restrictions_user_id", "user_id", "since", "id"),
    Index(None, "user_id", "id"),
)
"""``until`` and ``lifted_at`` are None while nothing is to end, or has ended, the restriction."""

POLICIES: Final = Table(
    "policies",
    METADATA,
    Column("id", Id, primary_key=True),
    Column("version", String(64), nullable=False),
    Column("document", JSON_OBJECT, nullable=False),
    Column("created_by", Id, ForeignKey("people.id"), nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("active", Boolean, nullable=False),
    Column("activated_by", Id, ForeignKey("people.id")),
    Column("activated_at", Moment),
    UniqueConstraint("version"),
    index_where("active", "uq_policies_active", "active", unique=True),
)
"""One at most is active; ``activated_by`` and ``activated_at`` are of the last time that it was."""

SAFETY: Final = (RESTRICTIONS, POLICIES)
"""In the order in which they are made."""
