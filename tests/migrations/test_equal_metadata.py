"""That the migrations make exactly the tables that the code believes in."""

import asyncio
import re
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, create_engine
from sqlalchemy.ext.asyncio import create_async_engine

from divan_core.stores.sql.metadata import METADATA
from divan_core.stores.sql.migrate import upgrade
from tests.migrations.conftest import rows
from tests.servers.databases import Databases

SQLITE = """
SELECT type, name, tbl_name, sql FROM sqlite_master
WHERE tbl_name <> 'divan_alembic_version' ORDER BY name
"""

POSTGRES = {
    "columns": """
        SELECT c.relname, a.attname, a.attnum, format_type(a.atttypid, a.atttypmod), a.attnotnull,
               pg_get_expr(d.adbin, d.adrelid), a.attcollation, a.attidentity, a.attgenerated
        FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
        LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum
        WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r' AND a.attnum > 0
              AND NOT a.attisdropped AND c.relname <> 'divan_alembic_version'
        ORDER BY c.relname, a.attnum""",
    "constraints": """
        SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid), condeferrable
        FROM pg_constraint WHERE connamespace = 'public'::regnamespace
             AND conrelid::regclass::text <> 'divan_alembic_version'
        ORDER BY 1, 2""",
    "indexes": """
        SELECT tablename, indexname, indexdef FROM pg_indexes
        WHERE schemaname = 'public' AND tablename <> 'divan_alembic_version' ORDER BY 1, 2""",
    "others": """
        SELECT relkind, relname FROM pg_class WHERE relnamespace = 'public'::regnamespace
        AND relkind NOT IN ('r', 'i') ORDER BY 1, 2""",
}


def squeezed(found: Sequence[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    """Leave out the white space of definitions."""
    return [
        tuple(" ".join(cell.split()) if isinstance(cell, str) else cell for cell in row)
        for row in found
    ]


def sorted_constraints(
    found: Sequence[tuple[Any, ...]],
) -> list[tuple[Any, ...]]:
    """Bring the parts of SQLite's tables into one order: columns as they are, then constraints.

    A column that is added later stands behind the constraints.
    """
    return [(*row[:-1], *_parts(row[-1] or "")) for row in found]


def _parts(statement: str) -> list[str]:
    head, _, body = statement.partition("(")
    body, _, tail = body.rpartition(")")
    parts = [part.strip() for part in re.split(r",(?![^(]*\))", body)]
    constraints = [part for part in parts if part.startswith("CONSTRAINT")]
    columns = [part for part in parts if part not in constraints]
    return [head.strip(), tail.strip(), *columns, *sorted(constraints)]


def on_postgres(url: str) -> dict[str, list[tuple[Any, ...]]]:
    return {name: squeezed(rows(url, sql)) for name, sql in POSTGRES.items()}


async def create_all(url: str) -> None:
    def create(connection: Connection) -> None:
        METADATA.create_all(connection)

    engine = create_async_engine(url.replace("postgresql://", "postgresql+asyncpg://"))
    async with engine.begin() as connection:
        await connection.run_sync(create)
    await engine.dispose()


def test_on_sqlite(tmp_path: Path) -> None:
    migrated, made = (f"sqlite:///{tmp_path}/{name}.db" for name in ("migrated", "made"))
    upgrade(migrated)
    engine = create_engine(made)
    METADATA.create_all(engine)
    engine.dispose()
    found = sorted_constraints(squeezed(rows(migrated, SQLITE)))
    assert len(found) > len(METADATA.tables)
    assert found == sorted_constraints(squeezed(rows(made, SQLITE)))


def test_on_postgres(databases: Databases) -> None:
    with databases.empty() as migrated, databases.empty() as made:
        upgrade(migrated)
        with ThreadPoolExecutor(1) as pool:
            pool.submit(asyncio.run, create_all(made)).result()
        found = on_postgres(migrated)
        assert found["columns"]
        assert found["indexes"]
        assert found == on_postgres(made)
