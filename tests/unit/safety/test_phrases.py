"""Phrases are found as a search of each of them finds them."""

from hypothesis import given
from hypothesis import strategies as st

from divan_core.safety.phrases import Phrases

TEXTS = st.lists(st.sampled_from(["a", "b", "ab", "free", "money"]), max_size=6)
PHRASES = st.lists(TEXTS.filter(bool), min_size=1, max_size=5)


def spaced(words: list[str]) -> str:
    return f" {' '.join(words)} " if words else ""


@given(PHRASES, TEXTS)
def test_the_first_listed_that_is_there(phrases: list[list[str]], words: list[str]) -> None:
    written, text = [spaced(one) for one in phrases], spaced(words)
    there = [number for number, one in enumerate(written) if one in text]
    assert Phrases(written).search(text) == next(iter(there), None)
