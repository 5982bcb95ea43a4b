"""The questions of trivia: Divan's own, about things that stay as they are."""

from __future__ import annotations

import functools
from collections.abc import Iterator, Sequence
from importlib import resources
from typing import Final

import attrs

OPTIONS: Final = 4
"""From so many answers one is chosen."""


@attrs.frozen
class Question:
    """A question with one right answer and some wrong ones."""

    category: str
    text: str
    right: str
    wrong: tuple[str, ...]


@functools.cache
def questions() -> Sequence[Question]:
    """All of them; read once."""
    name = "questions.txt"
    text = resources.files("divan_core.activities.games").joinpath(name).read_text("utf-8")
    return tuple(read(text))


def read(text: str) -> Iterator[Question]:
    """Questions out of lines: ``# category``, and below it ``question | right | wrong ...``."""
    category = ""
    for line in filter(None, text.splitlines()):
        if line.startswith("#"):
            category = line.removeprefix("#").strip()
        else:
            asked, right, *wrong = (part.strip() for part in line.split("|"))
            yield Question(category, asked, right, tuple(wrong))
