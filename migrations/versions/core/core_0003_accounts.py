"""What handles look like, sign-in by mailbox, and the erasure of people."""

import sqlalchemy as sa
from alembic import op

revision = "core_0003"
down_revision = "core_0002"
branch_labels = None
depends_on = None

LOOK = {"0": "o", "1": "l", "m": "rn", "w": "vv", ".": "", "_": ""}
"""What handles looked like in the version of this revision."""


def upgrade() -> None:
    """Add what accounts need."""
    op.add_column("people", sa.Column("handle_key", sa.String(60)))
    fill_handle_keys()
    op.create_index("uq_people_handle_key", "people", ["handle_key"], unique=True)


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
