"""The reference of errors, from their classes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from divan_core import errors
from divan_core.codec.problems import STATUSES
from divan_core.errors import ConfigurationError, DivanError
from docsite.words import first_line

_HEAD: Final = """\
# Errors

Every refusal has a `code` that never changes its meaning: in the `code` of a problem document on
HTTP, in `error.code` of an acknowledgement on sockets, and as the class `divan_core.errors.NAME` in
the library.

"""
_NEVER_SENT: Final = (DivanError, ConfigurationError)


def page() -> str:
    """The page in Markdown."""
    found = {one.code: one for one in _classes()}
    return _HEAD + "\n".join(_section(found[code]) for code in sorted(found))


def _classes() -> Iterator[type[DivanError]]:
    for name in errors.__all__:
        one = getattr(errors, name)
        if isinstance(one, type) and issubclass(one, DivanError) and one not in _NEVER_SENT:
            yield one


def _section(one: type[DivanError]) -> str:
    status = STATUSES[one.kind]
    return (
        f"## `{one.code}` {{ #{one.code} }}\n\n"
        f"{status}, `{one.__name__}`. {one.title}. {first_line(one)}\n"
    )
