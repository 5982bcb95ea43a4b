"""What was decided by machine, and how much people are trusted."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "moderation_0006"
down_revision = "moderation_0005"
branch_labels = None
depends_on = None

ID = sa.Uuid().with_variant(sa.LargeBinary(16), "sqlite")
MOMENT = sa.TIMESTAMP(timezone=True).with_variant(sa.BigInteger(), "sqlite")
OBJECT = sa.JSON().with_variant(JSONB(), "postgresql")


def upgrade() -> None:
    """Create the tables of decisions and of trust."""
    op.create_table(
        "decisions",
        sa.Column("id", ID, nullable=False),
        sa.Column("campus_id", ID, nullable=False),
        sa.Column("author_id", ID, nullable=False),
        sa.Column("subject_kind", sa.String(16), nullable=False),
        sa.Column("subject_id", ID, nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("print", sa.LargeBinary(8)),
        sa.Column("facts", OBJECT, nullable=False),
        sa.Column("version", sa.String(64), nullable=False),
        sa.Column("action", sa.String(32), nullable=False),
        sa.Column("severity", sa.SmallInteger(), nullable=False),
        sa.Column("outcome", OBJECT),
        sa.PrimaryKeyConstraint("id", name="pk_decisions"),
    )
    op.create_index("ix_decisions_author_id_at", "decisions", ["author_id", "at"])
    op.create_index("ix_decisions_subject_id", "decisions", ["subject_id"])
    op.create_index("ix_decisions_at_id", "decisions", ["at", "id"])
    op.create_table(
        "trust",
        sa.Column("user_id", ID, nullable=False),
        sa.Column("score", sa.SmallInteger(), nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("user_id", name="pk_trust"),
    )
    op.create_table(
        "trust_changes",
        sa.Column("user_id", ID, nullable=False),
        sa.Column("cause", sa.String(80), nullable=False),
        sa.Column("merit", sa.String(24), nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("user_id", "cause", name="pk_trust_changes"),
    )
    op.create_index("ix_trust_changes_user_id_at", "trust_changes", ["user_id", "at"])
