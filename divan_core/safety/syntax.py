"""How patterns are written, read into trees. Pure."""

from __future__ import annotations

from typing import Final, TypeAlias

import attrs

MAX_LENGTH: Final = 200
MAX_DEPTH: Final = 20
MAX_TIMES: Final = 100
"""How often ``{...}`` may repeat something."""


class PatternFault(ValueError):
    """A pattern that cannot be; ``at`` is its place in a list, where it stood in one."""

    def __init__(self, fault: str, at: int = 0) -> None:
        """Say what is wrong, in words that follow the name of the pattern."""
        super().__init__(fault)
        self.at = at


@attrs.frozen
class Letter:
    """One letter within these ranges, or one outside of them."""

    ranges: tuple[tuple[str, str], ...]
    outside: bool = False

    def fits(self, letter: str) -> bool:
        """Whether it is such a letter."""
        return any(low <= letter <= high for low, high in self.ranges) != self.outside


@attrs.frozen
class Chain:
    """One part after the other."""

    parts: tuple[Tree, ...]


@attrs.frozen
class Choice:
    """One of the parts."""

    parts: tuple[Tree, ...]


@attrs.frozen
class Repeat:
    """A part from ``least`` times up to ``most``, without an end where that is None."""

    part: Tree
    least: int
    most: int | None


Tree: TypeAlias = Letter | Chain | Choice | Repeat

_ANY: Final = Letter((), outside=True)
_DIGIT: Final = (("0", "9"),)
_WORD: Final = (("0", "9"), ("A", "Z"), ("_", "_"), ("a", "z"), ("\u00aa", "\U0010ffff"))
_SPACE: Final = ((" ", " "), ("\t", "\r"))
_CLASSES: Final = {"d": _DIGIT, "w": _WORD, "s": _SPACE}
_TIMES: Final = {"?": (0, 1), "*": (0, None), "+": (1, None)}
_SPECIAL: Final = frozenset("^$")


def parsed(pattern: str) -> Tree:
    """The pattern as a tree.

    Raises:
        PatternFault: it is not a pattern.
    """
    if not pattern:
        raise PatternFault("is empty")
    if len(pattern) > MAX_LENGTH:
        raise PatternFault(f"is longer than {MAX_LENGTH} characters")
    reader = _Reader(pattern)
    tree = reader.choice(0)
    if reader.rest:
        raise PatternFault("has a ) without its (")
    return tree


def escaped(text: str) -> str:
    """The pattern of exactly this text."""
    return "".join(one if one.isalnum() or one.isspace() else f"\\{one}" for one in text)


class _Reader:
    """Reads a pattern from its beginning to its end."""

    def __init__(self, pattern: str) -> None:
        self.rest = pattern

    def take(self, expected: str | None = None) -> str:
        """The next sign."""
        if not self.rest:
            raise PatternFault(f"ends before {expected}" if expected else "ends too soon")
        sign, self.rest = self.rest[0], self.rest[1:]
        return sign

    def skip(self, sign: str) -> bool:
        """Go past a sign, if it is the next."""
        if not self.rest.startswith(sign):
            return False
        self.rest = self.rest[len(sign) :]
        return True

    def choice(self, depth: int) -> Tree:
        """Parts with ``|`` between them."""
        if depth > MAX_DEPTH:
            raise PatternFault("is nested too deeply")
        parts = [self.chain(depth)]
        while self.skip("|"):
            parts.append(self.chain(depth))
        return parts[0] if len(parts) == 1 else Choice(tuple(parts))

    def chain(self, depth: int) -> Tree:
        """Parts after each other, up to the end of the group."""
        parts: list[Tree] = []
        while self.rest and self.rest[0] not in "|)":
            parts.append(self.times(self.part(depth)))
        return Chain(tuple(parts))

    def times(self, part: Tree) -> Tree:
        """A part, and how often."""
        if not self.rest:
            return part
        if self.rest[0] in _TIMES:
            least, most = _TIMES[self.take()]
        elif self.skip("{"):
            least, most = self._count()
        else:
            return part
        if self.rest[:1] in {*_TIMES, "{"} and self.rest:
            raise PatternFault("has two numbers of times at once")
        return Repeat(part, least, most)

    def part(self, depth: int) -> Tree:
        """A letter, a set of letters or a group."""
        sign = self.take()
        if sign == "(":
            if self.skip("?") and not self.skip(":"):
                raise PatternFault("has a group of a kind that is not known here")
            found = self.choice(depth + 1)
            self._expect(")")
            return found
        if sign == "[":
            return self._set()
        if sign == ".":
            return _ANY
        if sign == "\\":
            return Letter(self._escaped())
        if sign in _TIMES or sign in _SPECIAL or sign == "{":
            raise PatternFault(f"has a {sign} where a letter must be; write \\{sign} for the sign")
        return Letter(((sign, sign),))

    def _set(self) -> Letter:
        outside = self.skip("^")
        ranges: list[tuple[str, str]] = []
        while not self.skip("]"):
            sign = self.take("]")
            if sign == "\\":
                ranges += self._escaped()
            elif len(self.rest) > 1 and self.rest[0] == "-" and self.rest[1] not in "]\\":
                ranges.append((sign, self._upper(sign)))
            else:
                ranges.append((sign, sign))
        if not ranges:
            raise PatternFault("has an empty set")
        return Letter(tuple(ranges), outside)

    def _upper(self, low: str) -> str:
        self.take()
        high = self.take()
        if high < low:
            raise PatternFault(f"has a range that runs backwards: {low}-{high}")
        return high

    def _escaped(self) -> tuple[tuple[str, str], ...]:
        sign = self.take("what \\ is for")
        if sign in _CLASSES:
            return _CLASSES[sign]
        if sign.isalnum():
            raise PatternFault(f"has \\{sign}, which is not known here")
        return ((sign, sign),)

    def _count(self) -> tuple[int, int | None]:
        written, found, self.rest = self.rest.partition("}")
        least, comma, most = written.partition(",")
        numbers = [one for one in (least, most) if one]
        if not found or not least or any(not (one.isascii() and one.isdigit()) for one in numbers):
            raise PatternFault("has a { that is no number of times")
        if any(len(one) > len(str(MAX_TIMES)) or int(one) > MAX_TIMES for one in numbers):
            raise PatternFault(f"repeats something more than {MAX_TIMES} times")
        if not comma:
            return int(least), int(least)
        if most and int(most) < int(least):
            raise PatternFault("has a number of times that runs backwards")
        return int(least), int(most) if most else None

    def _expect(self, sign: str) -> None:
        if not self.skip(sign):
            raise PatternFault(f"has a ( without its {sign}")
