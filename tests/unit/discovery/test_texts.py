"""Texts in many blocks are found as if each were looked at."""

from collections.abc import Iterator
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from divan_core.discovery import texts
from divan_core.discovery.model import SIMILAR, wanted
from divan_core.discovery.policy import is_slip
from divan_core.discovery.similarity import similarity, trigrams
from divan_core.discovery.texts import Texts

SPELT = st.lists(st.text("abo", min_size=1, max_size=7), min_size=1, max_size=3).map(" ".join)


@pytest.fixture(autouse=True)
def small_blocks() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(texts, "BLOCK", 2)
        yield


@given(st.lists(st.tuples(SPELT, st.booleans()), max_size=30), SPELT)
def test_what_is_there_is_found_wherever_it_lies(steps: list[tuple[str, bool]], asked: str) -> None:
    found, there = Texts(), set[str]()
    for text, stays in steps:
        if text not in there:
            found.add(text)
            there.add(text)
        if not stays:
            found.discard(text)
            there.remove(text)
    if (query := wanted(asked)) is None:
        return
    assert list(found.containing(query.text)) == _ordered(one for one in there if query.text in one)
    assert list(found.alike(query)) == _ordered(
        one for one in there if similarity(query.grams, trigrams(one)) > SIMILAR
    )


def test_a_block_that_lost_a_trigram_leaves_those_that_have_it() -> None:
    found = Texts()
    for text in ("banana", "cabana", "havana", "urbana"):
        found.add(text)
    found.discard("urbana")
    found.discard("havana")
    assert list(found.containing("ana")) == ["banana", "cabana"]


@given(st.text("ab ", min_size=2, max_size=8))
def test_every_word_is_found_that_a_slip_missed(asked: str) -> None:
    """Also those that a space more, or one for a letter, made two of."""
    if (query := wanted(asked)) is None:
        return
    there = ["".join(letters) for size in range(2, 8) for letters in product("ab", repeat=size)]
    found = Texts()
    for one in there:
        found.add(one)
    assert list(found.slips(query)) == _ordered(one for one in there if is_slip(query.text, one))


def test_slips_asked_for_again_are_those_of_now() -> None:
    found, query = Texts(), wanted("marai")
    assert query is not None
    found.add("maria")
    assert list(found.slips(query)) == ["maria"]
    found.add("marti")
    assert list(found.slips(query)) == ["maria", "marti"]
    found.discard("maria")
    assert list(found.slips(query)) == ["marti"]


def _ordered(them: Iterator[str]) -> list[str]:
    return sorted(them, key=lambda one: (len(one), one))
