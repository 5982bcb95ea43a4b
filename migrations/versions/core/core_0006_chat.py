"""Conversations, rooms, who is in them, messages, and who tells what they have read."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "core_0006"
down_revision = "core_0005"
branch_labels = None
depends_on = None

ID = sa.Uuid().with_variant(sa.LargeBinary(16), "sqlite")
MOMENT = sa.TIMESTAMP(timezone=True).with_variant(sa.BigInteger(), "sqlite")
JSON_LIST = sa.JSON(none_as_null=True).with_variant(
    postgresql.JSONB(none_as_null=True), "postgresql"
)

DIRECT = sa.text("low_id IS NOT NULL")
NAMED = sa.text("client_id IS NOT NULL")


def upgrade() -> None:
    """Create the tables that conversations stand on."""
    op.add_column(
        "people", sa.Column("read_receipts", sa.Boolean(), nullable=False, server_default=sa.true())
    )
    create_conversations()
    create_rooms()
    create_members()
    create_messages()


def create_conversations() -> None:
    """Create the table of conversations, found by either of two people."""
    op.create_table(
        "conversations",
        sa.Column("id", ID, nullable=False),
        sa.Column("campus_id", ID, nullable=False),
        sa.Column("low_id", ID),
        sa.Column("high_id", ID),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("last_seq", sa.BigInteger(), nullable=False),
        sa.Column("last_at", MOMENT),
        sa.PrimaryKeyConstraint("id", name="pk_conversations"),
        sa.ForeignKeyConstraint(["campus_id"], ["campuses.id"], name="fk_conversations_campus_id"),
        sa.ForeignKeyConstraint(["low_id"], ["people.id"], name="fk_conversations_low_id"),
        sa.ForeignKeyConstraint(["high_id"], ["people.id"], name="fk_conversations_high_id"),
        sa.CheckConstraint("low_id < high_id", name="ck_conversations_order"),
    )
    for side in ("low", "high"):
        op.create_index(
            f"ix_conversations_{side}",
            "conversations",
            [f"{side}_id", "last_at", "id"],
            postgresql_where=DIRECT,
            sqlite_where=DIRECT,
        )


def create_rooms() -> None:
    """Create the table of what rooms are beyond conversations."""
    op.create_table(
        "rooms",
        sa.Column("id", ID, nullable=False),
        sa.Column("campus_id", ID, nullable=False),
        sa.Column("name", sa.String(80), nullable=False),
        sa.Column("preset", sa.String(8), nullable=False),
        sa.Column("visibility", sa.String(16), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("members", sa.Integer(), nullable=False),
        sa.Column("closed", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_rooms"),
        sa.ForeignKeyConstraint(["id"], ["conversations.id"], name="fk_rooms_id"),
        sa.ForeignKeyConstraint(["campus_id"], ["campuses.id"], name="fk_rooms_campus_id"),
        sa.CheckConstraint("preset IN ('2-4', '4-6', '12+')", name="ck_rooms_preset"),
        sa.CheckConstraint("visibility IN ('link', 'private')", name="ck_rooms_visibility"),
    )
    op.create_index("ix_rooms_campus_id_id", "rooms", ["campus_id", "id"])


def create_members() -> None:
    """Create the table of who is or was in a conversation, and how far they have come."""
    op.create_table(
        "conversation_members",
        sa.Column("conversation_id", ID, nullable=False),
        sa.Column("user_id", ID, nullable=False),
        sa.Column("role", sa.String(16), nullable=False),
        sa.Column("seat", sa.String(16), nullable=False),
        sa.Column("joined_at", MOMENT, nullable=False),
        sa.Column("muted_until", MOMENT),
        sa.Column("delivered_seq", sa.BigInteger(), nullable=False),
        sa.Column("read_seq", sa.BigInteger(), nullable=False),
        sa.Column("cleared_seq", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("conversation_id", "user_id", name="pk_conversation_members"),
        sa.ForeignKeyConstraint(
            ["conversation_id"],
            ["conversations.id"],
            name="fk_conversation_members_conversation_id",
        ),
        sa.ForeignKeyConstraint(["user_id"], ["people.id"], name="fk_conversation_members_user_id"),
        sa.CheckConstraint(
            "role IN ('owner', 'moderator', 'member')", name="ck_conversation_members_role"
        ),
        sa.CheckConstraint(
            "seat IN ('taken', 'left', 'kicked')", name="ck_conversation_members_seat"
        ),
        sqlite_with_rowid=False,
    )
    op.create_index(
        "ix_conversation_members_user_id_conversation_id",
        "conversation_members",
        ["user_id", "conversation_id"],
    )


def create_messages() -> None:
    """Create the table of messages; a sender's own name for one is good once in a conversation."""
    op.create_table(
        "messages",
        sa.Column("conversation_id", ID, nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("id", ID, nullable=False),
        sa.Column("sender_id", ID, nullable=False),
        sa.Column("client_id", sa.String(64)),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("attachments", JSON_LIST),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("shadowed", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("conversation_id", "seq", name="pk_messages"),
        sa.ForeignKeyConstraint(
            ["conversation_id"], ["conversations.id"], name="fk_messages_conversation_id"
        ),
        sa.ForeignKeyConstraint(["sender_id"], ["people.id"], name="fk_messages_sender_id"),
        sa.CheckConstraint("seq > 0", name="ck_messages_seq"),
        sa.UniqueConstraint("id", name="uq_messages_id"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_messages_conversation_id_at", "messages", ["conversation_id", "at"])
    op.create_index(
        "uq_messages_conversation_id_sender_id_client_id",
        "messages",
        ["conversation_id", "sender_id", "client_id"],
        unique=True,
        postgresql_where=NAMED,
        sqlite_where=NAMED,
    )
