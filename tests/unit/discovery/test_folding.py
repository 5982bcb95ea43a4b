"""What is the same when names are compared."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from divan_core.discovery.folding import comparable, fold, words


@pytest.mark.parametrize(
    ("typed", "same"),
    [
        ("José", "jose"),
        ("JOSE\u0301", "jose"),
        ("Straße", "strasse"),
        ("Łódź", "lodz"),
        ("ﬁona", "fiona"),
        ("Ａｎａ", "ana"),  # noqa: RUF001
        ("аnnа", "anna"),  # noqa: RUF001
        ("İpek", "ipek"),
        ("Ngô Đình", "ngo dinh"),
        ("Ελένη", "ελενη"),
    ],
)
def test_folded_alike(typed: str, same: str) -> None:
    assert fold(typed) == fold(same)


def test_marks_that_are_letters_stay() -> None:
    """The vowel signs of Devanagari are no diacritics."""
    assert fold("सिमरन") != fold("समरन")


def test_separators_are_equal() -> None:
    assert comparable("maria.silva_42") == comparable("Maria  Silva-42") == "maria silva 42"


@given(st.text(max_size=20))
def test_folding_twice_is_folding_once(text: str) -> None:
    assert comparable(comparable(text)) == comparable(text)


@given(st.text(st.characters(max_codepoint=127), max_size=40))
def test_ascii_is_folded_as_all_other_text_is(text: str) -> None:
    assert words(text) == words(f"{text} é")[:-1]
