r"""Patterns of RE2, which are matched in time linear in the text, whatever the pattern. Pure.

RE2 follows all that a pattern could be at once and never goes back, so no text takes it long. What
cannot be done so (references back, looking around) it refuses.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final, Protocol

import attrs

MAX_LENGTH: Final = 200
MAX_PROGRAM: Final = 2_000
"""How many instructions one pattern may come to: what a letter of a text costs at the worst."""

MEMORY: Final = 1024 * 1024
MEMORY_TOGETHER: Final = 10 * MEMORY
"""How many bytes one pattern may take, and several at once. RE2 learns while it looks; where that
needs more, it forgets, and goes on slower and still right."""

PROGRAM_TOGETHER: Final = 20_000
"""Up to how many instructions patterns are looked for at once: a larger program would not leave RE2
the room to learn, which makes it a thousand times slower than one pattern after the other. A fifth
of both would take as much memory for as many patterns, and five calls in place of one."""


class PatternFault(ValueError):
    """A pattern that cannot be; ``at`` is its place in a list, where it stood in one."""

    def __init__(self, fault: str, at: int = 0) -> None:
        """Say what is wrong, in words that follow the name of the pattern."""
        super().__init__(fault)
        self.at = at


class _Compiled(Protocol):
    """What is used of a pattern that is compiled."""

    programsize: int

    def search(self, text: bytes) -> object | None:
        """What was found anywhere in a text in UTF-8."""
        ...


@attrs.frozen
class _Numbered:
    """A pattern, and its place in the list."""

    number: int
    pattern: str
    compiled: _Compiled


@attrs.frozen
class _Share:
    """Some patterns, and all of them as one: what that does not find none of them does."""

    patterns: tuple[_Numbered, ...]
    gate: _Compiled = attrs.field(init=False)

    @gate.default
    def _joined(self) -> _Compiled:
        joined = "|".join([_group(one.pattern) for one in self.patterns])
        return _compiled(joined, MEMORY_TOGETHER)


class Patterns:
    """Several patterns, looked for anywhere in a text."""

    def __init__(self, patterns: Sequence[str]) -> None:
        """Compile them.

        Raises:
            PatternFault: one cannot be compiled; ``at`` says which.
        """
        each = [
            _Numbered(number, one, _checked(one, number)) for number, one in enumerate(patterns)
        ]
        self._shares = [_Share(tuple(some)) for some in _shared(each)]

    def search(self, text: str) -> int | None:
        """The number of the first listed pattern that the text has somewhere; None without one."""
        # A surrogate without its other half cannot be encoded, and is a ? here.
        encoded = text.encode(errors="replace")
        for share in self._shares:
            if share.gate.search(encoded) is not None:
                for one in share.patterns:
                    if one.compiled.search(encoded) is not None:
                        return one.number
        return None


def _shared(each: Sequence[_Numbered]) -> Iterator[list[_Numbered]]:
    """The patterns as listed, by as many as can be looked for at once."""
    share: list[_Numbered] = []
    size = 0
    for one in each:
        size += one.compiled.programsize
        if share and size > PROGRAM_TOGETHER:
            yield share
            share, size = [], one.compiled.programsize
        share.append(one)
    yield share


def _checked(pattern: str, number: int) -> _Compiled:
    try:
        return _one(pattern)
    except PatternFault as fault:
        raise PatternFault(str(fault), number) from fault


def _one(pattern: str) -> _Compiled:
    if not pattern:
        raise PatternFault("is empty")
    if len(pattern) > MAX_LENGTH:
        raise PatternFault(f"is longer than {MAX_LENGTH} characters")
    found = _compiled(pattern, MEMORY)
    if found.programsize > MAX_PROGRAM:
        raise PatternFault("is too large")
    if found.search(b"") is not None:
        raise PatternFault("matches everything")
    _compiled(_group(pattern), MEMORY)  # an open \Q would quote the patterns after it
    return found


def _group(pattern: str) -> str:
    return f"(?:{pattern})"


def _compiled(pattern: str, memory: int) -> _Compiled:
    try:
        import re2  # noqa: PLC0415 - an extra
    except ModuleNotFoundError as fault:
        raise PatternFault("needs the extra moderation: install divan[moderation]") from fault
    options = re2.Options()
    options.dot_nl = True
    options.log_errors = False
    options.max_mem = memory
    options.never_capture = True
    try:
        found: _Compiled = re2.compile(pattern, options)
    except UnicodeError as fault:
        raise PatternFault("is not text") from fault
    except re2.error as fault:
        raise PatternFault(f"is no pattern: {_said(fault)}") from fault
    return found


def _said(fault: Exception) -> str:
    """RE2's own words, which come as bytes."""
    words = fault.args[0]
    return words.decode(errors="replace") if isinstance(words, bytes) else str(words)
