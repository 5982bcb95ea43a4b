"""Runs the revisions as ``divan_core.stores.sql.migrate`` has configured them."""

from alembic import context

context.configure(**context.config.attributes["divan"])

with context.begin_transaction():
    context.run_migrations()
