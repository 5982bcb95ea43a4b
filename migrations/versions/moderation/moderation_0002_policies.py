"""Who is restricted to what."""

import sqlalchemy as sa
from alembic import op

revision = "moderation_0002"
down_revision = "moderation_0001"
branch_labels = None
depends_on = None

ID = sa.Uuid().with_variant(sa.LargeBinary(16), "sqlite")
MOMENT = sa.TIMESTAMP(timezone=True).with_variant(sa.BigInteger(), "sqlite")
STANDING = sa.text("lifted_at IS NULL")


def upgrade() -> None:
    """Create the tables of what is decided by machine."""
    create_restrictions()


def create_restrictions() -> None:
    """Create the table of restrictions; whoever has none may do everything."""
    op.create_table(
        "restrictions",
        sa.Column("id", ID, nullable=False),
        sa.Column("user_id", ID, nullable=False),
        sa.Column("campus_id", ID, nullable=False),
        sa.Column("restraint", sa.String(24), nullable=False),
        sa.Column("since", MOMENT, nullable=False),
        sa.Column("until", MOMENT),
        sa.Column("origin", sa.String(80), nullable=False),
        sa.Column("lifted_at", MOMENT),
        sa.PrimaryKeyConstraint("id", name="pk_restrictions"),
        sa.ForeignKeyConstraint(["user_id"], ["people.id"], name="fk_restrictions_user_id"),
        sa.ForeignKeyConstraint(["campus_id"], ["campuses.id"], name="fk_restrictions_campus_id"),
        sa.CheckConstraint(
            "restraint IN ('slow', 'cooldown', 'mute', 'shadow', 'restrict_create',"
            " 'restrict_invites', 'ban')",
            name="ck_restrictions_restraint",
        ),
    )
    op.create_index(
        "ix_restrictions_user_id",
        "restrictions",
        ["user_id", "since", "id"],
        postgresql_where=STANDING,
        sqlite_where=STANDING,
    )
