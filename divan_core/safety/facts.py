"""What is known of something that people made, when it is decided about. Pure."""

from __future__ import annotations

import enum
import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

import attrs
from attrs import validators as v

from divan_core.kernel.values import value

LEVELS: Final[Mapping[str, int]] = {"none": 0, "low": 1, "medium": 2, "high": 3}
"""Levels by name, for labels and signals that come in levels."""

SUBJECT_TYPES: Final = ("post", "comment", "user", "group", "message", "room", "invite")
BANDS: Final = ("good", "neutral", "watch", "risk", "bad")
"""Bands of reputation, the best first."""

TEXT_LABELS: Final = (
    "profanity",
    "toxicity",
    "harassment",
    "hate",
    "self_harm",
    "sexual",
    "spam",
)
IMAGE_LABELS: Final = ("nsfw",)
URL_LABELS: Final = ("malicious", "suspicious")
SIGNALS: Final = (
    "duplicate_text",
    "velocity",
    "links",
    "denied_links",
    "trust",
    "account_age_days",
)
"""``duplicate_text``: how often the same was written in five minutes before. ``velocity``: how near
its author is to what may be written in a time, as a level. ``links`` and ``denied_links`` are
counts; ``trust`` is 0 to 100; ``account_age_days`` is in whole days."""

OWN: Final = "own."
"""What the names of signals begin with that the host of a deployment adds."""

Values = Mapping[str, float]
"""Labels or signals: levels (0 to 3) or numbers, by name. What is not known is not there."""


NONE_KNOWN: Final[Values] = MappingProxyType({})


@value
class Facts:
    """What policies look at.

    ``folded`` is the text without case, look-alikes and invisible characters; ``words`` are its
    words as they are meant, each with a space before and after it.
    """

    subject_type: str
    trust: float = 50.0
    band: str = "neutral"
    text: Values = NONE_KNOWN
    image: Values = NONE_KNOWN
    url: Values = NONE_KNOWN
    signals: Values = NONE_KNOWN
    folded: str = ""
    words: str = ""

    def saying(self, folded: str, words: str) -> Facts:
        """The same of a text that says this."""
        return Facts(  # a third of the time of attrs.evolve
            self.subject_type,
            self.trust,
            self.band,
            self.text,
            self.image,
            self.url,
            self.signals,
            folded,
            words,
        )


class Comparison(enum.Enum):
    """How a value is compared with a bound."""

    ABOVE = ">"
    AT_LEAST = ">="
    BELOW = "<"
    AT_MOST = "<="
    EQUAL = "="


# Told apart by names of their own: to find a member in its class takes as long as ten comparisons.
_ABOVE: Final = Comparison.ABOVE
_AT_LEAST: Final = Comparison.AT_LEAST
_BELOW: Final = Comparison.BELOW
_AT_MOST: Final = Comparison.AT_MOST

_NUMBER: Final = r"[0-9]{1,9}(?:\.[0-9]{1,6})?"
_WRITTEN: Final = re.compile(
    rf"((?:own\.)?[a-z][a-z0-9_]*)(?:\s*(>=|<=|>|<|=)\s*([a-z]+|{_NUMBER}))?"
)


@attrs.frozen
class Condition:
    """A label or a signal, and what its value must be: ``profanity>medium``, ``links>=3``.

    A name alone stands for a value above 0.
    """

    name: str
    comparison: Comparison = Comparison.ABOVE
    bound: float = attrs.field(default=0.0, validator=v.ge(0))

    @classmethod
    def read(cls, written: str) -> Condition:
        """The condition that is written so.

        Raises:
            ValueError: it is no condition; the message says what is allowed.
        """
        found = _WRITTEN.fullmatch(written)
        if found is None:
            raise ValueError("must be a name, or be written like profanity>medium or links>=3")
        name, sign, bound = found.groups()
        if sign is None:
            return cls(name)
        if bound in LEVELS:
            return cls(name, Comparison(sign), LEVELS[bound])
        if bound.isalpha():
            raise ValueError(f"must name one of the levels {', '.join(LEVELS)}, or a number")
        return cls(name, Comparison(sign), float(bound))

    def holds(self, found: float) -> bool:
        """Whether a value is as it must be."""
        comparison = self.comparison
        if comparison is _ABOVE:
            return found > self.bound
        if comparison is _AT_LEAST:
            return found >= self.bound
        if comparison is _BELOW:
            return found < self.bound
        if comparison is _AT_MOST:
            return found <= self.bound
        return found == self.bound
