"""When CPython looks for cycles of garbage, where it would look through much for nothing."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

_YOUNG: Final = 20_000
"""Objects more than there were at the last collection, until there is another: some megabytes."""


def settle_memory() -> None:
    """Keep what lives for ever out of collections: full ones stall a server of many sockets.

    Those of what is young are made rare: thirty requests that wait for a store are more objects
    than CPython waits for, so they were looked through for cycles, of which they leave none,
    every dozen requests.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(_YOUNG, *gc.get_threshold()[1:])


@contextmanager
def settled_memory() -> Iterator[None]:
    """The same for as long as much is read, portion by portion; then it is as before."""
    before = gc.get_threshold()
    settle_memory()
    try:
        yield
    finally:
        gc.unfreeze()
        gc.set_threshold(*before)
