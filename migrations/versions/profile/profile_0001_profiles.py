"""What people tell of their studies."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "profile_0001"
down_revision = None
branch_labels = ("profile",)
depends_on = "core_0001"

ID = sa.Uuid().with_variant(sa.LargeBinary(16), "sqlite")
JSON_LIST = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")


def upgrade() -> None:
    """Create the table of profiles; whoever has no row has told nothing."""
    op.create_table(
        "profiles",
        sa.Column("user_id", ID, nullable=False),
        sa.Column("major", sa.String(80)),
        sa.Column("graduation_year", sa.SmallInteger()),
        sa.Column("passions", JSON_LIST),
        sa.PrimaryKeyConstraint("user_id", name="pk_profiles"),
        sa.ForeignKeyConstraint(["user_id"], ["people.id"], name="fk_profiles_user_id"),
    )
