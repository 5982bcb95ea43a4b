"""The predicates of policies as they are written, but for those that hold others. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final, TypeAlias

from divan_core.safety import facts
from divan_core.safety.document import Document
from divan_core.safety.facts import Condition
from divan_core.safety.patterns import PatternFault, Patterns
from divan_core.safety.phrases import Phrases
from divan_core.safety.predicates import (
    CONTAINS,
    MATCHES,
    BandIn,
    Labelled,
    Predicate,
    Signalled,
    TrustBelow,
    TypeIn,
    Written,
)
from divan_core.safety.wording import meant

MAX_ITEMS: Final = 500
"""How long a list in a predicate may be."""

MOST_TRUST: Final = 100

Placed: TypeAlias = tuple[str, str]
"""A text, after the path where it stands."""

Leaf: TypeAlias = Callable[[Document, object, str], Predicate]
"""Reads what is given at a path."""


def _written(document: Document, given: object, at: str) -> Predicate:
    texts = document.texts(given, at, MAX_ITEMS)
    phrases = [one for one in texts if one[1].startswith(CONTAINS)]
    patterns = [one for one in texts if one[1].startswith(MATCHES)]
    labels = [one for one in texts if not one[1].startswith((CONTAINS, MATCHES))]
    return Written(
        _conditions(document, labels, facts.TEXT_LABELS),
        Phrases([_phrase(document, one) for one in phrases]) if phrases else None,
        tuple([text for _, text in phrases]),
        _compiled(document, patterns, [text.removeprefix(MATCHES) for _, text in patterns]),
        tuple([text for _, text in patterns]),
    )


def _phrase(document: Document, placed: Placed) -> str:
    at, written = placed
    words = meant(written.removeprefix(CONTAINS))
    if not words:
        raise document.fault(at, "has no word")
    return words


def _compiled(document: Document, placed: list[Placed], patterns: list[str]) -> Patterns | None:
    if not patterns:
        return None
    try:
        return Patterns(patterns)
    except PatternFault as fault:
        raise document.fault(placed[fault.at][0], str(fault)) from fault


def _conditions(
    document: Document, placed: list[Placed], known: tuple[str, ...]
) -> tuple[Condition, ...]:
    found: list[Condition] = []
    for at, written in placed:
        try:
            condition = Condition.read(written)
        except ValueError as fault:
            raise document.fault(at, str(fault)) from fault
        own = known is facts.SIGNALS and condition.name.startswith(facts.OWN)
        if condition.name not in known and not own:
            raise document.fault(at, f"must name one of {', '.join(known)}")
        found.append(condition)
    return tuple(found)


def _labelled(of: str, known: tuple[str, ...]) -> Leaf:
    def read(document: Document, given: object, at: str) -> Predicate:
        return Labelled(of, _conditions(document, document.texts(given, at, MAX_ITEMS), known))

    return read


def _signalled(*, every: bool) -> Leaf:
    def read(document: Document, given: object, at: str) -> Predicate:
        texts = document.texts(given, at, MAX_ITEMS)
        return Signalled(_conditions(document, texts, facts.SIGNALS), every)

    return read


def _trust(document: Document, given: object, at: str) -> Predicate:
    if isinstance(given, bool) or not isinstance(given, int | float):
        raise document.fault(at, "must be a number")
    if not 0 <= given <= MOST_TRUST:  # what is not a number is not within
        raise document.fault(at, f"must be between 0 and {MOST_TRUST}")
    return TrustBelow(float(given))


def _names(document: Document, given: object, at: str, known: tuple[str, ...]) -> frozenset[str]:
    texts = document.texts(given, at, MAX_ITEMS)
    return frozenset([document.one_of(one, known, where) for where, one in texts])


LEAVES: Final[Mapping[str, Leaf]] = {
    "text.any_of": _written,
    "image.any_of": _labelled("image", facts.IMAGE_LABELS),
    "url.any_of": _labelled("url", facts.URL_LABELS),
    "signals.all_of": _signalled(every=True),
    "signals.any_of": _signalled(every=False),
    "user.trust_below": _trust,
    "user.band_in": lambda document, given, at: BandIn(_names(document, given, at, facts.BANDS)),
    "subject.type_in": lambda document, given, at: TypeIn(
        _names(document, given, at, facts.SUBJECT_TYPES)
    ),
}
"""By the full name of the predicate."""

GROUPS: Final = frozenset(name.partition(".")[0] for name in LEAVES)
