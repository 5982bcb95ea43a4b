"""What the two statements of search cost, on a database of people with real-looking names.

``python -m benchmarks.search_sql ADDRESS PEOPLE``: the database is migrated and filled unless it
has so many people already. Prints the time of the import, and of each statement by what is typed.
"""

from __future__ import annotations

import random
import sys
import time
from collections import defaultdict
from collections.abc import Sequence
from statistics import median, quantiles

import anyio

from benchmarks import names
from benchmarks.report import table
from divan_core.discovery.model import ENOUGH, MOST_IN_TIER, Wanted, wanted
from divan_core.stores.bundle import RelationalStores, StoreUnit
from divan_core.stores.sql.store import open_sql
from divan_core.testing.contracts.samples import campus, campus_id, person, running

BATCH = 1_000
ASKED = 1_500


async def run(url: str, count: int) -> None:
    """Fill the database, and print the table."""
    people = list(names.people(count))
    async with running(open_sql(url, migrate=True)) as stores:
        if await stores.units.read(lambda unit: unit.people.count(campus_id(1))) < count:
            print(f"put: {await _filled(stores, people):.1f} s")
        taken: defaultdict[str, list[float]] = defaultdict(list)
        found: defaultdict[str, list[int]] = defaultdict(list)
        for kind, query in _asked(people):
            await _measured(stores, kind, query, taken, found)
    rows = [_row(kind, taken[kind], found[kind]) for kind in sorted(taken)]
    header = ("statement", "calls", "p50 ms", "p95 ms", "max ms", "people found, mean")
    table(f"{url.partition(':')[0]}: {count:,} people", header, rows)


def _asked(people: Sequence[names.NamedPerson]) -> list[tuple[str, Wanted]]:
    found = []
    for query in names.queries(ASKED, 5, people):
        look = wanted(query)
        if look is None:
            continue
        known = len(query) <= 6 and " " not in look.text
        kind = "prefix" if known else "whole" if " " in query else "slip"
        found.append((kind, look))
    return found


async def _measured(
    stores: RelationalStores,
    kind: str,
    query: Wanted,
    taken: defaultdict[str, list[float]],
    found: defaultdict[str, list[int]],
) -> None:
    began = time.perf_counter()
    first = await stores.search.beginning(campus_id(1), query, MOST_IN_TIER)
    taken[f"beginning, {kind}"].append(time.perf_counter() - began)
    found[f"beginning, {kind}"].append(len(first))
    if len(first) < ENOUGH:
        began = time.perf_counter()
        others = await stores.search.resembling(campus_id(1), query, MOST_IN_TIER)
        took = time.perf_counter() - began
        taken[f"resembling, {kind}"].append(took)
        found[f"resembling, {kind}"].append(len(others.inside) + len(others.similar))
        if "-v" in sys.argv and took > 0.02:
            print(f"{took * 1000:.1f} {query.text} {len(others.inside)} {len(others.similar)}")


async def _filled(stores: RelationalStores, people: Sequence[names.NamedPerson]) -> float:
    rows = [person(at, handle=one[0], display_name=one[1]) for at, one in enumerate(people, 1)]
    portions = [rows[at : at + BATCH] for at in range(0, len(rows), BATCH)]
    random.Random(1).shuffle(portions)

    async def body(unit: StoreUnit) -> None:
        await unit.campuses.put([campus()])
        for portion in portions:
            await unit.people.put(portion)

    began = time.perf_counter()
    await stores.units.write(body)
    return time.perf_counter() - began


def _row(kind: str, taken: list[float], found: list[int]) -> tuple[object, ...]:
    cuts = quantiles(taken, n=100) if len(taken) > 1 else taken * 100
    times = (median(taken), cuts[94], max(taken))
    return (
        kind,
        len(taken),
        *(f"{one * 1000:.2f}" for one in times),
        f"{sum(found) / len(found):.0f}",
    )


if __name__ == "__main__":
    anyio.run(run, sys.argv[1], int(sys.argv[2]))
