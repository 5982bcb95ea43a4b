"""Why a rule has acted."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "moderation_0007"
down_revision = "moderation_0006"
branch_labels = None
depends_on = None

ID = sa.Uuid().with_variant(sa.LargeBinary(16), "sqlite")
OBJECT = sa.JSON().with_variant(JSONB(), "postgresql")


def upgrade() -> None:
    """Add the decision, the rule and what it found to actions."""
    op.add_column("actions", sa.Column("decision_id", ID))
    op.add_column("actions", sa.Column("rule_id", sa.String(64)))
    op.add_column("actions", sa.Column("facts", OBJECT))
