"""What handles look like, sign-in by mailbox, and the erasure of people."""

import sqlalchemy as sa
from alembic import op

revision = "core_0003"
down_revision = "core_0002"
branch_labels = None
depends_on = None

ID = sa.Uuid().with_variant(sa.LargeBinary(16), "sqlite")
MOMENT = sa.TIMESTAMP(timezone=True).with_variant(sa.BigInteger(), "sqlite")

LOOK = {"0": "o", "1": "l", "m": "rn", "w": "vv", ".": "", "_": ""}
"""What handles looked like in the version of this revision."""


def upgrade() -> None:
    """Add what accounts need."""
    op.add_column("people", sa.Column("handle_key", sa.String(60)))
    fill_handle_keys()
    op.create_index("uq_people_handle_key", "people", ["handle_key"], unique=True)
    create_logins()
    create_registrations()
    create_sessions()
    create_erasures()


def fill_handle_keys() -> None:
    """Give each handle the key of what it looks like, the oldest of those that are alike.

    The others keep their handles, with keys that no new handle can have: their ids.
    """
    look = "handle"
    for letter, seen in LOOK.items():
        look = f"replace({look}, '{letter}', '{seen}')"
    digits = "hex(id)" if op.get_context().dialect.name == "sqlite" else "id::text"
    op.execute(f"""
        UPDATE people SET handle_key = CASE
            WHEN ranked.place = 1 THEN ranked.look ELSE '~' || lower({digits}) END
        FROM (
            SELECT id AS person_id, {look} AS look,
                row_number() OVER (PARTITION BY {look} ORDER BY created_at, id) AS place
            FROM people WHERE NOT deleted
        ) AS ranked
        WHERE people.id = ranked.person_id
    """)  # noqa: S608 - all of it is written here


def create_logins() -> None:
    """Create the table of logins, with one for each mailbox: its oldest person's."""
    op.create_table(
        "logins",
        sa.Column("user_id", ID, nullable=False),
        sa.Column("email_key", sa.Text(), nullable=False),
        sa.Column("password_hash", sa.Text()),
        sa.Column("verified_at", MOMENT),
        sa.PrimaryKeyConstraint("user_id", name="pk_logins"),
        sa.ForeignKeyConstraint(["user_id"], ["people.id"], name="fk_logins_user_id"),
    )
    # lower() of SQLite knows ASCII only, which is what nearly all addresses are made of.
    op.execute("""
        INSERT INTO logins (user_id, email_key)
        SELECT id, mailbox FROM (
            SELECT id, lower(email) AS mailbox,
                row_number() OVER (PARTITION BY lower(email) ORDER BY created_at, id) AS place
            FROM people WHERE email IS NOT NULL AND NOT deleted
        ) AS ranked WHERE place = 1
    """)
    op.create_index("uq_logins_email_key", "logins", ["email_key"], unique=True)


def create_registrations() -> None:
    """Create the table of those who wait to be verified."""
    op.create_table(
        "registrations",
        sa.Column("id", ID, nullable=False),
        sa.Column("campus_id", ID, nullable=False),
        sa.Column("email", sa.Text(), nullable=False),
        sa.Column("email_key", sa.Text(), nullable=False),
        sa.Column("handle", sa.String(30), nullable=False),
        sa.Column("display_name", sa.String(80), nullable=False),
        sa.Column("password_hash", sa.Text(), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("expires_at", MOMENT, nullable=False),
        sa.Column("mail_at", MOMENT),
        sa.PrimaryKeyConstraint("id", name="pk_registrations"),
        sa.ForeignKeyConstraint(["campus_id"], ["campuses.id"], name="fk_registrations_campus_id"),
    )
    columns = ["email_key", "created_at"]
    op.create_index("ix_registrations_email_key_created_at", "registrations", columns)
    op.create_index("ix_registrations_expires_at", "registrations", ["expires_at"])
    create_partial_index("registrations", "mail_at", "mail_at", "mail_at IS NOT NULL")


def create_sessions() -> None:
    """Create the table of sessions."""
    op.create_table(
        "sessions",
        sa.Column("id", ID, nullable=False),
        sa.Column("user_id", ID, nullable=False),
        sa.Column("token_hash", sa.LargeBinary(32), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("expires_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_sessions"),
        sa.ForeignKeyConstraint(["user_id"], ["people.id"], name="fk_sessions_user_id"),
    )
    op.create_index("ix_sessions_user_id_id", "sessions", ["user_id", "id"])
    op.create_index("ix_sessions_expires_at", "sessions", ["expires_at"])


def create_erasures() -> None:
    """Create the table of how far erasures have come."""
    op.create_table(
        "erasures",
        sa.Column("user_id", ID, nullable=False),
        sa.Column("campus_id", ID, nullable=False),
        sa.Column("step", sa.String(64), nullable=False),
        sa.Column("started_at", MOMENT, nullable=False),
        sa.Column("finished_at", MOMENT),
        sa.PrimaryKeyConstraint("user_id", name="pk_erasures"),
        sa.ForeignKeyConstraint(["user_id"], ["people.id"], name="fk_erasures_user_id"),
    )
    create_partial_index("erasures", "waiting", "started_at", "finished_at IS NULL")


def create_partial_index(table: str, name: str, column: str, condition: str) -> None:
    """Create an index of the rows for which ``condition`` is true."""
    only = sa.text(condition)
    op.create_index(f"ix_{table}_{name}", table, [column], postgresql_where=only, sqlite_where=only)
