"""Handles: how they are written, and which of them look alike. Pure.

What looks alike follows the ASCII part of Unicode's ``confusables.txt`` (UTS #39, section 4): ``0``
is read as ``o``, ``1`` as ``l`` and ``m`` as ``rn``. ``vv`` for ``w`` is our own addition, as is
that separators do not count. ``i`` stays itself, as it does there: it is the capital that looks
like ``l``, and handles have none; taking both for one would refuse real names (``ian``, ``lan``).
"""

from __future__ import annotations

import re
import unicodedata
from typing import Final

HANDLE: Final = re.compile(r"[a-z][a-z0-9._]{2,29}")
"""What a handle is made of, once it is normalised."""

GONE: Final = re.compile(r"~[0-9a-f]{29}")
"""What stands in the place of a deleted person's handle; nobody can choose it."""

RESERVED: Final = "~"
"""How a key begins that is no skeleton, so that no new handle can have it."""

_LOOK: Final = str.maketrans({"0": "o", "1": "l", "m": "rn", "w": "vv", ".": None, "_": None})


def normalised(handle: str) -> str:
    """The handle as it is kept: NFKC, case folded, without white space around it."""
    if handle.isascii():
        return handle.strip().lower()
    folded = unicodedata.normalize("NFKC", handle).casefold()
    return unicodedata.normalize("NFKC", folded).strip()


def skeleton(handle: str) -> str:
    """What a normalised handle looks like: the same for those that are taken for each other."""
    return handle.translate(_LOOK)


def gone(hexadecimal: str) -> str:
    """What replaces the handle of a deleted person, by their id's 32 hexadecimal digits."""
    return f"{RESERVED}{hexadecimal[3:]}"
