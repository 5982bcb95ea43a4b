"""Leaderboards: what counts, scores in the order of every board, badges."""

import sqlalchemy as sa
from alembic import op

revision = "core_0011"
down_revision = "core_0010"
branch_labels = None
depends_on = None

ID = sa.Uuid().with_variant(sa.LargeBinary(16), "sqlite")
MOMENT = sa.TIMESTAMP(timezone=True).with_variant(sa.BigInteger(), "sqlite")
POSITION = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
SCOPES = ("overall", "social", "engagement", "popularity")


def upgrade() -> None:
    """Make the tables, and an index by which invites whose time is over are found."""
    _deeds()
    _scores()
    _beside()
    _index("ix_invites_expires_at", "invites", ["expires_at", "id"], "state = 'open'")


def _deeds() -> None:
    op.create_table(
        "deeds",
        sa.Column("user_id", ID, nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("cause", ID, nullable=False),
        sa.Column("per", sa.Integer(), nullable=False),
        sa.Column("campus_id", ID, nullable=False),
        sa.Column("day", sa.Integer(), nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("peer_id", ID),
        sa.Column("hidden", sa.Boolean(), nullable=False),
        sa.Column("shunned", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("user_id", "kind", "cause", "per", name="pk_deeds"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_deeds_user_id", "deeds", ["user_id", "day", "kind", "at", "cause"])
    op.create_index("ix_deeds_day", "deeds", ["campus_id", "day"])
    _index("ix_deeds_peer_id", "deeds", ["peer_id"], "peer_id IS NOT NULL")
    _index("ix_deeds_rooms", "deeds", ["cause"], "kind IN ('created', 'joined')")
    op.create_table(
        "score_marks",
        sa.Column("position", POSITION, sa.Identity(always=True), nullable=False),
        sa.Column("campus_id", ID, nullable=False),
        sa.Column("user_id", ID, nullable=False),
        sa.Column("day", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("position", name="pk_score_marks"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_score_marks_campus_id_position", "score_marks", ["campus_id", "position"])


def _scores() -> None:
    op.create_table(
        "scores",
        sa.Column("user_id", ID, nullable=False),
        sa.Column("period", sa.SmallInteger(), nullable=False),
        sa.Column("day", sa.Integer(), nullable=False),
        sa.Column("campus_id", ID, nullable=False),
        *(sa.Column(name, sa.BigInteger(), nullable=False) for name in SCOPES),
        sa.Column("streak", sa.SmallInteger(), nullable=False),
        sa.PrimaryKeyConstraint("user_id", "period", "day", name="pk_scores"),
        sqlite_with_rowid=False,
    )
    for name in SCOPES:
        columns = ["campus_id", "period", "day", name, "user_id"]
        _index(f"ix_scores_{name}", "scores", columns, f"{name} > 0")
    _index("ix_scores_streak", "scores", ["campus_id", "day", "user_id"], "streak = 30")
    op.create_table(
        "score_steps",
        sa.Column("campus_id", ID, nullable=False),
        sa.Column("period", sa.SmallInteger(), nullable=False),
        sa.Column("day", sa.Integer(), nullable=False),
        sa.Column("scope", sa.String(16), nullable=False),
        sa.Column("step", sa.Integer(), nullable=False),
        sa.Column("people", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint(
            "campus_id", "period", "day", "scope", "step", name="pk_score_steps"
        ),
        sqlite_with_rowid=False,
    )


def _beside() -> None:
    op.create_table(
        "score_books",
        sa.Column("campus_id", ID, nullable=False),
        *(
            sa.Column(name, sa.Integer(), nullable=False)
            for name in ("opened", "filled", "closed", "turn")
        ),
        sa.PrimaryKeyConstraint("campus_id", name="pk_score_books"),
    )
    op.create_table(
        "badges",
        sa.Column("user_id", ID, nullable=False),
        sa.Column("day", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(24), nullable=False),
        sa.Column("campus_id", ID, nullable=False),
        sa.PrimaryKeyConstraint("user_id", "day", "kind", name="pk_badges"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_badges_campus_id_day", "badges", ["campus_id", "day"])
    op.create_table(
        "best_streaks",
        sa.Column("user_id", ID, nullable=False),
        sa.Column("best", sa.SmallInteger(), nullable=False),
        sa.PrimaryKeyConstraint("user_id", name="pk_best_streaks"),
    )


def _index(name: str, table: str, columns: list[str], condition: str) -> None:
    only = sa.text(condition)
    op.create_index(name, table, columns, postgresql_where=only, sqlite_where=only)
