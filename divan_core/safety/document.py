"""A document of objects, lists and texts, and all of its faults, each with its path. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any, Final

from divan_core.errors import FieldError
from divan_core.kernel.texts import is_text

_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


class Fault(Exception):
    """A fault, noted already: this part of the document is of no use."""


class Document:
    """Checks the parts of one document, and collects its faults."""

    def __init__(self) -> None:
        """Begin without faults."""
        self.faults: list[FieldError] = []

    @contextmanager
    def part(self) -> Iterator[None]:
        """A part whose faults leave the rest to be read."""
        with suppress(Fault):
            yield

    @contextmanager
    def whole(self) -> Iterator[None]:
        """What is of no use when there is a fault in any of its parts."""
        before = len(self.faults)
        yield
        if len(self.faults) > before:
            raise Fault

    def fault(self, path: str, message: str) -> Fault:
        """Note a fault; it is to be raised."""
        self.faults.append(FieldError(path, message))
        return Fault()

    def mapping(self, given: object, at: str, known: set[str]) -> Mapping[str, Any]:
        """An object with no members but these."""
        if not isinstance(given, dict):
            raise self.fault(at, "must be an object")
        unknown = [name for name in given if name not in known]
        with self.whole():
            self.faults += [FieldError(f"{at}.{name}", "is not known here") for name in unknown]
        return given

    def items(self, given: object, at: str, most: int, *, least: int = 1) -> list[object]:
        """A list of so many items."""
        if not isinstance(given, list):
            raise self.fault(at, "must be a list")
        if not least <= len(given) <= most:
            raise self.fault(at, f"must have {least} to {most} items")
        return given

    def texts(self, given: object, at: str, most: int) -> list[tuple[str, str]]:
        """The texts of a list that is not empty, each with its path."""
        found: list[tuple[str, str]] = []
        for number, one in enumerate(self.items(given, at, most)):
            if not isinstance(one, str) or not is_text(one):
                raise self.fault(f"{at}[{number}]", "must be a text")
            found.append((f"{at}[{number}]", one))
        return found

    def text(self, given: object, at: str, most: int) -> str:
        """A text that is not empty."""
        if not isinstance(given, str) or not 0 < len(given) <= most or not is_text(given):
            raise self.fault(at, f"must be a text of 1 to {most} characters")
        return given

    def name(self, given: object, at: str) -> str:
        """A text that can be a name."""
        if not isinstance(given, str) or not _NAME.fullmatch(given):
            raise self.fault(at, "must be 1 to 64 letters, digits, dots, dashes and underscores")
        return given

    def one_of(self, given: object, known: tuple[str, ...], at: str) -> str:
        """One of these texts."""
        if not isinstance(given, str) or given not in known:
            raise self.fault(at, f"must be one of {', '.join(known)}")
        return given

    def count(self, given: object, at: str, least: int, most: int) -> int:
        """A whole number within these bounds."""
        if not isinstance(given, int) or isinstance(given, bool):
            raise self.fault(at, "must be a whole number")
        if not least <= given <= most:
            raise self.fault(at, f"must be between {least} and {most}")
        return given
