"""Cases, and the reports that they gather."""

import sqlalchemy as sa
from alembic import op

revision = "moderation_0004"
down_revision = "moderation_0003"
branch_labels = None
depends_on = None

ID = sa.Uuid().with_variant(sa.LargeBinary(16), "sqlite")
MOMENT = sa.TIMESTAMP(timezone=True).with_variant(sa.BigInteger(), "sqlite")
LIVE = sa.text("decision IS NULL")


def upgrade() -> None:
    """Create the tables of cases and of reports."""
    create_cases()
    op.create_table(
        "reports",
        sa.Column("id", ID, nullable=False),
        sa.Column("case_id", ID, nullable=False),
        sa.Column("reporter_id", ID, nullable=False),
        sa.Column("reason", sa.String(16), nullable=False),
        sa.Column("weight", sa.Integer(), nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("note", sa.Text()),
        sa.PrimaryKeyConstraint("id", name="pk_reports"),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name="fk_reports_case_id"),
        sa.UniqueConstraint("case_id", "reporter_id", name="uq_reports_case_id_reporter_id"),
    )
    op.create_index("ix_reports_reporter_id_id", "reports", ["reporter_id", "id"])


def create_cases() -> None:
    """Create the table of cases, of which a subject has one live one at most."""
    op.create_table(
        "cases",
        sa.Column("id", ID, nullable=False),
        sa.Column("campus_id", ID, nullable=False),
        sa.Column("subject_kind", sa.String(16), nullable=False),
        sa.Column("subject_id", ID, nullable=False),
        sa.Column("owner_id", ID),
        sa.Column("reason", sa.String(16), nullable=False),
        sa.Column("status", sa.String(16), nullable=False),
        sa.Column("severity", sa.SmallInteger(), nullable=False),
        sa.Column("weight", sa.Integer(), nullable=False),
        sa.Column("reports", sa.Integer(), nullable=False),
        sa.Column("light", sa.Integer(), nullable=False),
        sa.Column("brigading", sa.Boolean(), nullable=False),
        sa.Column("assigned_to", ID),
        sa.Column("leased_to", ID),
        sa.Column("leased_until", MOMENT),
        sa.Column("decision", sa.String(16)),
        sa.Column("decided_by", ID),
        sa.Column("decided_at", MOMENT),
        sa.Column("opened_at", MOMENT, nullable=False),
        sa.Column("reported_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_cases"),
        sa.CheckConstraint(
            "status IN ('open', 'escalated', 'actioned', 'dismissed', 'closed')",
            name="ck_cases_status",
        ),
    )
    op.create_index("ix_cases_campus_id_id", "cases", ["campus_id", "id"])
    for column in ("subject_id", "owner_id", "opened_at", "decided_at"):
        op.create_index(f"ix_cases_{column}", "cases", [column])
    for name, columns, unique in (
        ("ix_cases_urgent", ["severity", "id"], False),
        ("uq_cases_subject_kind_subject_id", ["subject_kind", "subject_id"], True),
    ):
        op.create_index(
            name, "cases", columns, unique=unique, postgresql_where=LIVE, sqlite_where=LIVE
        )
