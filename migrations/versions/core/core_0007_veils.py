"""What staff has decided about messages."""

import sqlalchemy as sa
from alembic import op

revision = "core_0007"
down_revision = "core_0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add how a message is hidden, if it is."""
    op.add_column("messages", sa.Column("veil", sa.String(16)))
