"""Invites, idempotency keys, the outbox and what consumers have handled."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "core_0002"
down_revision = "core_0001"
branch_labels = None
depends_on = None

ID = sa.Uuid().with_variant(sa.LargeBinary(16), "sqlite")
MOMENT = sa.TIMESTAMP(timezone=True).with_variant(sa.BigInteger(), "sqlite")
JSON_OBJECT = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")
POSITION = sa.BigInteger().with_variant(sa.Integer(), "sqlite")

OPEN = sa.text("state = 'open'")


def upgrade() -> None:
    """Create the tables that writes stand on."""
    create_invites()
    create_keys()
    create_outbox()
    op.create_table(
        "handled_events",
        sa.Column("event_id", ID, nullable=False),
        sa.Column("consumer_group", sa.String(64), nullable=False),
        sa.Column("handled_at", MOMENT, nullable=False),
        sa.Column("gave_up", sa.Text()),
        sa.PrimaryKeyConstraint("event_id", "consumer_group", name="pk_handled_events"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_handled_events_handled_at", "handled_events", ["handled_at"])
    create_partial_index(
        "ix_handled_events_gave_up", "handled_events", ["event_id"], "gave_up IS NOT NULL"
    )


def create_invites() -> None:
    """Create the table of invites; one can be open in each direction between two people."""
    op.create_table(
        "invites",
        sa.Column("id", ID, nullable=False),
        sa.Column("sender_id", ID, nullable=False),
        sa.Column("recipient_id", ID, nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("expires_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_invites"),
        sa.ForeignKeyConstraint(["sender_id"], ["people.id"], name="fk_invites_sender_id"),
        sa.ForeignKeyConstraint(["recipient_id"], ["people.id"], name="fk_invites_recipient_id"),
        sa.CheckConstraint("sender_id <> recipient_id", name="ck_invites_not_oneself"),
        sa.CheckConstraint(
            "state IN ('open', 'accepted', 'declined', 'cancelled', 'expired')",
            name="ck_invites_state",
        ),
    )
    op.create_index("ix_invites_recipient_id_id", "invites", ["recipient_id", "id"])
    op.create_index("ix_invites_sender_id_id", "invites", ["sender_id", "id"])
    op.create_index(
        "uq_invites_sender_id_recipient_id",
        "invites",
        ["sender_id", "recipient_id"],
        unique=True,
        postgresql_where=OPEN,
        sqlite_where=OPEN,
    )


def create_keys() -> None:
    """Create the table of idempotency keys."""
    op.create_table(
        "idempotency_keys",
        sa.Column("subject", sa.String(64), nullable=False),
        sa.Column("operation", sa.String(64), nullable=False),
        sa.Column("key", sa.String(255), nullable=False),
        sa.Column("fingerprint", sa.LargeBinary(32), nullable=False),
        sa.Column("body", sa.LargeBinary()),
        sa.Column("expires_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("subject", "operation", "key", name="pk_idempotency_keys"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_idempotency_keys_expires_at", "idempotency_keys", ["expires_at"])


def create_outbox() -> None:
    """Create the table of events, found quickly while they wait."""
    op.create_table(
        "outbox",
        sa.Column("position", POSITION, sa.Identity(always=True), nullable=False),
        sa.Column("id", ID, nullable=False),
        sa.Column("topic", sa.String(64), nullable=False),
        sa.Column("name", sa.String(64), nullable=False),
        sa.Column("campus_id", ID, nullable=False),
        sa.Column("aggregate", sa.String(128), nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("data", JSON_OBJECT, nullable=False),
        sa.Column("recorded_at", MOMENT, nullable=False),
        sa.Column("owner", sa.String(64)),
        sa.Column("leased_until", MOMENT),
        sa.Column("published_at", MOMENT),
        sa.PrimaryKeyConstraint("position", name="pk_outbox"),
        sa.UniqueConstraint("id", name="uq_outbox_id"),
        sqlite_autoincrement=True,
    )
    for name, columns, condition in (
        ("waiting", ["position"], "published_at IS NULL"),
        ("leased", ["leased_until", "aggregate"], "leased_until IS NOT NULL"),
        ("published", ["recorded_at"], "published_at IS NOT NULL"),
    ):
        create_partial_index(f"ix_outbox_{name}", "outbox", columns, condition)


def create_partial_index(name: str, table: str, columns: list[str], condition: str) -> None:
    """Create an index of the rows for which ``condition`` is true."""
    only = sa.text(condition)
    op.create_index(name, table, columns, postgresql_where=only, sqlite_where=only)
