"""The reference of settings, from their classes."""

from __future__ import annotations

import inspect
from typing import Final

from divan_core.configuration import MASK, describe, load
from divan_core.settings import Settings
from docsite.words import prose, table

_HEAD: Final = """\
# Settings

A variable, or the key in the TOML file that `DIVAN_CONFIG` names; a variable wins.
`divan config show` prints what is in force and where it comes from; `divan doctor` says what is
wrong with it.

"""


def page() -> str:
    """The page in Markdown."""
    rows = (
        (f"`{one.name}`", f"`{one.key}`", f"`{_shown(one.value)}`" if one.value != "" else "")
        for one in describe(load({}))
    )
    words = prose(inspect.getdoc(Settings) or "")
    return f"{_HEAD}{words}\n\n" + table(("variable", "in the file", "default"), rows)


def _shown(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, tuple):
        return ", ".join(value) or " "
    return str(value).replace(MASK, "")
