"""Appeals, and which cases have one that waits."""

import sqlalchemy as sa
from alembic import op

revision = "moderation_0008"
down_revision = "moderation_0007"
branch_labels = None
depends_on = None

ID = sa.Uuid().with_variant(sa.LargeBinary(16), "sqlite")
MOMENT = sa.TIMESTAMP(timezone=True).with_variant(sa.BigInteger(), "sqlite")


def upgrade() -> None:
    """Create the table of appeals, and add to cases whether one waits."""
    waits: sa.Column[bool] = sa.Column(
        "appeal_open", sa.Boolean(), nullable=False, server_default=sa.false()
    )
    op.add_column("cases", waits)
    only("appeal_open", "ix_cases_appeal_open", "cases", "severity", "id")
    op.create_table(
        "appeals",
        sa.Column("id", ID, nullable=False),
        sa.Column("case_id", ID, nullable=False),
        sa.Column("campus_id", ID, nullable=False),
        sa.Column("appellant_id", ID, nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("note", sa.Text()),
        sa.Column("status", sa.String(16), nullable=False),
        sa.Column("resolved_at", MOMENT),
        sa.Column("resolver_id", ID),
        sa.Column("outcome_note", sa.Text()),
        sa.PrimaryKeyConstraint("id", name="pk_appeals"),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name="fk_appeals_case_id"),
        sa.UniqueConstraint("case_id", "appellant_id", name="uq_appeals_case_id_appellant_id"),
        sa.CheckConstraint("status IN ('open', 'accepted', 'rejected')", name="ck_appeals_status"),
    )
    op.create_index("ix_appeals_appellant_id_id", "appeals", ["appellant_id", "id"])
    op.create_index("ix_appeals_campus_id_id", "appeals", ["campus_id", "id"])
    only("status = 'open'", "ix_appeals_open", "appeals", "id")


def only(condition: str, name: str, table: str, *columns: str) -> None:
    """Create an index of the rows for which a condition is true."""
    where = sa.text(condition)
    op.create_index(name, table, list(columns), postgresql_where=where, sqlite_where=where)
