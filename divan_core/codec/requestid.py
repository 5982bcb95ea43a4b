"""What a caller may name a request."""

from __future__ import annotations

import re
from typing import Final

_SANE: Final = re.compile(rb"[A-Za-z0-9._-]{1,128}")


def sane(given: bytes | None) -> str | None:
    """The caller's id of a request, if it is 1-128 characters of ``A-Z a-z 0-9 . _ -``."""
    return given.decode() if given and _SANE.fullmatch(given) else None
