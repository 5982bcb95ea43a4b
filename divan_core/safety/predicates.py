"""What rules look for. Pure.

A predicate answers None where it does not hold, else the evidence: which signals had which values.
There may be none, as there is not for the absence of something.
"""

from __future__ import annotations

from typing import Final, Protocol, TypeAlias

import attrs

from divan_core.safety.facts import Condition, Facts, Values
from divan_core.safety.patterns import Patterns
from divan_core.safety.phrases import Phrases

Evidence: TypeAlias = tuple[tuple[str, float | str], ...]
"""Names of what was looked at, with the values found there; never what anybody wrote."""

CONTAINS: Final = "contains:"
MATCHES: Final = "matches:"


class Predicate(Protocol):
    """Something that is so, or is not."""

    def evidence(self, facts: Facts) -> Evidence | None:
        """Why it holds; None where it does not."""
        ...


def _held(of: str, values: Values, conditions: tuple[Condition, ...]) -> Evidence:
    """The evidence of each condition that holds; of what is not known none does."""
    found: Evidence = ()
    for one in conditions:
        value = values.get(one.name)
        if value is not None and one.holds(value):
            found += ((f"{of}.{one.name}", value),)
    return found


@attrs.frozen
class Labelled:
    """Some of these labels hold; ``of`` is ``image`` or ``url``."""

    of: str
    conditions: tuple[Condition, ...]

    def evidence(self, facts: Facts) -> Evidence | None:
        """Those that do."""
        values = facts.image if self.of == "image" else facts.url
        return _held(self.of, values, self.conditions) or None


@attrs.frozen
class Written:
    """The text has some of these labels, phrases or patterns.

    ``phrases`` are made of texts of words, ``patterns`` of what their names tell; both names are
    those of the policy.
    """

    conditions: tuple[Condition, ...]
    phrases: Phrases | None = None
    phrase_names: tuple[str, ...] = ()
    patterns: Patterns | None = None
    pattern_names: tuple[str, ...] = ()

    def evidence(self, facts: Facts) -> Evidence | None:
        """Labels that hold, and the first phrase and pattern that were found."""
        found = _held("text", facts.text, self.conditions)
        if self.phrases is not None:
            number = self.phrases.search(facts.words)
            if number is not None:
                found += (("text", self.phrase_names[number]),)
        if self.patterns is not None:
            number = self.patterns.search(facts.folded)
            if number is not None:
                found += (("text", self.pattern_names[number]),)
        return found or None


@attrs.frozen
class Signalled:
    """All of these signals are as they must be, or some of them."""

    conditions: tuple[Condition, ...]
    every: bool

    def evidence(self, facts: Facts) -> Evidence | None:
        """Those that are."""
        found = _held("signals", facts.signals, self.conditions)
        if self.every and len(found) < len(self.conditions):
            return None
        return found or None


@attrs.frozen
class TrustBelow:
    """The author is trusted less than this."""

    bound: float

    def evidence(self, facts: Facts) -> Evidence | None:
        """The trust."""
        return (("user.trust", facts.trust),) if facts.trust < self.bound else None


@attrs.frozen
class BandIn:
    """The author's reputation is in one of these bands."""

    bands: frozenset[str]

    def evidence(self, facts: Facts) -> Evidence | None:
        """The band."""
        return (("user.band", facts.band),) if facts.band in self.bands else None


@attrs.frozen
class TypeIn:
    """It is about one of these kinds of subjects."""

    types: frozenset[str]

    def evidence(self, facts: Facts) -> Evidence | None:
        """The kind."""
        kind = facts.subject_type
        return (("subject.type", kind),) if kind in self.types else None


@attrs.frozen
class Every:
    """All of these hold."""

    parts: tuple[Predicate, ...]

    def evidence(self, facts: Facts) -> Evidence | None:
        """What all of them found."""
        found: Evidence = ()
        for part in self.parts:
            further = part.evidence(facts)
            if further is None:
                return None
            found += further
        return found


@attrs.frozen
class Some:
    """At least one of these holds."""

    parts: tuple[Predicate, ...]

    def evidence(self, facts: Facts) -> Evidence | None:
        """What all of those that do found."""
        found = [one for part in self.parts if (one := part.evidence(facts)) is not None]
        return sum(found, ()) if found else None


@attrs.frozen
class Not:
    """Something does not hold."""

    part: Predicate

    def evidence(self, facts: Facts) -> Evidence | None:
        """Nothing, which is evidence enough."""
        return () if self.part.evidence(facts) is None else None


def looks_at_words(predicate: Predicate) -> bool:
    """Whether it depends on what a text says, and not only on what was found out about it."""
    if isinstance(predicate, Written):
        return predicate.phrases is not None or predicate.patterns is not None
    if isinstance(predicate, Every | Some):
        return any(looks_at_words(one) for one in predicate.parts)
    return isinstance(predicate, Not) and looks_at_words(predicate.part)
