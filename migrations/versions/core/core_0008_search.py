"""What people are called stands where they are found, and terms come in finer classes.

The index of people is emptied; ``divan search bootstrap`` or ``divan search reindex`` fills it.
"""

import sqlalchemy as sa
from alembic import op

revision = "core_0008"
down_revision = "core_0007"
branch_labels = None
depends_on = None

ID = sa.Uuid().with_variant(sa.LargeBinary(16), "sqlite")
FOLDED = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    """Empty the tables of search, and make that of who has a term anew."""
    if op.get_context().dialect.name == "sqlite":
        for table in ("search_people", "search_heads", "search_terms", "search_grams"):
            op.execute(f"DELETE FROM {table}")  # noqa: S608 - names of its own
    else:
        op.execute("TRUNCATE search_people, search_heads, search_terms, search_left")
    op.drop_table("search_holders")
    op.create_table(
        "search_holders",
        sa.Column("campus_id", ID, nullable=False),
        sa.Column("text", FOLDED, nullable=False),
        sa.Column("user_id", ID, nullable=False),
        sa.Column("shared", sa.SmallInteger()),
        sa.Column("handle", FOLDED, nullable=False),
        sa.Column("name", FOLDED, nullable=False),
        sa.PrimaryKeyConstraint("campus_id", "text", "user_id", name="pk_search_holders"),
        sqlite_with_rowid=False,
    )
