"""Campuses, people, friendships and blocks."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "core_0001"
down_revision = None
branch_labels = ("core",)
depends_on = None

ID = sa.Uuid().with_variant(sa.LargeBinary(16), "sqlite")
MOMENT = sa.TIMESTAMP(timezone=True).with_variant(sa.BigInteger(), "sqlite")
JSON_LIST = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")


def upgrade() -> None:
    """Create the tables that everything else needs."""
    op.create_table(
        "campuses",
        sa.Column("id", ID, nullable=False),
        sa.Column("name", sa.String(120), nullable=False),
        sa.Column("lat", sa.Double(), nullable=False),
        sa.Column("lon", sa.Double(), nullable=False),
        sa.Column("timezone", sa.String(64), nullable=False),
        sa.Column("radius_m", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_campuses"),
    )
    create_people()
    create_pairs("friendships", ("low_id", "high_id"), ("order", "low_id < high_id"))
    create_pairs("blocks", ("by_id", "target_id"), ("not_oneself", "by_id <> target_id"))


def create_people() -> None:
    """Create the table of people and its indexes."""
    op.create_table(
        "people",
        sa.Column("id", ID, nullable=False),
        sa.Column("campus_id", ID, nullable=False),
        sa.Column("handle", sa.String(30), nullable=False),
        sa.Column("display_name", sa.String(80), nullable=False),
        sa.Column("avatar_url", sa.String(500)),
        sa.Column("email", sa.Text()),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("visibility", sa.String(16), nullable=False),
        sa.Column("blur_distance_m", sa.SmallInteger(), nullable=False),
        sa.Column("ghost_mode", sa.Boolean(), nullable=False),
        sa.Column("chat_from", sa.String(16), nullable=False),
        sa.Column("roles", JSON_LIST, nullable=False),
        sa.Column("deleted", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_people"),
        sa.ForeignKeyConstraint(["campus_id"], ["campuses.id"], name="fk_people_campus_id"),
        sa.UniqueConstraint("handle", name="uq_people_handle"),
        sa.CheckConstraint(
            "visibility IN ('everyone', 'friends', 'none')", name="ck_people_visibility"
        ),
        sa.CheckConstraint("chat_from IN ('everyone', 'friends')", name="ck_people_chat_from"),
    )
    op.create_index("ix_people_campus_id_id", "people", ["campus_id", "id"])


def create_pairs(table: str, columns: tuple[str, str], check: tuple[str, str]) -> None:
    """Create a table of pairs of people, found quickly from either side."""
    first, second = columns
    rule, condition = check
    op.create_table(
        table,
        sa.Column(first, ID, nullable=False),
        sa.Column(second, ID, nullable=False),
        sa.PrimaryKeyConstraint(first, second, name=f"pk_{table}"),
        sa.ForeignKeyConstraint([first], ["people.id"], name=f"fk_{table}_{first}"),
        sa.ForeignKeyConstraint([second], ["people.id"], name=f"fk_{table}_{second}"),
        sa.CheckConstraint(condition, name=f"ck_{table}_{rule}"),
        sqlite_with_rowid=False,
    )
    op.create_index(f"ix_{table}_{second}_{first}", table, [second, first])
