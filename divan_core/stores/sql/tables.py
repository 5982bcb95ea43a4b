"""The tables, by branch of the migrations.

``core`` always exists. ``moderation`` and ``profile`` are optional: a deployment may do without
them, and what only they can hold is then None or as if nobody had decided anything.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Double,
    ForeignKey,
    Identity,
    Index,
    Integer,
    LargeBinary,
    SmallInteger,
    String,
    Table,
    Text,
    UniqueConstraint,
    true,
)

from divan_core.errors import (
    ActivityOpen,
    AlreadyAppealed,
    AlreadyReported,
    CaseOpen,
    DivanError,
    EmailTaken,
    HandleTaken,
    InviteExists,
    MessageExists,
    PolicyExists,
)
from divan_core.stores.sql.activitytables import ACTIVITIES
from divan_core.stores.sql.boardtables import BOARDS
from divan_core.stores.sql.desktables import DESK
from divan_core.stores.sql.metadata import METADATA, index_where
from divan_core.stores.sql.safetytables import SAFETY
from divan_core.stores.sql.searchtables import (
    SEARCH_HEADS,
    SEARCH_HOLDERS,
    SEARCH_LEFT,
    SEARCH_PEOPLE,
    SEARCH_TERMS,
)
from divan_core.stores.sql.types import JSON_LIST, JSON_OBJECT, Id, Moment

CAMPUSES: Final = Table(
    "campuses",
    METADATA,
    Column("id", Id, primary_key=True),
    Column("name", String(120), nullable=False),
    Column("lat", Double, nullable=False),
    Column("lon", Double, nullable=False),
    Column("timezone", String(64), nullable=False),
    Column("radius_m", Integer, nullable=False),
)

PEOPLE: Final = Table(
    "people",
    METADATA,
    Column("id", Id, primary_key=True),
    Column("campus_id", Id, ForeignKey(CAMPUSES.c.id), nullable=False),
    Column("handle", String(30), nullable=False),
    Column("display_name", String(80), nullable=False),
    Column("avatar_url", String(500)),
    Column("email", Text),
    Column("created_at", Moment, nullable=False),
    Column("visibility", String(16), nullable=False),
    Column("blur_distance_m", SmallInteger, nullable=False),
    Column("ghost_mode", Boolean, nullable=False),
    Column("chat_from", String(16), nullable=False),
    Column("roles", JSON_LIST, nullable=False),
    Column("deleted", Boolean, nullable=False),
    Column("handle_key", String(60)),
    Column("read_receipts", Boolean, nullable=False, server_default=true()),
    UniqueConstraint("handle"),
    CheckConstraint("visibility IN ('everyone', 'friends', 'none')", name="visibility"),
    CheckConstraint("chat_from IN ('everyone', 'friends')", name="chat_from"),
    Index(None, "campus_id", "id"),
    Index("uq_people_handle_key", "handle_key", unique=True),
)
"""``handle_key`` is what the handle looks like; None for deleted people, whose handle is free."""

FRIENDSHIPS: Final = Table(
    "friendships",
    METADATA,
    Column("low_id", Id, ForeignKey(PEOPLE.c.id), primary_key=True),
    Column("high_id", Id, ForeignKey(PEOPLE.c.id), primary_key=True),
    CheckConstraint("low_id < high_id", name="order"),
    Index(None, "high_id", "low_id"),
    sqlite_with_rowid=False,
)

BLOCKS: Final = Table(
    "blocks",
    METADATA,
    Column("by_id", Id, ForeignKey(PEOPLE.c.id), primary_key=True),
    Column("target_id", Id, ForeignKey(PEOPLE.c.id), primary_key=True),
    Column("listed", Boolean, nullable=False, server_default=true()),
    CheckConstraint("by_id <> target_id", name="not_oneself"),
    Index(None, "target_id", "by_id"),
    sqlite_with_rowid=False,
)

INVITES: Final = Table(
    "invites",
    METADATA,
    Column("id", Id, primary_key=True),
    Column("sender_id", Id, ForeignKey(PEOPLE.c.id), nullable=False),
    Column("recipient_id", Id, ForeignKey(PEOPLE.c.id), nullable=False),
    Column("state", String(16), nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("expires_at", Moment, nullable=False),
    CheckConstraint("sender_id <> recipient_id", name="not_oneself"),
    CheckConstraint(
        "state IN ('open', 'accepted', 'declined', 'cancelled', 'expired')", name="state"
    ),
    Index(None, "recipient_id", "id"),
    Index(None, "sender_id", "id"),
    index_where("state = 'open'", "ix_invites_received", "recipient_id", "id"),
    index_where("state = 'open'", "ix_invites_sent", "sender_id", "id"),
    index_where("state = 'open'", "ix_invites_expires_at", "expires_at", "id"),
    index_where(
        "state = 'open'",
        "uq_invites_sender_id_recipient_id",
        "sender_id",
        "recipient_id",
        unique=True,
    ),
)

CONVERSATIONS: Final = Table(
    "conversations",
    METADATA,
    Column("id", Id, primary_key=True),
    Column("campus_id", Id, ForeignKey(CAMPUSES.c.id), nullable=False),
    Column("low_id", Id, ForeignKey(PEOPLE.c.id)),
    Column("high_id", Id, ForeignKey(PEOPLE.c.id)),
    Column("created_at", Moment, nullable=False),
    Column("last_seq", BigInteger, nullable=False),
    Column("last_at", Moment),
    CheckConstraint("low_id < high_id", name="order"),
    index_where("low_id IS NOT NULL", "ix_conversations_low", "low_id", "last_at", "id"),
    index_where("low_id IS NOT NULL", "ix_conversations_high", "high_id", "last_at", "id"),
)
"""``low_id`` and ``high_id`` are the two of a direct conversation; a room has neither. The row is
what all who write into a conversation wait for: ``last_seq`` is the number of the last message."""

ROOMS: Final = Table(
    "rooms",
    METADATA,
    Column("id", Id, ForeignKey(CONVERSATIONS.c.id), primary_key=True),
    Column("campus_id", Id, ForeignKey(CAMPUSES.c.id), nullable=False),
    Column("name", String(80), nullable=False),
    Column("preset", String(8), nullable=False),
    Column("visibility", String(16), nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("members", Integer, nullable=False),
    Column("closed", Boolean, nullable=False),
    CheckConstraint("preset IN ('2-4', '4-6', '12+')", name="preset"),
    CheckConstraint("visibility IN ('link', 'private')", name="visibility"),
    Index(None, "campus_id", "id"),
)
"""``members`` are those who are in it now. What is decided about a room is decided by one unit at
a time, so this is not the row that its writers wait for."""

MEMBERS: Final = Table(
    "conversation_members",
    METADATA,
    Column("conversation_id", Id, ForeignKey(CONVERSATIONS.c.id), primary_key=True),
    Column("user_id", Id, ForeignKey(PEOPLE.c.id), primary_key=True),
    Column("role", String(16), nullable=False),
    Column("seat", String(16), nullable=False),
    Column("joined_at", Moment, nullable=False),
    Column("muted_until", Moment),
    Column("delivered_seq", BigInteger, nullable=False),
    Column("read_seq", BigInteger, nullable=False),
    Column("cleared_seq", BigInteger, nullable=False),
    CheckConstraint("role IN ('owner', 'moderator', 'member')", name="role"),
    CheckConstraint("seat IN ('taken', 'left', 'kicked')", name="seat"),
    Index(None, "user_id", "conversation_id"),
    sqlite_with_rowid=False,
)

MESSAGES: Final = Table(
    "messages",
    METADATA,
    Column("conversation_id", Id, ForeignKey(CONVERSATIONS.c.id), primary_key=True),
    Column("seq", BigInteger, primary_key=True),
    Column("id", Id, nullable=False),
    Column("sender_id", Id, ForeignKey(PEOPLE.c.id), nullable=False),
    Column("client_id", String(64)),
    Column("body", Text, nullable=False),
    Column("attachments", JSON_LIST),
    Column("at", Moment, nullable=False),
    Column("shadowed", Boolean, nullable=False),
    Column("veil", String(16)),
    CheckConstraint("seq > 0", name="seq"),
    UniqueConstraint("id"),
    Index(None, "conversation_id", "at"),
    index_where(
        "client_id IS NOT NULL",
        "uq_messages_conversation_id_sender_id_client_id",
        "conversation_id",
        "sender_id",
        "client_id",
        unique=True,
    ),
    sqlite_with_rowid=False,
)
"""Numbers are gapless and moments never go back in a conversation, so how many messages there were
since a moment is a difference of two numbers. ``attachments`` is None where there are none."""

IDEMPOTENCY_KEYS: Final = Table(
    "idempotency_keys",
    METADATA,
    Column("subject", String(64), primary_key=True),
    Column("operation", String(64), primary_key=True),
    Column("key", String(255), primary_key=True),
    Column("fingerprint", LargeBinary(32), nullable=False),
    Column("body", LargeBinary),
    Column("expires_at", Moment, nullable=False),
    Index(None, "expires_at"),
    sqlite_with_rowid=False,
)
"""A row is seen by others only with its unit, and so with its ``body``."""

OUTBOX: Final = Table(
    "outbox",
    METADATA,
    Column(
        "position",
        BigInteger().with_variant(Integer(), "sqlite"),
        Identity(always=True),
        primary_key=True,
    ),
    Column("id", Id, nullable=False),
    Column("topic", String(64), nullable=False),
    Column("name", String(64), nullable=False),
    Column("campus_id", Id, nullable=False),
    Column("aggregate", String(128), nullable=False),
    Column("at", Moment, nullable=False),
    Column("data", JSON_OBJECT, nullable=False),
    Column("recorded_at", Moment, nullable=False),
    Column("owner", String(64)),
    Column("leased_until", Moment),
    Column("published_at", Moment),
    UniqueConstraint("id"),
    index_where("published_at IS NULL", "ix_outbox_waiting", "position"),
    index_where("leased_until IS NOT NULL", "ix_outbox_leased", "leased_until", "aggregate"),
    index_where("published_at IS NOT NULL", "ix_outbox_published", "recorded_at"),
    sqlite_autoincrement=True,
)
"""``position`` orders the events of an aggregate: two units that add some to the same one conflict
on a row of it, so the later position was committed later. ``data`` may hold ids, no words.
``owner`` and ``leased_until`` are None once it is published. Each index holds only the rows that it
is for, so recording an event writes to one of them beside those of its keys."""

HANDLED_EVENTS: Final = Table(
    "handled_events",
    METADATA,
    Column("event_id", Id, primary_key=True),
    Column("consumer_group", String(64), primary_key=True),
    Column("handled_at", Moment, nullable=False),
    Column("gave_up", Text),
    Index(None, "handled_at"),
    index_where("gave_up IS NOT NULL", "ix_handled_events_gave_up", "event_id"),
    sqlite_with_rowid=False,
)
"""``gave_up`` is why the group could not handle it; None where it did."""

LOGINS: Final = Table(
    "logins",
    METADATA,
    Column("user_id", Id, ForeignKey(PEOPLE.c.id), primary_key=True),
    Column("email_key", Text, nullable=False),
    Column("password_hash", Text),
    Column("verified_at", Moment),
    Index("uq_logins_email_key", "email_key", unique=True),
)
"""The address as it was written is in ``people``; ``email_key`` is what it is compared by."""

REGISTRATIONS: Final = Table(
    "registrations",
    METADATA,
    Column("id", Id, primary_key=True),
    Column("campus_id", Id, ForeignKey(CAMPUSES.c.id), nullable=False),
    Column("email", Text, nullable=False),
    Column("email_key", Text, nullable=False),
    Column("handle", String(30), nullable=False),
    Column("display_name", String(80), nullable=False),
    Column("password_hash", Text, nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("expires_at", Moment, nullable=False),
    Column("mail_at", Moment),
    Index(None, "email_key", "created_at"),
    Index(None, "expires_at"),
    index_where("mail_at IS NOT NULL", "ix_registrations_mail_at", "mail_at"),
)
"""``mail_at`` is when the mail is to be sent; None once it is out."""

SESSIONS: Final = Table(
    "sessions",
    METADATA,
    Column("id", Id, primary_key=True),
    Column("user_id", Id, ForeignKey(PEOPLE.c.id), nullable=False),
    Column("token_hash", LargeBinary(32), nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("expires_at", Moment, nullable=False),
    Index(None, "user_id", "id"),
    Index(None, "expires_at"),
)

ERASURES: Final = Table(
    "erasures",
    METADATA,
    Column("user_id", Id, ForeignKey(PEOPLE.c.id), primary_key=True),
    Column("campus_id", Id, nullable=False),
    Column("step", String(64), nullable=False),
    Column("started_at", Moment, nullable=False),
    Column("finished_at", Moment),
    index_where("finished_at IS NULL", "ix_erasures_waiting", "started_at"),
)
"""``step`` is the next one; ids and times only, so that it may stay."""

STANDINGS: Final = Table(
    "standings",
    METADATA,
    Column("user_id", Id, ForeignKey(PEOPLE.c.id), primary_key=True),
    Column("standing", String(16), nullable=False),
    Column("reason", Text),
    Column("since", Moment),
    CheckConstraint("standing IN ('shadowed', 'banned')", name="standing"),
)

PROFILES: Final = Table(
    "profiles",
    METADATA,
    Column("user_id", Id, ForeignKey(PEOPLE.c.id), primary_key=True),
    Column("major", String(80)),
    Column("graduation_year", SmallInteger),
    Column("passions", JSON_LIST),
)

BRANCHES: Final[Mapping[str, tuple[Table, ...]]] = {
    "core": (
        CAMPUSES,
        PEOPLE,
        FRIENDSHIPS,
        BLOCKS,
        INVITES,
        CONVERSATIONS,
        ROOMS,
        MEMBERS,
        MESSAGES,
        ACTIVITIES,
        IDEMPOTENCY_KEYS,
        OUTBOX,
        HANDLED_EVENTS,
        LOGINS,
        REGISTRATIONS,
        SESSIONS,
        ERASURES,
        SEARCH_PEOPLE,
        SEARCH_HEADS,
        SEARCH_HOLDERS,
        SEARCH_TERMS,
        SEARCH_LEFT,
        *BOARDS,
    ),
    "moderation": (STANDINGS, *SAFETY, *DESK),
    "profile": (PROFILES,),
}
"""Which branch of the migrations makes which tables, the one that the others need first."""

TAKEN: Final[Mapping[str, type[DivanError]]] = {
    "uq_activities_low_id_high_id_kind": ActivityOpen,
    "uq_cases_subject_kind_subject_id": CaseOpen,
    "uq_reports_case_id_reporter_id": AlreadyReported,
    "uq_appeals_case_id_appellant_id": AlreadyAppealed,
    "uq_people_handle": HandleTaken,
    "uq_people_handle_key": HandleTaken,
    "uq_invites_sender_id_recipient_id": InviteExists,
    "uq_logins_email_key": EmailTaken,
    "uq_messages_conversation_id_sender_id_client_id": MessageExists,
    "uq_policies_version": PolicyExists,
}
"""What a clash with a unique constraint means."""
