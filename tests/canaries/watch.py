"""What was given to Divan, what operators were told, and what of the one is in the other."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

import msgspec

PERSONAL: Final = frozenset(
    (
        *("lat", "lon"),
        *("access_token", "nonce", "password", "refresh_token", "token"),
        *("body", "content", "file_name", "note", "outcome_note", "q", "text"),
        *("display_name", "email", "major", "passions", "to_handle"),
    )
)
"""Fields that hold what is people's own, through whichever door."""

RULES: Final = frozenset({"facts", "signals"})
"""Fields that hold what a rule has looked for, which may have the names of the others."""

SHORTEST: Final = 5
"""Characters of a text that nobody else says by chance; a shorter one is looked for as a whole."""

IDS: Final = re.compile(r"[0-9a-f-]{36}|[0-9A-HJKMNP-TV-Z]{26}")
"""What anybody may be told, also where somebody has searched for it."""

DECIMALS: Final = 4
"""Of a coordinate: about ten metres."""

MOST: Final = 1000
"""Canaries of one test; what a machine makes up without end is looked for in part."""

SHOWN: Final = 400
"""Characters of what is told of a leak."""

ALWAYS: Final = re.compile(
    r"[\w.+-]+@[\w-]+\.[a-z]{2,}"  # an e-mail address, or a password in that of a server
    r"|eyJ[\w-]{8,}\.[\w-]{8,}"  # a JWT
)
"""What is never told, whoever gave it."""

SIGNS: Final = ("@", "eyJ")
"""Without one of these it is nowhere in a text, which is seen without looking from every letter."""


class Watch:
    """Keeps what is given and what is told between two looks at it. Any thread may add to it."""

    def __init__(self) -> None:
        self._given: dict[str, None] = {}
        self._told: list[tuple[str, str]] = []
        self._asked: list[Callable[[], None]] = []

    def give(self, value: object) -> None:
        """Keep what is personal in JSON as Python has it, however deep inside."""
        if isinstance(value, Mapping):
            for name, one in value.items():
                self.give_field(name, one)
        elif isinstance(value, list | tuple):
            for one in value:
                self.give(one)

    def give_field(self, name: object, value: object) -> None:
        """Keep the value of a field if that is people's own."""
        if name in PERSONAL and not isinstance(value, Mapping):
            for one in value if isinstance(value, list | tuple) else (value,):
                self.plant(one)
        elif name not in RULES:
            self.give(value)

    def plant(self, value: object) -> None:
        """Keep a text or a number that nobody may be told, if it can be known again."""
        canary = distinct(value)
        if canary and len(self._given) < MOST:
            self._given[canary] = None

    def tell(self, place: str, text: str) -> None:
        """Keep what operators see at ``place``."""
        self._told.append((place, text))

    def ask(self, teller: Callable[[], None]) -> None:
        """Have ``teller`` tell what there is to see at the next look."""
        self._asked.append(teller)

    def leaks(self, *, made_up: bool = False) -> list[str]:
        """What was told of what was given since the last look, with its place.

        What a machine has ``made_up`` is known again by nothing: it takes words out of the code.
        """
        while self._asked:
            self._asked.pop()()
        given, told = {} if made_up else self._given, self._told
        self._given, self._told = {}, []
        forms = {form: None for canary in given for form in (canary, encoded(canary)[1:-1])}
        everything = "\n".join(text for _, text in told)
        suspects = [form for form in forms if form in everything]  # mostly none, and at once
        return [
            f"{place} tells {found[:SHOWN]!r}: {text[:SHOWN]}"
            for place, text in told
            if (found := told_of(text, suspects))
        ]


def told_of(text: str, forms: Sequence[str]) -> str:
    """The first thing in a text that should not be there; empty if there is none."""
    if any(sign in text for sign in SIGNS) and (always := ALWAYS.search(text)):
        return always[0]
    return next((form for form in forms if form in text), "")


def distinct(value: object) -> str:
    """The part of a text or a coordinate by which it is known again; empty if there is none."""
    if isinstance(value, float):
        return cut(str(value))
    if not isinstance(value, str) or len(value) < 2 or IDS.fullmatch(value):
        return ""
    known = value.encode(errors="replace").decode()  # halves of characters are written nowhere
    return known if len(known) >= SHORTEST else encoded(known)


def cut(number: str) -> str:
    """A number down to :data:`DECIMALS`; empty if it has fewer."""
    whole, _, decimals = number.partition(".")
    return f"{whole}.{decimals[:DECIMALS]}" if len(decimals) >= DECIMALS else ""


def encoded(value: Any) -> str:
    """JSON, of what it cannot have as its text."""
    return msgspec.json.encode(value, enc_hook=str).decode()


WATCH: Final = Watch()
"""Of this process."""
