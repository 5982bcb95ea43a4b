"""A viewer's friends, who are found among themselves by what they are called."""

from __future__ import annotations

import functools
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from divan_core.discovery.model import SHORTEST_SLIP, SIMILAR, Entry, Tier, Wanted, entry
from divan_core.discovery.policy import begins, likenesses, tier_score
from divan_core.discovery.similarity import trigrams_of
from divan_core.kernel.values import value
from divan_core.kernel.visibility import PersonCard

_MARKS: Final = 512
"""How many marks there are: a person's words leave about thirty of them."""

_APART: Final = "\t"
_BETWEEN: Final = "\n"
"""What stands between a handle and a name, and between friends: no text has it."""


@value
class Friend:
    """Somebody's friend: how to show them and to whom, and what they are found by.

    ``marks`` has a bit for each trigram of their words, which tell quickly who is not similar;
    ``least`` is how many trigrams each of their words has at least, as far as that counts.
    """

    card: PersonCard
    entry: Entry
    marks: int
    least: int


def friend(card: PersonCard) -> Friend:
    """How a person is found as a friend."""
    one = entry(card.user_id, card.handle, card.display_name)
    words = f"{one.handle} {one.name}".split()
    least = min([_MOST, *(len(trigrams_of((word,))) for word in words)])
    return Friend(card, one, marks(trigrams_of(words)), least)


@value
class Friends:
    """All friends of a viewer. ``texts`` are what each is called, in their order.

    ``marks`` and ``leasts`` are theirs, so that nobody is looked at who cannot be similar.
    """

    people: Sequence[Friend]
    texts: str
    marks: Sequence[int]
    leasts: Sequence[int]


def friends(people: Sequence[Friend]) -> Friends:
    """These together."""
    texts = _BETWEEN.join([f"{one.entry.handle}{_APART}{one.entry.name}" for one in people])
    marks, leasts = [one.marks for one in people], [one.least for one in people]
    return Friends(people, texts, tuple(marks), tuple(leasts))


def called(wanted: Wanted, among: Friends, tier: Tier) -> list[tuple[Friend, float]]:
    """Those of a tier, each with what the score owes to the texts."""
    text = wanted.text
    if tier is Tier.SIMILAR:
        near = [one for one in _near(wanted, among) if not _has_inside(text, one)]
    else:
        starting = tier is Tier.BEGINS
        near = [one for one in _having(text, among) if begins(text, one.entry) is starting]
    if not near:
        return []
    found = zip(near, likenesses(wanted, [one.entry for one in near]), strict=True)
    least = SIMILAR if tier is Tier.SIMILAR else -1.0  # a slip is worth more than that, too
    return [(one, tier_score(alike, tier)) for one, alike in found if alike > least]


def _having(text: str, among: Friends) -> Iterator[Friend]:
    """Those who have a text inside of what they are called."""
    texts = among.texts
    at = texts.find(text)
    while at >= 0:
        yield among.people[texts.count(_BETWEEN, 0, at)]
        end = texts.find(_BETWEEN, at)
        at = texts.find(text, end) if end >= 0 else -1


def _has_inside(text: str, one: Friend) -> bool:
    return text in one.entry.name or text in one.entry.handle


def _near(wanted: Wanted, among: Friends) -> Iterable[Friend]:
    """Those who may be similar."""
    looked_for, least = marked(wanted)
    return [
        among.people[at]
        for at, (theirs, own) in enumerate(zip(among.marks, among.leasts, strict=True))
        if (theirs & looked_for).bit_count() >= least[own]
    ]


@functools.lru_cache(maxsize=4096)
def marked(wanted: Wanted) -> tuple[int, Sequence[int]]:
    """A query's marks, and how many of them somebody has at least who is similar."""
    left = marks(wanted.grams)
    lost = len(wanted.grams) - left.bit_count()
    return left, tuple([shared - lost for shared in _leasts_shared(wanted)])


def _leasts_shared(wanted: Wanted) -> Sequence[int]:
    """How many trigrams of the query somebody shares at least who is similar.

    By the number of trigrams that each of their words has at least: what is similar shares more
    than a sixth of all that it and the query have. A slip costs the query four at most, and two
    where the word can only be longer than it.
    """
    grams, length = len(wanted.grams), len(wanted.text)
    lost = 0 if length < SHORTEST_SLIP - 1 else 2 if length < SHORTEST_SLIP else 4
    most = max(1, grams - lost)
    return [min(most, (grams + own) // 6 + 1) for own in range(_MOST + 1)]


_MOST: Final = 12
"""Words of more trigrams count as if they had so many."""


def marks(grams: Iterable[str]) -> int:
    """A bit for each of some trigrams, now and then one for several."""
    found = 0
    for gram in grams:
        found |= _BITS[hash(gram) % _MARKS]
    return found


_BITS: Final = tuple([1 << at for at in range(_MARKS)])
