"""What the community has decided about people."""

import sqlalchemy as sa
from alembic import op

revision = "moderation_0001"
down_revision = None
branch_labels = ("moderation",)
depends_on = "core_0001"

ID = sa.Uuid().with_variant(sa.LargeBinary(16), "sqlite")
MOMENT = sa.TIMESTAMP(timezone=True).with_variant(sa.BigInteger(), "sqlite")


def upgrade() -> None:
    """Create the table of standings; whoever has no row is in good standing."""
    op.create_table(
        "standings",
        sa.Column("user_id", ID, nullable=False),
        sa.Column("standing", sa.String(16), nullable=False),
        sa.Column("reason", sa.Text()),
        sa.Column("since", MOMENT),
        sa.PrimaryKeyConstraint("user_id", name="pk_standings"),
        sa.ForeignKeyConstraint(["user_id"], ["people.id"], name="fk_standings_user_id"),
        sa.CheckConstraint("standing IN ('shadowed', 'banned')", name="ck_standings_standing"),
    )
