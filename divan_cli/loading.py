"""Loading import files through a running Divan, with progress shown."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO, Final

from divan_cli import render
from divan_cli.alone import is_served
from divan_core.bulk.importer import Importer, ImportTools
from divan_core.bulk.report import ImportReport
from divan_core.divan import Divan

_RARELY: Final = (100_000, 20, 50)
"""Objects more than there were at the last collection, and collections of the younger ones until
there is one of the older."""

STALE: Final = (
    "A server is running on this database. Without Redis it does not hear of changes made beside "
    "it, and may show these people as they were until it is started again."
)


async def load(divan: Divan, source: IO[bytes], *, keep_good: bool = False) -> ImportReport:
    """Import a file.

    Raises:
        ImportRefused: there are bad lines and ``keep_good`` is false; nothing was kept.
        ImportOvertaken, StoreUnavailable, OutcomeUnknown: see ``Importer.load``.
    """
    tools = ImportTools(divan.audience, divan.presence, divan.clock, divan.hasher)
    with render.progress() as step, collected_rarely():
        importer = Importer(divan.stores.units, tools)
        report = await importer.load(source, keep_good=keep_good, progress=step)
    if _concerns_the_known(report) and is_served(divan.settings):
        render.tell(STALE)
    return report


@contextmanager
def collected_rarely() -> Iterator[None]:
    """Seldom look for cycles meanwhile, of which an import leaves few.

    What it knows of each line stays until the end, and was looked through again and again: a
    quarter of the time.
    """
    before = gc.get_threshold()
    gc.set_threshold(*_RARELY)
    try:
        yield
    finally:
        gc.set_threshold(*before)


def show(report: ImportReport) -> None:
    """Print how many lines brought what."""
    rows = ((one.kind, one.added, one.changed, one.unchanged) for one in report.tallies)
    render.as_table(("", "added", "changed", "unchanged"), rows)


def _concerns_the_known(report: ImportReport) -> bool:
    """Whether anybody may have changed who existed before."""
    added = {one.kind: one.added for one in report.tallies}
    changed = any(one.changed for one in report.tallies)
    return changed or (not added["person"] and bool(added["friendship"] or added["block"]))
