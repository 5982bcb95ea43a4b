"""How many entries of the audit a second are checked: CPU time of this process, by store."""

from __future__ import annotations

import tempfile
import time
from pathlib import Path
from statistics import median
from typing import Final
from uuid import UUID

import attrs

from benchmarks.report import table
from benchmarks.world import settings
from divan_core import Divan, embedded_stores
from divan_core.kernel.clock import Millis
from divan_core.kernel.ids import CampusId, UserId
from divan_core.kernel.trail import Deed
from divan_core.stores.bundle import Stores, StoreUnit
from divan_core.stores.factories import sql_stores
from divan_core.stores.sql.migrate import upgrade
from tests.servers.databases import Databases
from tests.servers.postgres import PostgresServer

ENTRIES: Final = 50_000
AT_ONCE: Final = 1_000
ROUNDS: Final = 3
WANTED: Final = 100_000
WORDS: Final = "What they wrote to others there, three times since Monday."


async def run() -> None:
    """Print the table: entries without words and with some, on SQLite and PostgreSQL."""
    rows: list[tuple[str, ...]] = []
    for name, words in (("without words", None), ("with words", WORDS)):
        with tempfile.TemporaryDirectory() as folder:
            stores = embedded_stores(Path(folder, "divan.sqlite3"))
            rows.append(("SQLite", name, await _measured(stores, words)))
        with (
            PostgresServer() as postgres,
            Databases(postgres.url, _migrate) as databases,
            databases.migrated() as url,
        ):
            rows.append(("PostgreSQL", name, await _measured(sql_stores(url), words)))
    rows.append(("wanted", "", f"{WANTED:,}"))
    table("Checking the audit", ("store", "entries", "a second"), rows)


def _migrate(url: str) -> None:
    upgrade(url)


async def _measured(stores: Stores, words: str | None) -> str:
    quiet = attrs.evolve(settings(), workers_enabled=False)
    async with Divan.open(quiet, stores=stores) as divan:
        await _fill(divan, words)
        rates: list[float] = []
        for _ in range(ROUNDS):
            began = time.process_time()
            found = await divan.audit.verify()
            rates.append(ENTRIES / (time.process_time() - began))
            assert (found.ok, found.count) == (True, ENTRIES)
    return f"{median(rates):,.0f}"


async def _fill(divan: Divan, words: str | None) -> None:
    for first in range(0, ENTRIES, AT_ONCE):

        async def body(unit: StoreUnit, first: int = first) -> None:
            deeds = (_deed(divan, number, words) for number in range(first, first + AT_ONCE))
            await divan.audit.append(unit, *deeds)

        await divan.stores.units.write(body, locking=True)


def _deed(divan: Divan, number: int, words: str | None) -> Deed:
    """Somebody of the staff decides about a case."""
    about = UUID(int=number)
    return Deed(
        action="case.assigned",
        about=f"case:{about}",
        at=Millis(divan.clock.now() + number),
        campus_id=CampusId(UUID(int=1)),
        actor_id=UserId(UUID(int=2)),
        person_id=UserId(about),
        data={"subject_type": "user", "subject_id": str(about), "status": "open", "severity": 3},
        words=words,
    )
