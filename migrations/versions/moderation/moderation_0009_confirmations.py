"""What takes two admins, and restrictions of somebody that have ended."""

import sqlalchemy as sa
from alembic import op

revision = "moderation_0009"
down_revision = "moderation_0008"
branch_labels = None
depends_on = None

ID = sa.Uuid().with_variant(sa.LargeBinary(16), "sqlite")
MOMENT = sa.TIMESTAMP(timezone=True).with_variant(sa.BigInteger(), "sqlite")


def upgrade() -> None:
    """Add to actions how far they reach and who has confirmed them; find restrictions by person."""
    for column in (
        sa.Column("scope", sa.String(16), nullable=False, server_default="campus"),
        sa.Column("ttl_minutes", sa.Integer()),
        sa.Column("confirmed_at", MOMENT),
        sa.Column("confirmed_by", ID),
    ):
        op.add_column("actions", column)
    op.create_index("ix_restrictions_user_id_id", "restrictions", ["user_id", "id"])
