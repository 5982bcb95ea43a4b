"""What is on record: the chain of the audit."""

import sqlalchemy as sa
from alembic import op

revision = "moderation_0003"
down_revision = "moderation_0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the table of entries, and that of the one row which is its end."""
    op.create_table(
        "audit_entries",
        sa.Column("seq", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("campus", sa.LargeBinary(16)),
        sa.Column("person", sa.LargeBinary(16)),
        sa.Column("about", sa.String(128), nullable=False),
        sa.Column("payload", sa.Text(), nullable=False),
        sa.Column("words", sa.Text()),
        sa.Column("salt", sa.LargeBinary(16)),
        sa.Column("words_hash", sa.LargeBinary(32)),
        sa.Column("mac", sa.LargeBinary(32), nullable=False),
        sa.PrimaryKeyConstraint("seq", name="pk_audit_entries"),
        sqlite_with_rowid=False,
    )
    for column, condition in (("campus", "campus"), ("person", "words")):
        only = sa.text(f"{condition} IS NOT NULL")
        op.create_index(
            f"ix_audit_entries_{column}",
            "audit_entries",
            [column, "seq"],
            postgresql_where=only,
            sqlite_where=only,
        )
    op.create_index("ix_audit_entries_about", "audit_entries", ["about", "seq"])
    op.create_table(
        "audit_head",
        sa.Column("id", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("mac", sa.LargeBinary(32), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_audit_head"),
    )
