"""What lives long on huge pages: whoever looks up this and that in much memory mostly waits for it.

A processor remembers where a few thousand pages are. Of 4 KB each those are some megabytes, and
whatever lies elsewhere waits for its page to be looked up first, in a virtual machine twice. So a
server of a large campus takes up to a tenth less time where its memory is on pages of 2 MB.

Linux brings there at once what is in use by then, since version 6.1 (madvise(2), MADV_COLLAPSE).
Elsewhere, and where the system refuses, nothing happens.
"""

from __future__ import annotations

import ctypes
import functools
import mmap
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

import anyio
import anyio.to_thread

HUGE: Final = 2 << 20
"""How many bytes a huge page has, and where it may begin, on x86-64, and on ARM mostly."""

EVERY_S: Final = 60.0
"""How often what has come since is brought there, in seconds."""

_MAPS: Final = Path("/proc/self/maps")
_COLLAPSE: Final = 25
"""MADV_COLLAPSE of linux/mman.h, which Python has no name for."""

_NAME: Final = 5
"""Which word of a line of the maps says what is mapped, where that is not just memory."""

_OURS: Final = ("[heap]", "[anon:")
"""What memory is called where it has a name, but stacks and what the system lends."""

_USED: Final = b"\1"

Collapse = Callable[[int], bool]
"""Brings the small pages from an address on to a huge one; whether they are there then."""


def places(maps: str) -> Iterator[int]:
    """Where huge pages could begin, in the memory that a process has for itself alone.

    ``maps`` is what Linux says of its memory (proc_pid_maps(5)).
    """
    for line in maps.splitlines():
        words = line.split()
        if words[1] == "rw-p" and all(one.startswith(_OURS) for one in words[_NAME:]):
            start, end = (int(one, 16) for one in words[0].split("-"))
            first = -(-start // HUGE) * HUGE
            yield from range(first, end - HUGE + 1, HUGE)


def collapse() -> int:
    """Bring this process's memory to huge pages; how many it has then. Milliseconds for each.

    Where less than half of one would be in use, its small pages stay: so nothing takes more than
    twice the memory that it uses. May be called by a thread beside the others.
    """
    try:
        maps = _MAPS.read_text()
    except OSError:  # no Linux
        return 0
    return sum(map(_collapse(), places(maps)))


async def keep_on_huge_pages() -> None:
    """Do so once a minute, beside what else there is to do, until cancelled."""
    while True:
        await anyio.sleep(EVERY_S)
        await anyio.to_thread.run_sync(collapse)


@functools.cache
def _collapse() -> Collapse:
    """How to do so; elsewhere than on Linux it is not to be called."""
    system = ctypes.CDLL(None)
    madvise, mincore = system.madvise, system.mincore
    madvise.argtypes = ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int
    mincore.argtypes = ctypes.c_void_p, ctypes.c_size_t, ctypes.c_char_p
    pages = HUGE // mmap.PAGESIZE

    def collapse_one(start: int) -> bool:
        used = ctypes.create_string_buffer(pages)
        if mincore(start, HUGE, used) or 2 * used.raw.count(_USED) < pages:
            return False
        return bool(madvise(start, HUGE, _COLLAPSE) == 0)

    return collapse_one
