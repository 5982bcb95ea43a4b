"""Distinct texts, found by what is inside and by what they are similar to.

An inverted index of trigrams. The texts that share one lie in buckets by their shape, which is
their length and how many trigrams they have: whoever goes through the shapes meets the shortest
texts first, and knows of each bucket how many trigrams its texts must share with a query.
"""

from __future__ import annotations

import functools
from array import array
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, groupby
from operator import attrgetter, itemgetter
from typing import Final

from divan_core.discovery.model import SHORTEST_SLIP, SIMILAR, Wanted
from divan_core.discovery.policy import is_slip
from divan_core.discovery.similarity import trigrams_of
from divan_core.kernel.values import value
from divan_core.stores.memory.starts import Starts

Shape = tuple[int, int]
"""The length of a text, and how many trigrams it has."""

ByShape = dict[Shape, "array[int]"]
"""Numbers of texts."""


class Texts:
    """A set of texts whose words have one space between them.

    Each has a number, and what lies in the buckets are numbers side by side: most texts that a
    question meets are counted and never looked at, and to fetch each would take the longest.
    """

    def __init__(self) -> None:
        """Begin empty."""
        self._grams: dict[str, ByShape] = {}
        self._openings: dict[str, set[str]] = {}  # the trigrams that begin with two letters
        self._texts: list[str] = []
        self._numbers: dict[str, int] = {}
        self._free: list[int] = []
        self._words = Starts()
        self._mirrored = Starts()  # the words from right to left

    def add(self, text: str) -> None:
        """Add a text that is not there."""
        grams = trigrams_of(text.split(" "))
        shape = len(text), len(grams)
        number = self._numbered(text)
        for gram in grams:
            by_shape = self._grams.get(gram)
            if by_shape is None:
                by_shape = self._grams[gram] = {}
                self._openings.setdefault(gram[:2], set()).add(gram)
            if (numbers := by_shape.get(shape)) is None:
                by_shape[shape] = array("I", (number,))
            else:
                numbers.append(number)
        if " " not in text:
            self._words.add(text)
            self._mirrored.add(text[::-1])

    def discard(self, text: str) -> None:
        """Remove a text that is there."""
        grams = trigrams_of(text.split(" "))
        shape = len(text), len(grams)
        number = self._numbers.pop(text)
        self._texts[number] = ""
        self._free.append(number)
        for gram in grams:
            numbers = self._grams[gram][shape]
            numbers.remove(number)
            if not numbers:
                del self._grams[gram][shape]
                if not self._grams[gram]:
                    del self._grams[gram]
                    self._openings[gram[:2]].discard(gram)
        if " " not in text:
            self._words.discard(text)
            self._mirrored.discard(text[::-1])

    def containing(self, text: str) -> Iterator[str]:
        """Those that have this text inside, the shortest first, then in order."""
        grams = _certain(text)
        if not grams:
            yield from self._with_pair(text)
            return
        found = [self._grams.get(gram, {}) for gram in grams]
        found.sort(key=len)
        # Every text has all of these trigrams, so each shape is one that all of them have.
        shapes = sorted(set(found[0]).intersection(*found[1:]))
        for _, together in groupby(shapes, key=itemgetter(0)):
            among: list[str] = []
            for shape in together:
                fewest = min([by_shape[shape] for by_shape in found], key=len)
                among += [one for one in self._those(fewest) if text in one]
            among.sort()
            yield from among

    def _with_pair(self, text: str) -> Iterator[str]:
        """The same for two letters: each trigram that begins with them has some of the texts."""
        found = [self._grams[gram] for gram in self._openings.get(text, ())]
        for shapes in _by_length(found):
            among: set[int] = set()
            for shape in shapes:
                among.update(*[by_shape[shape] for by_shape in found if shape in by_shape])
            yield from sorted(self._those(among))

    def slips(self, wanted: Wanted) -> Iterator[str]:
        """The words that are one edit from the query, the shortest first, then in order.

        An edit leaves either the first half of a word as it is, or what follows the half.
        """
        text = wanted.text
        if len(text) < SHORTEST_SLIP - 1:
            return
        middle = len(text) // 2
        start, end = text[:middle], text[min(middle + 1, len(text) - 2) :]
        for length in range(max(SHORTEST_SLIP, len(text) - 1), len(text) + 2):
            among = {*self._words.of_length(start, length)}
            among.update([one[::-1] for one in self._mirrored.of_length(end[::-1], length)])
            yield from sorted(one for one in among if is_slip(text, one))

    def alike(self, wanted: Wanted) -> Iterator[str]:
        """Those that are similar to the query, the shortest first, then in order."""
        grams = [gram for gram in wanted.grams if gram in self._grams]
        found = [self._grams[gram] for gram in grams]
        shapes = sorted(set(chain.from_iterable(found)))
        for _, band in groupby(shapes, key=_band):
            among: list[str] = []
            for least, alike in _by_least(band, len(wanted.grams)):
                if least <= len(found):
                    lists = [_having(*one, alike) for one in zip(grams, found, strict=True)]
                    among += self._sharing([one for one in lists if one.count], least)
            among.sort(key=_in_order)
            yield from among

    def _sharing(self, lists: list[_Having], least: int) -> Iterable[str]:
        """The texts that have at least so many of some trigrams.

        Whatever has ``least`` of them has one of all but the ``least - 1`` commonest, two if one
        of those is added, and so on: only texts that do are looked into for the others. One more
        is added while it takes less to go through those that have it than it spares.
        """
        needed, split = 1, len(lists) - least + 1
        if split < 1:
            return ()
        lists.sort(key=_count)
        most = _DEARER * sum(map(_count, lists[:split]))
        while needed < least and lists[split].count <= most:
            needed, split = needed + 1, split + 1
        some = chain.from_iterable([one.numbers for one in lists[:split]])
        counted = Counter(chain.from_iterable(some))
        if needed == least:
            return self._those([one for one, count in counted.items() if count >= least])
        common, texts = [one.gram for one in lists[split:]], self._texts
        met = [(texts[one], count) for one, count in counted.items() if count >= needed]
        return [text for text, count in met if _has(text, common, least - count)]

    def _those(self, numbers: Iterable[int]) -> Iterable[str]:
        return map(self._texts.__getitem__, numbers)

    def _numbered(self, text: str) -> int:
        if self._free:
            number = self._free.pop()
            self._texts[number] = text
        else:
            number = len(self._texts)
            self._texts.append(text)
        self._numbers[text] = number
        return number


@value
class _Having:
    """A trigram, and the texts of some shapes that have it."""

    gram: str
    numbers: Sequence[array[int]]
    count: int


def _having(gram: str, by_shape: ByShape, shapes: Iterable[Shape]) -> _Having:
    numbers = [by_shape[shape] for shape in shapes if shape in by_shape]
    return _Having(gram, numbers, sum(map(len, numbers)))


_count: Final = attrgetter("count")

_SINGLE: Final = 8
_WIDTH: Final = 6
"""Texts of fewer letters are gone through length by length, for they often are enough; longer ones
so many lengths at once."""


def _band(shape: Shape) -> int:
    length = shape[0]
    return length if length < _SINGLE else _SINGLE + (length - _SINGLE) // _WIDTH


def _by_least(shapes: Iterable[Shape], size: int) -> Iterable[tuple[int, list[Shape]]]:
    """Some shapes by how many trigrams such texts share at least with a query that has ``size``."""
    found: dict[int, list[Shape]] = {}
    for shape in shapes:
        found.setdefault(_least_shared(size, shape[1]), []).append(shape)
    return found.items()


def _in_order(text: str) -> tuple[int, str]:
    return len(text), text


_DEARER: Final = 1.0
"""How much more it takes to look into a text than to count it, times how few are spared."""


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


@functools.lru_cache(maxsize=4096)
def _least_shared(one: int, other: int) -> int:
    """How many trigrams two texts with so many each share at least, if they are similar."""
    shared = int(SIMILAR * (one + other) / (1 + SIMILAR))  # rounded down, so never too many
    while not (shared and shared / (one + other - shared) > SIMILAR):
        shared += 1
    return shared


def _has(text: str, grams: Iterable[str], wanted: int) -> bool:
    """Whether a text has at least so many of these trigrams."""
    if wanted <= 0:
        return True
    # Trigrams end or begin at spaces as words do; none of them has both words' letters.
    padded = f"  {text.replace(' ', '   ')} "
    return sum(map(padded.__contains__, grams)) >= wanted
