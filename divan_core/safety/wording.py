"""What a text says, whatever it is written with. Pure.

Case, look-alikes of other scripts, combining marks and invisible characters go first
(:func:`folded`); then digits and signs that stand for letters, letters with gaps between them and
letters that are drawn out (:func:`meant`). Look-alikes follow Unicode's ``confusables.txt`` (UTS
#39, section 4), as far as letters of other scripts are taken for Latin ones.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Final, TypeVar

from divan_core.kernel.values import value

FoundT = TypeVar("FoundT")

_MARKS: Final = (
    (0x0300, 0x036F),
    (0x0483, 0x0489),
    (0x1AB0, 0x1AFF),
    (0x1DC0, 0x1DFF),
    (0x20D0, 0x20FF),
    (0xFE20, 0xFE2F),
)
"""Blocks of combining marks; those of other scripts are letters of theirs."""

_UNSEEN: Final = (
    (0x0000, 0x0008),
    (0x000E, 0x001F),
    (0x007F, 0x009F),
    (0x00AD, 0x00AD),
    (0x061C, 0x061C),
    (0x115F, 0x1160),
    (0x17B4, 0x17B5),
    (0x180B, 0x180F),
    (0x200B, 0x200F),
    (0x202A, 0x202E),
    (0x2060, 0x206F),
    (0x3164, 0x3164),
    (0xFE00, 0xFE0F),
    (0xFEFF, 0xFEFF),
    (0xFFA0, 0xFFA0),
    (0xFFF9, 0xFFFB),
    (0xE0000, 0xE007F),
    (0xE0100, 0xE01EF),
)
"""What takes no room on the screen (Default_Ignorable_Code_Point, and controls but white space)."""

_LOOK: Final = {
    # Cyrillic
    "\u0430": "a",
    "\u0432": "b",
    "\u0441": "c",
    "\u0501": "d",
    "\u0435": "e",
    "\u0433": "r",
    "\u04bb": "h",
    "\u043d": "h",
    "\u0456": "i",
    "\u0458": "j",
    "\u043a": "k",
    "\u04cf": "l",
    "\u043c": "m",
    "\u043f": "n",
    "\u043e": "o",
    "\u0440": "p",
    "\u051b": "q",
    "\u0455": "s",
    "\u0442": "t",
    "\u0446": "u",
    "\u0475": "v",
    "\u0448": "w",
    "\u0461": "w",
    "\u051d": "w",
    "\u0445": "x",
    "\u0443": "y",
    "\u0437": "3",
    # Greek
    "\u03b1": "a",
    "\u03b2": "b",
    "\u03f2": "c",
    "\u03b5": "e",
    "\u03b7": "n",
    "\u03b9": "i",
    "\u03ba": "k",
    "\u03bd": "v",
    "\u03bf": "o",
    "\u03c1": "p",
    "\u03c3": "o",
    "\u03c4": "t",
    "\u03c5": "u",
    "\u03c7": "x",
    "\u03c9": "w",
    "\u03b3": "y",
    # Latin letters whose sign is a part of them, and small capitals
    "\u00f8": "o",
    "\u0142": "l",
    "\u0111": "d",
    "\u00f0": "d",
    "\u0127": "h",
    "\u0167": "t",
    "\u0131": "i",
    "\u00e6": "ae",
    "\u0153": "oe",
    "\u00fe": "th",
    "\u0251": "a",
    "\u0261": "g",
    "\u0269": "i",
    "\u028b": "v",
    "\u1d00": "a",
    "\u0299": "b",
    "\u1d04": "c",
    "\u1d05": "d",
    "\u1d07": "e",
    "\u0262": "g",
    "\u029c": "h",
    "\u026a": "i",
    "\u1d0a": "j",
    "\u1d0b": "k",
    "\u029f": "l",
    "\u1d0d": "m",
    "\u0274": "n",
    "\u1d0f": "o",
    "\u1d18": "p",
    "\u0280": "r",
    "\ua731": "s",
    "\u1d1b": "t",
    "\u1d1c": "u",
    "\u1d20": "v",
    "\u1d21": "w",
    "\u028f": "y",
    "\u1d22": "z",
}


def _between(*blocks: tuple[int, int]) -> Iterator[int]:
    for low, high in blocks:
        yield from range(low, high + 1)


_SEEN: Final[dict[int, str | int | None]] = {
    **{one: one for one in range(0x2500)},  # what a table lacks takes it three times as long
    **dict.fromkeys(_between(*_MARKS, *_UNSEEN)),
    **{ord(letter): shown for letter, shown in _LOOK.items()},
}
_CONTROLS: Final = dict.fromkeys(_between((0x00, 0x08), (0x0E, 0x1F), (0x7F, 0x7F)))

_STANDS_FOR: Final = str.maketrans("01345789@$!|+\u20ac\u00a3", "oieastbgasiitel")
"""Digits and signs that are written for a letter."""

_PIECE: Final = re.compile(r"[^\W_]+(?:[@$!|+*\u20ac\u00a3]+[^\W_]+)*|[@$\u20ac\u00a3|+!]+[^\W_]+")
"""A word with such signs inside of it or before it; those after a word are its punctuation."""

_SIGN: Final = re.compile(r"[@$!|+*\u20ac\u00a3][^\W_]")
_ONLY_WORDS: Final = "".join(chr(one) if chr(one).isalnum() else " " for one in range(128))
"""What of ASCII makes words, as a table for ``str.translate``."""

DRAWN_OUT: Final = re.compile(r"([^\W\d_])\1{2,}")
_DRAWN_OUT: Final = re.compile(r"([a-z])\1{2,}")
"""A letter is drawn out from three times in a row on; the second is for folded ASCII, and takes a
quarter of the time."""
GAPS: Final = 3
"""From how many single letters in a row on they are one word with gaps."""

_GAPPED: Final = bytes([1] * GAPS)

REMEMBERED: Final = 16_384
LONGEST_REMEMBERED: Final = 32
"""How many words, and how long ones, a process remembers as they are meant: nearly everything that
people write is made of the same few thousand."""


class Known(dict[str, FoundT]):
    """What comes of words, found once and remembered of short ones; some thousands of them."""

    def __init__(self, find: Callable[[str], FoundT]) -> None:
        """Find by ``find``."""
        super().__init__()
        self._find = find

    def __missing__(self, word: str) -> FoundT:
        """What comes of another word."""
        found = self._find(word)
        if len(word) <= LONGEST_REMEMBERED:
            if len(self) >= REMEMBERED:
                self.clear()
            self[word] = found
        return found


def folded(text: str) -> str:
    """The text as it looks: in lower case, Latin letters where they look so, nothing invisible."""
    if text.isascii():
        return text.lower() if text.isprintable() else text.translate(_CONTROLS).lower()
    decomposed = unicodedata.normalize("NFKD", text).casefold()
    return unicodedata.normalize("NFKD", decomposed).translate(_SEEN)


def pieces(plain: str) -> list[str]:
    """The words of a folded text, signs written for letters included."""
    if plain.isascii() and not _SIGN.search(plain):  # nearly every text
        return plain.translate(_ONLY_WORDS).split()
    return _PIECE.findall(plain)


def spelt(piece: str) -> str:
    """A word of a folded text with letters for what stands for them; numbers stay numbers."""
    if piece.isalpha() or piece.isdigit():
        return piece
    return piece.translate(_STANDS_FOR)


def joined(words: list[str]) -> list[str]:
    """The words, with one for each run of single letters."""
    lengths = list(map(len, words))
    if lengths.count(1) < GAPS or _GAPPED not in bytes([one == 1 for one in lengths]):
        return words
    found: list[str] = []
    run: list[str] = []
    for word in (*words, ""):
        if len(word) == 1:
            run.append(word)
            continue
        found += [spelt("".join(run))] if len(run) >= GAPS else run
        run.clear()
        if word:
            found.append(word)
    return found


def shortened(word: str) -> tuple[str, str]:
    """The word with one, and with two, of every letter that is written three times in a row."""
    parts = _letters_of(word).split(word)  # every other is a letter
    once = "".join(parts)
    parts[1::2] = [letter * 2 for letter in parts[1::2]]
    return once, "".join(parts)


def _letters_of(word: str) -> re.Pattern[str]:
    return _DRAWN_OUT if word.isascii() else DRAWN_OUT


def drawn_out(words: Sequence[str], together: str) -> Mapping[str, tuple[str, str]]:
    """Those of these words in which a letter stands three times or more in a row, shortened.

    ``together`` are all of them, with something between them.
    """
    if not _has_three(together):
        return {}
    return {one: short for one in words if (short := _SHORTENED[one]) is not None}


def if_drawn_out(word: str) -> tuple[str, str] | None:
    """The word shortened; None where no letter is drawn out."""
    return shortened(word) if _letters_of(word).search(word) else None


def _words(part: str) -> tuple[str, ...]:
    """The words of what has no white space."""
    if part.isascii() and part.isalpha():
        return (part,)
    return tuple([one if one.isalpha() else spelt(one) for one in pieces(part)])


_SHORTENED: Final = Known(if_drawn_out)
_WORDS: Final = Known(_words)


def _has_three(text: str) -> bool:
    """Whether anything stands there three times in a row; all places are compared at once.

    The text is one long number: where it and itself, a place further on, are alike, is a zero.
    """
    width, encoding = (1, "ascii") if text.isascii() else (4, "utf-32-le")
    encoded = text.encode(encoding, "surrogatepass")
    number = int.from_bytes(encoded, "little")
    unlike = number ^ number >> 8 * width
    unlike |= unlike >> 8 * width
    return bytes(width) in unlike.to_bytes(len(encoded), "little")[: -2 * width]


@value
class Wording:
    """What a text says: how it looks, its words as they are written, and as they are meant.

    ``text`` has a space before and after each word; it is empty where there is none. In it, but not
    in ``words``, drawn out letters stand once; ``drawn_out`` are the words that have some, with
    what is left of them where these stand once, and twice.
    """

    plain: str
    words: tuple[str, ...]
    text: str
    drawn_out: Mapping[str, tuple[str, str]]


def wording(text: str) -> Wording:
    """What a text says."""
    plain = folded(text)
    words = joined([word for part in plain.split() for word in _WORDS[part]])
    together = " ".join(words)
    drawn = drawn_out(words, together)
    spoken = together
    if drawn:
        spoken = " ".join([drawn[one][0] if one in drawn else one for one in words])
    return Wording(plain, tuple(words), f" {spoken} " if words else "", drawn)


def meant(text: str) -> str:
    """The words that a text means, with a space before and after each; empty where it has none."""
    return wording(text).text
