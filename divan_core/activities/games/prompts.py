"""Texts to be typed: Divan's own, in plain letters that every keyboard has."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from importlib import resources
from typing import Final

FEWEST_A_SECOND: Final = 2
MOST_A_SECOND: Final = 4
"""Characters a second for which prompts are chosen: 4 are 48 words a minute."""

LONGEST: Final = 480
"""No prompt has more characters, however much time there is."""


@functools.cache
def prompts() -> Sequence[str]:
    """All of them, from short to long; read once."""
    text = resources.files("divan_core.activities.games").joinpath("prompts.txt").read_text("utf-8")
    return tuple(text.splitlines())


def fitting(duration_s: int) -> Sequence[str]:
    """Those that somebody who types well can just finish in ``duration_s`` (10-300) seconds."""
    most = min(MOST_A_SECOND * duration_s, LONGEST)
    fewest = min(FEWEST_A_SECOND * duration_s, LONGEST // 2)
    return [prompt for prompt in prompts() if fewest <= len(prompt) <= most]
