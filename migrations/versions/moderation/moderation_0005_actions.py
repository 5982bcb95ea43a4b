"""What was done about cases."""

import sqlalchemy as sa
from alembic import op

revision = "moderation_0005"
down_revision = "moderation_0004"
branch_labels = None
depends_on = None

ID = sa.Uuid().with_variant(sa.LargeBinary(16), "sqlite")
MOMENT = sa.TIMESTAMP(timezone=True).with_variant(sa.BigInteger(), "sqlite")


def upgrade() -> None:
    """Create the table of actions."""
    op.create_table(
        "actions",
        sa.Column("id", ID, nullable=False),
        sa.Column("case_id", ID, nullable=False),
        sa.Column("campus_id", ID, nullable=False),
        sa.Column("kind", sa.String(32), nullable=False),
        sa.Column("target_kind", sa.String(16), nullable=False),
        sa.Column("target_id", ID, nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("person_id", ID),
        sa.Column("by", ID),
        sa.Column("until", MOMENT),
        sa.Column("before", sa.String(16)),
        sa.Column("reason", sa.Text()),
        sa.Column("note", sa.Text()),
        sa.Column("end", sa.String(16)),
        sa.Column("ended_at", MOMENT),
        sa.Column("ended_by", ID),
        sa.PrimaryKeyConstraint("id", name="pk_actions"),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name="fk_actions_case_id"),
    )
    op.create_index("ix_actions_case_id_id", "actions", ["case_id", "id"])
    op.create_index("ix_actions_target_id", "actions", ["target_id"])
    op.create_index("ix_actions_person_id_id", "actions", ["person_id", "id"])
    only = sa.text("ended_at IS NULL")
    op.create_index(
        "ix_actions_until", "actions", ["until"], postgresql_where=only, sqlite_where=only
    )
