"""Fenced blocks of Markdown pages."""

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import attrs

FENCE = re.compile(r"^```(?P<language>\w+)[^\n]*\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)
ENDS_OF_COMMAND = {"|", "||", "&&", ";", "&", ">", ">>", "<"}


@attrs.frozen
class Block:
    """One fenced block: its page, the line that it begins at, and its text."""

    page: str
    line: int
    text: str

    def __str__(self) -> str:
        return f"{self.page}:{self.line}"


def blocks(page: Path, language: str) -> list[Block]:
    """Give the blocks of one language on a page, in order."""
    text = page.read_text(encoding="utf-8")
    return [
        Block(page.name, text.count("\n", 0, found.start()) + 1, found["text"])
        for found in FENCE.finditer(text)
        if found["language"] == language
    ]


def commands(block: Block) -> Iterator[list[str]]:
    """Give each command typed in a console block, as its words without assignments before it."""
    for line in block.text.replace("\\\n", " ").splitlines():
        if line.startswith("$ "):
            yield from _commands(line.removeprefix("$ "))


def _commands(line: str) -> Iterator[list[str]]:
    lexer = shlex.shlex(line, posix=True, punctuation_chars=True)
    lexer.whitespace_split = True
    words: list[str] = []
    for word in [*lexer, ";"]:
        if word not in ENDS_OF_COMMAND:
            words.append(word)
        elif words:
            yield _without_assignments(words)
            words = []


def _without_assignments(words: list[str]) -> list[str]:
    first = next(place for place, word in enumerate(words) if not re.match(r"\w+=", word))
    return words[first:]
