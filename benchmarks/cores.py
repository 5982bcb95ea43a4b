"""The server that is measured has a core for itself, where there is another one for all else.

Otherwise the scheduler puts clients and stores on whichever core is idle for a moment, and where
that was is a part of what is measured. On one core, and where a process cannot be tied to any,
they share what there is.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from collections.abc import Set as AbstractSet
from contextlib import contextmanager
from typing import Final

_TIES: Final = hasattr(os, "sched_setaffinity")
_ALL: Final = frozenset(os.sched_getaffinity(0) if _TIES else ())

SERVERS: Final = frozenset(sorted(_ALL)[:1])
OTHERS: Final = _ALL - SERVERS or _ALL


@contextmanager
def tied(cores: AbstractSet[int]) -> Iterator[None]:
    """This thread, and whatever it starts meanwhile, runs on these cores alone."""
    if not _TIES:
        yield
        return
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, cores)
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)
