"""The index of search keeps little in its list of what is new, which every question reads.

Nothing has to be made anew.
"""

from alembic import op

revision = "core_0009"
down_revision = "core_0008"
branch_labels = None
depends_on = None

INDEX = "ix_search_terms_codes"


def upgrade() -> None:
    """Bound the list, and empty the one there is; only PostgreSQL has it."""
    if op.get_context().dialect.name == "postgresql":
        op.execute(f"ALTER INDEX {INDEX} SET (gin_pending_list_limit = 64)")
        op.execute(f"SELECT gin_clean_pending_list('{INDEX}')")
