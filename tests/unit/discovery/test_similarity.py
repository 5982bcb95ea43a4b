"""Similarity and slips, against PostgreSQL's rules and rapidfuzz's distances."""

from hypothesis import given
from hypothesis import strategies as st
from rapidfuzz.distance import OSA

from divan_core.discovery.similarity import one_edit_apart, similarity, trigrams

LETTERS = st.text("abc", max_size=7)


def test_trigrams_are_those_of_pg_trgm() -> None:
    """The examples of PostgreSQL's manual, and the words of a text apart."""
    assert trigrams("cat") == {"  c", " ca", "cat", "at "}
    assert trigrams("foo bar") == {"  f", " fo", "foo", "oo ", "  b", " ba", "bar", "ar "}
    assert trigrams("") == frozenset()


def test_similarity_is_the_shared_part() -> None:
    """The manual's own example: ``similarity('word', 'two words')`` is 0.36."""
    assert round(similarity(trigrams("word"), trigrams("two words")), 6) == 0.363636
    assert similarity(trigrams("a"), trigrams("a")) == 1
    assert similarity(trigrams(""), trigrams("")) == 0


@given(LETTERS, LETTERS)
def test_one_edit_is_a_distance_of_one(one: str, other: str) -> None:
    """Insertion, deletion, replacement or a swap of neighbours, and nothing else."""
    assert one_edit_apart(one, other) is (OSA.distance(one, other) == 1)
