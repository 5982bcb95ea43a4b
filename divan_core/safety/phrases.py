"""Phrases that are looked for in a text of words. Pure."""

from __future__ import annotations

from collections.abc import Sequence


class Phrases:
    """Several phrases, each of words with a space before and after it."""

    def __init__(self, phrases: Sequence[str]) -> None:
        """Know them by the word that each begins with."""
        self._phrases = tuple(phrases)
        self._beginning: dict[str, list[int]] = {}
        for number, phrase in enumerate(phrases):
            self._beginning.setdefault(phrase.split()[0], []).append(number)

    def search(self, words: str) -> int | None:
        """The number of the first listed phrase that is in these words; None where none is."""
        begun = self._beginning.keys() & words.split()
        if not begun:
            return None
        numbers = sorted([number for word in begun for number in self._beginning[word]])
        return next((number for number in numbers if self._phrases[number] in words), None)
