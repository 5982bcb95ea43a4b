"""How deeply JSON is nested and how much is in it, found out without reading it.

The decoder's own limit of depth is the interpreter's, which differs between versions of CPython;
of members it has none, and a body of a megabyte can have a hundred thousand.
"""

from __future__ import annotations

import re
from itertools import accumulate
from typing import Final

DEEPEST: Final = 128
"""Levels of lists and objects within each other; everything Divan reads is far below."""

MOST: Final = 20_000
"""Members of objects and items of lists in one JSON text, all together."""

# A string that does not end is one up to the end, so that no text is looked at twice.
_STRINGS: Final = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*(?:"|\\?\Z)', re.DOTALL)
_OTHERS: Final = bytes(one for one in range(256) if one not in b"[]{}")
_STEPS: Final = bytes.maketrans(b"[{]}", b"\x01\x01\xff\xff")
"""One level in, or one out as the signed byte of -1."""


def too_deep(body: bytes) -> bool:
    """Whether JSON is nested deeper than :data:`DEEPEST`."""
    if len(body) <= DEEPEST or body.count(b"[") + body.count(b"{") <= DEEPEST:
        return False
    steps = _STRINGS.sub(b"", body).translate(_STEPS, _OTHERS)
    return max(accumulate(memoryview(steps).cast("b")), default=0) > DEEPEST


def too_many(body: bytes) -> bool:
    """Whether JSON holds more members and items than :data:`MOST`; the first of each is free."""
    if len(body) <= MOST or body.count(b",") < MOST:
        return False
    return _STRINGS.sub(b"", body).count(b",") >= MOST
