"""Lua scripts, shipped as files beside this module and known to servers by their SHA-1.

A script may begin with lines ``-- include: prelude.lua``, each of which is replaced by that file.
"""

from __future__ import annotations

import hashlib
import re
from importlib.resources import files
from importlib.resources.abc import Traversable

import attrs

_INCLUDE = re.compile(r"^--[ \t]*include:[ \t]*(\S+)[ \t]*$", re.MULTILINE)


def _digest(script: Script) -> bytes:
    """What EVALSHA calls the script. SHA-1 is Redis's choice and protects nothing here."""
    return hashlib.sha1(script.body, usedforsecurity=False).hexdigest().encode()


@attrs.frozen(eq=False)
class Script:
    """A script's text and its digest. ``name`` is for people and logs."""

    name: str
    body: bytes = attrs.field(repr=False)
    digest: bytes = attrs.field(default=attrs.Factory(_digest, takes_self=True), init=False)


def load_script(name: str, folder: Traversable | None = None) -> Script:
    """Read ``<name>.lua`` with what it includes; from the shipped scripts unless told otherwise.

    Raises:
        FileNotFoundError: there is no such script, or it includes one that does not exist.
    """
    place = folder or files("divan_core.stores.redis") / "scripts"
    return Script(name, _expand(place, f"{name}.lua").encode())


def _expand(folder: Traversable, file_name: str) -> str:
    """The file's text, its includes in their places. An included file includes nothing."""
    text = (folder / file_name).read_text(encoding="utf-8")
    return _INCLUDE.sub(
        lambda found: (folder / found.group(1)).read_text(encoding="utf-8").rstrip("\n"),
        text,
    )
