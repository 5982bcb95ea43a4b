"""The links in a text, and which of them lead where none should. Pure."""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import Final

_LINK: Final = re.compile(r"(?:https?:/{1,3}|www\.)[^\s<>\"'`]{1,2000}")
_HOST_ENDS: Final = re.compile(r"[/?#\\]")
_DOTS: Final = str.maketrans("\u3002\uff0e\uff61", "...")
"""What browsers read as a dot (UTS #46)."""


def links(plain: str) -> list[str]:
    """The links of a folded text, in their order."""
    if "http" not in plain and "www." not in plain:
        return []
    return _LINK.findall(plain.translate(_DOTS))


def host(link: str) -> str:
    """The host that a link names, without user, port and last dot."""
    _, scheme, rest = link.partition(":/")
    named = _HOST_ENDS.split((rest if scheme else link).lstrip("/"), maxsplit=1)[0]
    named = named.rpartition("@")[2]
    return named.partition(":")[0].rstrip(".,;!)]}")


def is_denied(named: str, denied: Collection[str]) -> bool:
    """Whether a host is one of these domains, or below one of them."""
    while named:
        if named in denied:
            return True
        named = named.partition(".")[2]
    return False
