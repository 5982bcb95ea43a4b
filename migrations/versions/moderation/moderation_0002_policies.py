"""Who is restricted to what, and the policies that decide by machine."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "moderation_0002"
down_revision = "moderation_0001"
branch_labels = None
depends_on = None

ID = sa.Uuid().with_variant(sa.LargeBinary(16), "sqlite")
MOMENT = sa.TIMESTAMP(timezone=True).with_variant(sa.BigInteger(), "sqlite")
JSON_OBJECT = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")
ACTIVE = sa.text("active")
STANDING = sa.text("lifted_at IS NULL")


def upgrade() -> None:
    """Create the tables of what is decided by machine."""
    create_restrictions()
    create_policies()


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


def create_policies() -> None:
    """Create the table of policies, of which one at most is active."""
    op.create_table(
        "policies",
        sa.Column("id", ID, nullable=False),
        sa.Column("version", sa.String(64), nullable=False),
        sa.Column("document", JSON_OBJECT, nullable=False),
        sa.Column("created_by", ID, nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("activated_by", ID),
        sa.Column("activated_at", MOMENT),
        sa.PrimaryKeyConstraint("id", name="pk_policies"),
        sa.UniqueConstraint("version", name="uq_policies_version"),
        sa.ForeignKeyConstraint(["created_by"], ["people.id"], name="fk_policies_created_by"),
        sa.ForeignKeyConstraint(["activated_by"], ["people.id"], name="fk_policies_activated_by"),
    )
    op.create_index(
        "uq_policies_active",
        "policies",
        ["active"],
        unique=True,
        postgresql_where=ACTIVE,
        sqlite_where=ACTIVE,
    )
