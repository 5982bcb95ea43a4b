"""The tables of the human desk: what is on record, cases and reports."""

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
    SmallInteger,
    String,
    Table,
    Text,
    UniqueConstraint,
    false,
)

from divan_core.stores.sql.metadata import METADATA, index_where
from divan_core.stores.sql.types import JSON_OR_NONE, Id, Moment

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

CASES: Final = Table(
    "cases",
    METADATA,
    Column("id", Id, primary_key=True),
    Column("campus_id", Id, nullable=False),
    Column("subject_kind", String(16), nullable=False),
    Column("subject_id", Id, nullable=False),
    Column("owner_id", Id),
    Column("reason", String(16), nullable=False),
    Column("status", String(16), nullable=False),
    Column("severity", SmallInteger, nullable=False),
    Column("weight", Integer, nullable=False),
    Column("reports", Integer, nullable=False),
    Column("light", Integer, nullable=False),
    Column("brigading", Boolean, nullable=False),
    Column("assigned_to", Id),
    Column("leased_to", Id),
    Column("leased_until", Moment),
    Column("decision", String(16)),
    Column("decided_by", Id),
    Column("decided_at", Moment),
    Column("opened_at", Moment, nullable=False),
    Column("reported_at", Moment, nullable=False),
    Column("appeal_open", Boolean, nullable=False, server_default=false()),
    CheckConstraint(
        "status IN ('open', 'escalated', 'actioned', 'dismissed', 'closed')", name="status"
    ),
    Index(None, "campus_id", "id"),
    Index(None, "subject_id"),
    Index(None, "owner_id"),
    Index(None, "opened_at"),
    Index(None, "decided_at"),
    index_where("decision IS NULL", "ix_cases_urgent", "severity", "id"),
    index_where("appeal_open", "ix_cases_appeal_open", "severity", "id"),
    index_where(
        "decision IS NULL",
        "uq_cases_subject_kind_subject_id",
        "subject_kind",
        "subject_id",
        unique=True,
    ),
)
"""A case without a decision is live: open or escalated. Of a subject there is one at most."""

REPORTS: Final = Table(
    "reports",
    METADATA,
    Column("id", Id, primary_key=True),
    Column("case_id", Id, ForeignKey(CASES.c.id), nullable=False),
    Column("reporter_id", Id, nullable=False),
    Column("reason", String(16), nullable=False),
    Column("weight", Integer, nullable=False),
    Column("at", Moment, nullable=False),
    Column("note", Text),
    UniqueConstraint("case_id", "reporter_id"),
    Index(None, "reporter_id", "id"),
)

ACTIONS: Final = Table(
    "actions",
    METADATA,
    Column("id", Id, primary_key=True),
    Column("case_id", Id, ForeignKey(CASES.c.id), nullable=False),
    Column("campus_id", Id, nullable=False),
    Column("kind", String(32), nullable=False),
    Column("target_kind", String(16), nullable=False),
    Column("target_id", Id, nullable=False),
    Column("at", Moment, nullable=False),
    Column("person_id", Id),
    Column("by", Id),
    Column("until", Moment),
    Column("before", String(16)),
    Column("reason", Text),
    Column("note", Text),
    Column("end", String(16)),
    Column("ended_at", Moment),
    Column("ended_by", Id),
    Column("decision_id", Id),
    Column("rule_id", String(64)),
    Column("facts", JSON_OR_NONE),
    Column("scope", String(16), nullable=False, server_default="campus"),
    Column("ttl_minutes", Integer),
    Column("confirmed_at", Moment),
    Column("confirmed_by", Id),
    Index(None, "case_id", "id"),
    Index(None, "target_id"),
    Index(None, "person_id", "id"),
    index_where("ended_at IS NULL", "ix_actions_until", "until"),
)

APPEALS: Final = Table(
    "appeals",
    METADATA,
    Column("id", Id, primary_key=True),
    Column("case_id", Id, ForeignKey(CASES.c.id), nullable=False),
    Column("campus_id", Id, nullable=False),
    Column("appellant_id", Id, nullable=False),
    Column("at", Moment, nullable=False),
    Column("note", Text),
    Column("status", String(16), nullable=False),
    Column("resolved_at", Moment),
    Column("resolver_id", Id),
    Column("outcome_note", Text),
    CheckConstraint("status IN ('open', 'accepted', 'rejected')", name="status"),
    UniqueConstraint("case_id", "appellant_id"),
    Index(None, "appellant_id", "id"),
    Index(None, "campus_id", "id"),
    index_where("status = 'open'", "ix_appeals_open", "id"),
)

DESK: Final = (AUDIT, AUDIT_HEAD, CASES, REPORTS, ACTIONS, APPEALS)
