"""Distinct texts, found by what is inside and by what they are similar to.

An inverted index of trigrams. Texts of about one length lie together in blocks, and what a block
knows of a trigram is a number whose bits say which of its texts have it. So a few operations on
numbers ask thousands of texts at once, and none is looked at but those that fit.
"""

from __future__ import annotations

import functools
from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from itertools import chain
from typing import Final

import attrs

from divan_core.discovery.model import SHORTEST_SLIP, SIMILAR, Wanted
from divan_core.discovery.similarity import Trigrams, trigrams, trigrams_of
from divan_core.discovery.spelling import edits
from divan_core.discovery.starts import Starts

BLOCK: Final = 3600
"""How many texts a block has, at most: as many as bits fit into the largest number that Python has
a quick place for, which is 512 bytes."""

FEW: Final = 24
"""So many texts are looked for one by one: to write all bits of a block takes as long."""

SURE: Final = 4
"""A text with so many trigrams of another, the rarest, mostly has it inside."""

Bits = int
"""Some texts of a block: the bits of their places."""

Row = dict[int, Bits]
"""The texts that have a trigram, by the number of their block."""

_NOWHERE: Final[Row] = {}


class Texts:
    """A set of texts whose words have one space between them."""

    def __init__(self) -> None:
        """Begin empty."""
        self._bands: dict[int, list[_Block]] = {}
        self._contents = _Contents()
        self._places: dict[str, tuple[_Block, int]] = {}
        self._words = Starts()
        self._mirrored = Starts()  # the words from right to left
        self._slipped: tuple[str, Sequence[str]] = ("", ())

    def add(self, text: str) -> None:
        """Add a text that is not there."""
        blocks = self._bands.setdefault(_band(len(text)), [])
        block = next((one for one in reversed(blocks) if one.has_room), None)
        if block is None:
            block = _Block(self._contents, self._contents.number())
            blocks.append(block)
        self._places[text] = block, block.put(text, trigrams(text))
        if " " not in text:
            self._slipped = "", ()
            self._words.add(text)
            self._mirrored.add(text[::-1])

    def discard(self, text: str) -> None:
        """Remove a text that is there."""
        block, place = self._places.pop(text)
        block.clear(place)
        if " " not in text:
            self._slipped = "", ()
            self._words.discard(text)
            self._mirrored.discard(text[::-1])

    def containing(self, text: str) -> Iterator[str]:
        """Those that have this text inside, the shortest first, then in order."""
        certain, contents = _certain(text), self._contents
        grams = contents.rarest(certain) if certain else contents.openings.get(text, ())
        rows, choose = contents.rows_of(grams), _Block.all_of if certain else _Block.any_of
        for blocks in self._by_length():
            some = [(block, bits) for block in blocks if (bits := choose(block, rows))]
            if some:
                yield from _in_order(
                    one for block, bits in some for one in block.those(bits) if text in one
                )

    def ending(self, end: str) -> Iterator[str]:
        """The words that end with two letters or more."""
        return (one[::-1] for one in chain.from_iterable(self._mirrored.groups(end[::-1])))

    def slips(self, wanted: Wanted) -> Sequence[str]:
        """The words that are one edit from the query, the shortest first, then in order.

        Whoever looks for the first tier mostly looks for the others next: so they are kept.
        """
        if self._slipped[0] != wanted.text:
            self._slipped = wanted.text, list(self._slips(wanted.text))
        return self._slipped[1]

    def _slips(self, text: str) -> Iterator[str]:
        """An edit leaves either the first half of a word as it is, or what follows the half."""
        if len(text) < SHORTEST_SLIP - 1:
            return
        if " " in text:
            yield from self._joined(text)
            return
        middle = len(text) // 2
        start, end = text[:middle], text[min(middle + 1, len(text) - 2) :]
        for length in range(max(SHORTEST_SLIP, len(text) - 1), len(text) + 2):
            among = {*self._words.of_length(start, length)}
            among.update([one[::-1] for one in self._mirrored.of_length(end[::-1], length)])
            yield from sorted(edits(text, among))

    def _joined(self, text: str) -> Iterator[str]:
        """An edit makes one word of two only where it takes the space, or puts a letter there."""
        start, _, end = text.partition(" ")
        if " " in end:
            return
        for length in range(max(SHORTEST_SLIP, len(text) - 1), len(text) + 1):
            if len(start) >= len(end):
                among = self._words.of_length(start, length)
                yield from [one for one in among if one.endswith(end)]
            else:
                among = self._mirrored.of_length(end[::-1], length)
                yield from sorted([one[::-1] for one in among if one.endswith(start[::-1])])

    def alike(self, wanted: Wanted) -> Iterator[str]:
        """Those that are similar to the query, the shortest first, then in order."""
        size, rows = len(wanted.grams), self._contents.rows_of(wanted.grams)
        for blocks in self._by_length():
            found = [one for block in blocks for one in block.those(block.alike(size, rows))]
            yield from _in_order(found)

    def _by_length(self) -> Iterator[Sequence[_Block]]:
        return (self._bands[band] for band in sorted(self._bands))


@attrs.define(eq=False)
class _Contents:
    """What the blocks have.

    ``rows`` are the bits by trigram, and by block: all of a trigram lie together. ``openings`` says
    which trigrams begin with two letters, ``having`` how many texts have one.
    """

    openings: defaultdict[str, set[str]] = attrs.field(factory=lambda: defaultdict(set))
    rows: defaultdict[str, Row] = attrs.field(factory=lambda: defaultdict(dict))
    having: Counter[str] = attrs.field(factory=Counter)
    count: int = 0

    def number(self) -> int:
        """The number of one more block."""
        self.count += 1
        return self.count

    def add(self, gram: str, number: int, bit: Bits) -> None:
        """A text of a block has a trigram now."""
        row = self.rows[gram]
        if not row:
            self.openings[gram[:2]].add(gram)
        row[number] = row.get(number, 0) | bit

    def discard(self, gram: str, number: int, bit: Bits) -> None:
        """A text of a block no longer has a trigram."""
        row = self.rows[gram]
        row[number] ^= bit
        if not row[number]:
            del row[number]

    def rows_of(self, grams: Iterable[str]) -> Sequence[Row]:
        """The row of each of some trigrams."""
        return [self.rows.get(gram, _NOWHERE) for gram in grams]

    def rarest(self, grams: Collection[str]) -> Sequence[str]:
        """Those of some trigrams that the fewest texts have, beginning with the rarest."""
        return sorted(grams, key=self.having.__getitem__)[:SURE]


@attrs.define(eq=False)
class _Block:
    """Some texts. ``sizes`` says which of them have so many trigrams.

    ``number`` is the block's own in the ``contents`` of all blocks.
    """

    contents: _Contents
    number: int
    texts: list[str] = attrs.field(factory=list)
    sizes: defaultdict[int, Bits] = attrs.field(factory=lambda: defaultdict(int))
    free: list[int] = attrs.field(factory=list)
    leasts: dict[int, Sequence[tuple[int, Bits]]] = attrs.field(factory=dict)

    @property
    def has_room(self) -> bool:
        return len(self.texts) < BLOCK or bool(self.free)

    def put(self, text: str, grams: Trigrams) -> int:
        """Add a text, which has these trigrams; its place."""
        if self.free:
            place = self.free.pop()
            self.texts[place] = text
        else:
            place = len(self.texts)
            self.texts.append(text)
        bit = 1 << place
        self.contents.having.update(grams)
        for gram in grams:
            self.contents.add(gram, self.number, bit)
        self.sizes[len(grams)] |= bit
        self.leasts.clear()
        return place

    def clear(self, place: int) -> None:
        """Remove the text of a place."""
        grams, bit = trigrams_of(self.texts[place].split(" ")), 1 << place
        self.contents.having.subtract(grams)
        for gram in grams:
            self.contents.discard(gram, self.number, bit)
        self.sizes[len(grams)] ^= bit
        self.leasts.clear()
        self.texts[place] = ""
        self.free.append(place)

    def those(self, bits: Bits) -> Iterator[str]:
        """The texts themselves."""
        texts = self.texts
        if bits.bit_count() < FEW:
            while bits:
                place = bits.bit_length() - 1
                yield texts[place]
                bits ^= 1 << place
            return
        digits = bin(bits)
        last, at = len(digits) - 1, digits.find("1", 2)
        while at > 0:
            yield texts[last - at]
            at = digits.find("1", at + 1)

    def all_of(self, rows: Iterable[Row]) -> Bits:
        """Those that have all of some trigrams, of which these are the rows."""
        found = -1
        for row in rows:
            found &= row.get(self.number, 0)
            if not found:
                break
        return found

    def any_of(self, rows: Iterable[Row]) -> Bits:
        """Those that have any of some trigrams."""
        found = 0
        for row in rows:
            found |= row.get(self.number, 0)
        return found

    def alike(self, size: int, rows: Iterable[Row]) -> Bits:
        """Those that are similar to a text of so many trigrams, of which these are the rows."""
        number = self.number
        having = [bits for row in rows if (bits := row.get(number))]
        leasts, most = self._leasts(size), len(having)
        if most < leasts[0][0]:
            return 0
        counts, found = _counted(having), 0
        for least, bits in leasts:
            if least > most:
                break
            found |= _at_least(least, bits, counts)
        return found

    def _leasts(self, size: int) -> Sequence[tuple[int, Bits]]:
        """How many of so many trigrams the texts have at least that are similar: which texts."""
        known = self.leasts.get(size)
        if known is None:
            by_least: defaultdict[int, Bits] = defaultdict(int)
            for own, bits in self.sizes.items():
                by_least[_least_shared(size, own)] |= bits
            known = self.leasts[size] = sorted(by_least.items())
        return known


def _counted(sets: list[Bits]) -> Sequence[Bits]:
    """In how many of the sets each text is, as a binary number: its digits are in these, upwards.

    All texts are counted at once, by what adders do: three digits make one and a carry.
    """
    digits: list[Bits] = []
    while sets:
        carried: list[Bits] = []
        while len(sets) > 2:
            one, two, three = sets.pop(), sets.pop(), sets.pop()
            half = one ^ two
            sets.append(half ^ three)
            carried.append(one & two | half & three)
        if len(sets) > 1:
            carried.append(sets[0] & sets[1])
        digits.append(sets[0] ^ sets[1] if len(sets) > 1 else sets[0])
        sets = carried
    return digits


def _at_least(least: int, among: Bits, counts: Sequence[Bits]) -> Bits:
    """Which of some texts were counted so often, or more often."""
    if least >> len(counts):
        return 0
    more, same = 0, among
    for at in range(len(counts) - 1, -1, -1):
        having = same & counts[at]
        if least >> at & 1:
            same = having
        else:
            more |= having
            same ^= having
    return more | same


_SHORT: Final = (6, 7, 8, 9, 10, 11, 12, 13, 14, 16, 18, 20)
_WIDTH: Final = 6
"""Texts are gone through in bands by their length. Those of a few bands often are enough, so the
bands of a large campus, where each fills several blocks, are narrow; long texts are few."""


def _band(length: int) -> int:
    if length < _SHORT[-1]:
        return bisect_right(_SHORT, length)
    return len(_SHORT) + (length - _SHORT[-1]) // _WIDTH


def _in_order(texts: Iterable[str]) -> list[str]:
    """The shortest first, then alphabetically."""
    return sorted(sorted(texts), key=len)


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
