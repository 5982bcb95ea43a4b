"""What is the same when names are compared: case, diacritics, look-alikes, separators."""

from __future__ import annotations

import functools
import unicodedata
from typing import Final

_DIACRITICS: Final = dict.fromkeys(range(0x0300, 0x0370))
"""The block of combining diacritical marks; those of other scripts are letters of theirs."""

_LETTERS: Final = str.maketrans(
    {
        # Latin letters whose diacritic is a part of them, so that decomposition leaves it.
        "ø": "o",
        "ł": "l",
        "đ": "d",
        "ð": "d",
        "ħ": "h",
        "ŧ": "t",
        "ı": "i",  # noqa: RUF001
        "æ": "ae",
        "œ": "oe",
        "þ": "th",
        # Cyrillic and Greek letters that look like Latin ones (Unicode TS #39, confusables).
        "а": "a",  # noqa: RUF001
        "с": "c",  # noqa: RUF001
        "ԁ": "d",  # noqa: RUF001
        "е": "e",  # noqa: RUF001
        "һ": "h",  # noqa: RUF001
        "і": "i",  # noqa: RUF001
        "ј": "j",  # noqa: RUF001
        "ӏ": "l",  # noqa: RUF001
        "о": "o",  # noqa: RUF001
        "р": "p",  # noqa: RUF001
        "ԛ": "q",  # noqa: RUF001
        "ѕ": "s",  # noqa: RUF001
        "ԝ": "w",  # noqa: RUF001
        "х": "x",  # noqa: RUF001
        "у": "y",  # noqa: RUF001
        "α": "a",  # noqa: RUF001
        "ο": "o",  # noqa: RUF001
        "ρ": "p",  # noqa: RUF001
        "ν": "v",  # noqa: RUF001
    }
)


def fold(text: str) -> str:
    """The text without what people do not type: compatibility forms, case, diacritics.

    Letters of other scripts that look like Latin ones become those, on both sides of every
    comparison, so that a name is found by what is seen of it.
    """
    if text.isascii():  # most are, and nothing else happens to them
        return text.lower()
    decomposed = unicodedata.normalize("NFKD", text).casefold()
    bare = unicodedata.normalize("NFD", decomposed).translate(_DIACRITICS)
    return unicodedata.normalize("NFKC", bare).translate(_LETTERS)


@functools.lru_cache(maxsize=65_536)
def words(text: str) -> tuple[str, ...]:
    """The folded words: runs of letters and digits, which is what pg_trgm compares too."""
    folded = fold(text)
    if folded.isascii():
        return tuple(folded.translate(_SPACED).split())
    return tuple("".join([one if one.isalnum() else " " for one in folded]).split())


_SPACED: Final = {code: " " for code in range(128) if not chr(code).isalnum()}
"""What is no letter and no digit, of ASCII, becomes a space."""


def comparable(text: str) -> str:
    """The folded words with one space between them."""
    return " ".join(words(text))
