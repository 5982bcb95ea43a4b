"""Which blocks their owner is shown, and open invites by person."""

import sqlalchemy as sa
from alembic import op

revision = "core_0005"
down_revision = "core_0004"
branch_labels = None
depends_on = None

OPEN = sa.text("state = 'open'")


def upgrade() -> None:
    """Add the column, true for the blocks that there are, and the indexes of the lists."""
    op.add_column(
        "blocks", sa.Column("listed", sa.Boolean(), nullable=False, server_default=sa.true())
    )
    for name, person in (("ix_invites_received", "recipient_id"), ("ix_invites_sent", "sender_id")):
        op.create_index(name, "invites", [person, "id"], postgresql_where=OPEN, sqlite_where=OPEN)
