"""Distinct texts, found by what is inside and by what they are similar to.

An inverted index of trigrams. The texts that share one lie in buckets by their shape, which is
their length and how many trigrams they have: whoever goes through the shapes meets the shortest
texts first, and knows of each bucket how many trigrams its texts must share with a query.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence
from itertools import chain, groupby

from divan_core.discovery.model import SIMILAR, Wanted
from divan_core.discovery.policy import is_slip
from divan_core.discovery.similarity import trigrams

Shape = tuple[int, int]
"""The length of a text, and how many trigrams it has."""

ByShape = dict[Shape, list[str]]
"""Texts in order."""


class Texts:
    """A set of texts whose words have one space between them."""

    def __init__(self) -> None:
        """Begin empty."""
        self._grams: dict[str, ByShape] = {}
        self._openings: dict[str, set[str]] = {}  # the trigrams that begin with two letters

    def add(self, text: str) -> None:
        """Add a text that is not there."""
        grams = trigrams(text)
        shape = len(text), len(grams)
        for gram in grams:
            by_shape = self._grams.get(gram)
            if by_shape is None:
                by_shape = self._grams[gram] = {}
                self._openings.setdefault(gram[:2], set()).add(gram)
            if (texts := by_shape.get(shape)) is None:
                by_shape[shape] = [text]
            else:
                insort(texts, text)

    def discard(self, text: str) -> None:
        """Remove a text that is there."""
        grams = trigrams(text)
        shape = len(text), len(grams)
        for gram in grams:
            texts = self._grams[gram][shape]
            del texts[bisect_left(texts, text)]
            if not texts:
                del self._grams[gram][shape]
                if not self._grams[gram]:
                    del self._grams[gram]
                    self._openings[gram[:2]].discard(gram)

    def containing(self, text: str) -> Iterator[str]:
        """Those that have this text inside, the shortest first, then in order."""
        grams, nothing = _certain(text), list[str]()
        some = grams or list(self._openings.get(text, nothing))
        found = [self._grams.get(gram, {}) for gram in some]
        for shapes in _by_length(found):
            among: set[str] = set()
            for shape in shapes:
                lists = [by_shape.get(shape, nothing) for by_shape in found]
                # With grams every one of these lists has all such texts; without, each has some.
                among.update(*((min(lists, key=len),) if grams else lists))
            yield from sorted(one for one in among if text in one)

    def slips(self, wanted: Wanted) -> Iterator[str]:
        """The words that are one edit from the query, the shortest first, then in order.

        An edit leaves either the first half of a word as it is, or what follows the half.
        """
        text = wanted.text
        middle = len(text) // 2
        start, end = text[:middle], text[middle + 1 :]
        starting = self._grams.get(f"  {text[0]}", {})
        ending = self._grams.get(f"{text[-2:]} ", {})
        for length in range(len(text) - 1, len(text) + 2):
            among: set[str] = set()
            for shape in (one for one in starting if one[0] == length):
                among.update(_starting(starting[shape], start))
            for shape in (one for one in ending if one[0] == length):
                among.update(one for one in ending[shape] if one.endswith(end))
            yield from sorted(one for one in among if is_slip(text, one))

    def alike(self, wanted: Wanted) -> Iterator[str]:
        """Those that are similar to the query, the shortest first, then in order."""
        size = len(wanted.grams)
        found = [(self._grams[gram], gram) for gram in wanted.grams if gram in self._grams]
        for shapes in _by_length(by_shape for by_shape, _ in found):
            among: list[str] = []
            for shape in shapes:
                lists = [
                    (len(by_shape[shape]), gram, by_shape[shape])
                    for by_shape, gram in found
                    if shape in by_shape
                ]
                least = _least_shared(size, shape[1])
                if len(lists) >= least:
                    among += _sharing(lists, least)
            among.sort()
            yield from among


def _by_length(found: Iterable[ByShape]) -> Iterator[Iterable[Shape]]:
    """All shapes there are, those of one length together, the shortest first."""
    shapes = sorted(set(chain.from_iterable(found)))
    return (together for _, together in groupby(shapes, key=lambda shape: shape[0]))


def _certain(text: str) -> list[str]:
    """The trigrams of every text that has this one inside; none where it has two letters."""
    found: list[str] = []
    pieces = text.split(" ")
    for at, piece in enumerate(pieces):
        padded = f"{'  ' if at else ''}{piece}{' ' if at + 1 < len(pieces) else ''}"
        found += (padded[start : start + 3] for start in range(len(padded) - 2))
    return found


def _starting(texts: Sequence[str], start: str) -> Sequence[str]:
    """Those of some texts in order that start like this."""
    return texts[bisect_left(texts, start) : bisect_left(texts, f"{start}\U0010ffff")]


def _least_shared(one: int, other: int) -> int:
    """How many trigrams two texts with so many each share at least, if they are similar."""
    shared = int(SIMILAR * (one + other) / (1 + SIMILAR))  # rounded down, so never too many
    while not (shared and shared / (one + other - shared) > SIMILAR):
        shared += 1
    return shared


def _sharing(lists: list[tuple[int, str, list[str]]], least: int) -> Collection[str]:
    """The texts that have at least so many trigrams, each of which comes with those that have it.

    Whatever has ``least`` of them has one of all but the ``least - 1`` commonest: only texts with
    one of these are gone through, and then looked into for the others.
    """
    lists.sort()
    split = len(lists) - least + 1
    some = chain.from_iterable(texts for _, _, texts in lists[:split])
    if least == 1:
        return set(some)
    common = [gram for _, gram, _ in lists[split:]]
    return [text for text, count in Counter(some).items() if _has(text, common, least - count)]


def _has(text: str, grams: Sequence[str], wanted: int) -> bool:
    """Whether a text has at least so many of these trigrams."""
    if wanted > 0:
        # Trigrams end or begin at spaces as words do; none of them has both words' letters.
        padded = f"  {text.replace(' ', '   ')} "
        for gram in grams:
            wanted -= gram in padded
    return wanted <= 0
