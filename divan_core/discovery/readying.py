"""Making names ready for what is looked for next, a little at a time."""

from __future__ import annotations

from typing import Final

import anyio.lowlevel

from divan_core.discovery.names import Names

AT_ONCE: Final = 25
"""How many fronts of one campus are made before others are looked after."""


async def ready(names: Names) -> int:
    """Make some of the fronts that are due, and how many those were.

    Each takes two milliseconds; others get their turn after it.
    """
    for made in range(AT_ONCE):
        if not names.lay_out():
            return made
        await anyio.lowlevel.checkpoint()
    return AT_ONCE
