"""The tables of what is decided by machine, in the branch ``moderation``."""

from __future__ import annotations

from typing import Final

from sqlalchemy import (
    Boolean,
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    LargeBinary,
    SmallInteger,
    String,
    Table,
    UniqueConstraint,
)

from divan_core.stores.sql.metadata import METADATA, index_where
from divan_core.stores.sql.types import JSON_OBJECT, JSON_OR_NONE, Id, Moment

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

DECISIONS: Final = Table(
    "decisions",
    METADATA,
    Column("id", Id, primary_key=True),
    Column("campus_id", Id, nullable=False),
    Column("author_id", Id, nullable=False),
    Column("subject_kind", String(16), nullable=False),
    Column("subject_id", Id, nullable=False),
    Column("at", Moment, nullable=False),
    Column("print", LargeBinary(8)),
    Column("facts", JSON_OBJECT, nullable=False),
    Column("version", String(64), nullable=False),
    Column("action", String(32), nullable=False),
    Column("severity", SmallInteger, nullable=False),
    Column("outcome", JSON_OR_NONE),
    Index(None, "author_id", "at"),
    Index(None, "subject_id"),
    Index(None, "at", "id"),
)
"""One for all that was written, also where nothing follows: what is remembered of people for five
minutes or an hour stands here, and what another policy can be tried on. ``outcome`` is None where
no rule matched."""

TRUST: Final = Table(
    "trust",
    METADATA,
    Column("user_id", Id, primary_key=True),
    Column("score", SmallInteger, nullable=False),
    Column("at", Moment, nullable=False),
)

TRUST_CHANGES: Final = Table(
    "trust_changes",
    METADATA,
    Column("user_id", Id, primary_key=True),
    Column("cause", String(80), primary_key=True),
    Column("merit", String(24), nullable=False),
    Column("at", Moment, nullable=False),
    Index(None, "user_id", "at"),
)
"""Each cause changes somebody's trust once."""

SAFETY: Final = (RESTRICTIONS, POLICIES, DECISIONS, TRUST, TRUST_CHANGES)
"""In the order in which they are made."""
