"""Activities: games between two people, and what is due in them."""

import sqlalchemy as sa
from alembic import op

revision = "core_0010"
down_revision = "core_0009"
branch_labels = None
depends_on = None

ID = sa.Uuid().with_variant(sa.LargeBinary(16), "sqlite")
MOMENT = sa.TIMESTAMP(timezone=True).with_variant(sa.BigInteger(), "sqlite")

INDEXES = (
    ("ix_activities_open", ["low_id", "high_id", "kind"], "ended_at IS NULL"),
    ("ix_activities_due_at", ["due_at"], "due_at IS NOT NULL"),
    ("ix_activities_ended_at", ["ended_at"], "ended_at IS NOT NULL"),
    (
        "uq_activities_low_id_high_id_kind",
        ["low_id", "high_id", "kind"],
        "ended_at IS NULL AND NOT shadowed",
    ),
)


def upgrade() -> None:
    """Create the table; of two people and a kind one activity is open at a time."""
    op.create_table(
        "activities",
        sa.Column("id", ID, nullable=False),
        sa.Column("campus_id", ID, nullable=False),
        sa.Column("kind", sa.String(32), nullable=False),
        sa.Column("low_id", ID, nullable=False),
        sa.Column("high_id", ID, nullable=False),
        sa.Column("low_asked", sa.Boolean(), nullable=False),
        sa.Column("stage", sa.String(16), nullable=False),
        sa.Column("options", sa.Text(), nullable=False),
        sa.Column("seed", sa.LargeBinary(), nullable=False),
        sa.Column("position", sa.Text()),
        sa.Column("round", sa.Integer(), nullable=False),
        sa.Column("scores", sa.Text(), nullable=False),
        sa.Column("winner_id", ID),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("started_at", MOMENT),
        sa.Column("ended_at", MOMENT),
        sa.Column("moved_at", MOMENT, nullable=False),
        sa.Column("due_at", MOMENT),
        sa.Column("shadowed", sa.Boolean(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_activities"),
        sa.ForeignKeyConstraint(["campus_id"], ["campuses.id"], name="fk_activities_campus_id"),
        sa.ForeignKeyConstraint(["low_id"], ["people.id"], name="fk_activities_low_id"),
        sa.ForeignKeyConstraint(["high_id"], ["people.id"], name="fk_activities_high_id"),
        sa.CheckConstraint("low_id < high_id", name="ck_activities_order"),
        sa.CheckConstraint(
            "stage IN ('lobby', 'active', 'completed', 'cancelled', 'expired')",
            name="ck_activities_stage",
        ),
    )
    for side in ("low_id", "high_id"):
        op.create_index(f"ix_activities_{side}_id", "activities", [side, "id"])
    for name, columns, condition in INDEXES:
        op.create_index(
            name,
            "activities",
            columns,
            unique=name.startswith("uq_"),
            postgresql_where=sa.text(condition),
            sqlite_where=sa.text(condition),
        )
