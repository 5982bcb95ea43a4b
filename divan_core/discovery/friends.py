"""A viewer's friends, who are found among themselves by what they are called."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from divan_core.discovery.model import SIMILAR, Entry, Tier, Wanted, entry
from divan_core.discovery.policy import begins, text_scores, tier_scores
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

    ``marks`` has a bit for each trigram of their words, which tell quickly who is not similar.
    """

    card: PersonCard
    entry: Entry
    marks: int


def friend(card: PersonCard) -> Friend:
    """How a person is found as a friend."""
    one = entry(card.user_id, card.handle, card.display_name)
    return Friend(card, one, marks(trigrams_of(f"{one.handle} {one.name}".split(" "))))


@value
class Friends:
    """All friends of a viewer. ``texts`` are what each is called, in their order."""

    people: Sequence[Friend]
    texts: str


def friends(people: Sequence[Friend]) -> Friends:
    """These together."""
    texts = [f"{one.entry.handle}{_APART}{one.entry.name}" for one in people]
    return Friends(people, _BETWEEN.join(texts))


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
    scores = text_scores(wanted, [one.entry for one in near], tier)
    found = zip(near, scores, strict=True)
    if tier is Tier.SIMILAR:  # a slip is worth more than that, too
        return [(one, score) for one, score in found if score > _LEAST]
    return list(found)


(_LEAST,) = tier_scores([SIMILAR], Tier.SIMILAR)
"""Who is similar scores more."""


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
    left = marks(wanted.grams)
    least = _least_shared(len(wanted.grams), left.bit_count())
    return [one for one in among.people if (one.marks & left).bit_count() >= least]


def _least_shared(grams: int, left: int) -> int:
    """How many marks whoever is similar shares at least with a query that left so many.

    What is similar shares more than a fifth of the query's trigrams, for it has no fewer than it
    shares. A slip costs four trigrams of the query at most. Where two trigrams of the query left
    the same mark, both may be shared.
    """
    shared = grams // 5 + 1 if grams >= _SURE else 1
    return shared - (grams - left)


_SURE: Final = 6
"""From so many trigrams on, a slip leaves as many of them as similarity takes."""


def marks(grams: Iterable[str]) -> int:
    """A bit for each of some trigrams, now and then one for several."""
    found = 0
    for gram in grams:
        found |= _BITS[hash(gram) % _MARKS]
    return found


_BITS: Final = tuple([1 << at for at in range(_MARKS)])
