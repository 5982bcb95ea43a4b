"""What people are found by; ``divan search reindex`` fills it for those who are there already."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "core_0004"
down_revision = "core_0003"
branch_labels = None
depends_on = None

ID = sa.Uuid().with_variant(sa.LargeBinary(16), "sqlite")
FOLDED = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
CODES = sa.LargeBinary().with_variant(postgresql.ARRAY(sa.BigInteger()), "postgresql")

WORDS = sa.text("mirror IS NOT NULL")


def upgrade() -> None:
    """Create the tables of search, empty."""
    op.create_table(
        "search_people",
        sa.Column("user_id", ID, nullable=False),
        sa.Column("campus_id", ID, nullable=False),
        sa.Column("handle", FOLDED, nullable=False),
        sa.Column("name", FOLDED, nullable=False),
        sa.PrimaryKeyConstraint("user_id", name="pk_search_people"),
        sqlite_with_rowid=False,
    )
    create_heads()
    op.create_table(
        "search_holders",
        sa.Column("campus_id", ID, nullable=False),
        sa.Column("text", FOLDED, nullable=False),
        sa.Column("user_id", ID, nullable=False),
        sa.Column("shared", sa.SmallInteger()),
        sa.PrimaryKeyConstraint("campus_id", "text", "user_id", name="pk_search_holders"),
        sqlite_with_rowid=False,
    )
    create_terms()
    op.create_table(
        "search_left",
        sa.Column("campus_id", ID, nullable=False),
        sa.Column("text", FOLDED, nullable=False),
        sa.Column("user_id", ID, nullable=False),
        sa.PrimaryKeyConstraint("campus_id", "text", "user_id", name="pk_search_left"),
        sqlite_with_rowid=False,
    )


def create_heads() -> None:
    """Create the table of how terms begin."""
    op.create_table(
        "search_heads",
        sa.Column("campus_id", ID, nullable=False),
        sa.Column("head", FOLDED, nullable=False),
        sa.Column("length", sa.SmallInteger(), nullable=False),
        sa.Column("text", FOLDED, nullable=False),
        sa.Column("lane", sa.SmallInteger(), nullable=False),
        sa.PrimaryKeyConstraint(
            "campus_id", "head", "length", "text", "lane", name="pk_search_heads"
        ),
        sqlite_with_rowid=False,
    )


def create_terms() -> None:
    """Create the table of terms, and the index of their trigrams."""
    op.create_table(
        "search_terms",
        sa.Column("campus_id", ID, nullable=False),
        sa.Column("text", FOLDED, nullable=False),
        sa.Column("lane", sa.SmallInteger(), nullable=False),
        sa.Column("length", sa.SmallInteger(), nullable=False),
        sa.Column("size", sa.SmallInteger(), nullable=False),
        sa.Column("padded", FOLDED, nullable=False),
        sa.Column("word", FOLDED),
        sa.Column("mirror", FOLDED),
        sa.Column("codes", CODES),
        sa.Column("number", sa.BigInteger()),
        sa.PrimaryKeyConstraint("campus_id", "text", "lane", name="pk_search_terms"),
        sqlite_with_rowid=False,
    )
    for column in ("word", "mirror"):
        op.create_index(
            f"ix_search_terms_length_{column}",
            "search_terms",
            ["campus_id", "length", column],
            postgresql_where=WORDS,
            sqlite_where=WORDS,
        )
    if op.get_context().dialect.name == "postgresql":
        op.create_index("ix_search_terms_codes", "search_terms", ["codes"], postgresql_using="gin")
        return
    op.create_index("ix_search_terms_number", "search_terms", ["number"], unique=True)
    op.execute(
        "CREATE VIRTUAL TABLE search_grams USING fts5(padded, size UNINDEXED,"
        " tokenize='trigram case_sensitive 1', detail=none, columnsize=0)"
    )
    op.execute("INSERT INTO search_grams (search_grams, rank) VALUES ('automerge', 2)")
    op.execute("CREATE VIRTUAL TABLE search_vocabulary USING fts5vocab(search_grams, row)")
