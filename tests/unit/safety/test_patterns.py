"""That patterns find what Python's own engine finds, and in linear time."""

import re
import time

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from divan_core.safety import patterns
from divan_core.safety.patterns import Patterns
from divan_core.safety.syntax import PatternFault, escaped

LETTERS = st.sampled_from(["a", "b", "[ab]", "[^a]", ".", r"\d", r"\w", r"\s", r"\.", "[a-c-]"])
TIMES = st.sampled_from(["", "?", "*", "+", "{2}", "{1,3}", "{2,}", "{0}"])


def grown(parts: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    grouped = parts.map(lambda part: f"({part})")
    return (
        st.tuples(grouped, TIMES).map("".join)
        | st.lists(parts, min_size=1, max_size=3).map("".join)
        | st.lists(parts, min_size=2, max_size=3).map("|".join).map(lambda part: f"({part})")
    )


TREES = st.recursive(st.tuples(LETTERS, TIMES).map("".join), grown, max_leaves=6)


@given(TREES, st.text("abc1. -\n", max_size=12))
@example("(a|ab)(c|bcd)", "abcd")
def test_as_the_oracle_finds(pattern: str, text: str) -> None:
    oracle = re.compile(pattern, re.DOTALL)
    if oracle.fullmatch(""):
        with pytest.raises(PatternFault, match="everything"):
            Patterns([pattern])
        return
    assert (Patterns([pattern]).search(text) is None) == (oracle.search(text) is None)


@given(st.text(min_size=1, max_size=30), st.text(max_size=30), st.text(max_size=30))
def test_exact_texts(wanted: str, before: str, after: str) -> None:
    assert Patterns([escaped(wanted)]).search(before + wanted + after) == 0


@given(st.lists(TREES, min_size=1, max_size=4), st.text("abc1.", max_size=12))
def test_of_several_the_first_that_ends(several: list[str], text: str) -> None:
    oracles = [re.compile(one, re.DOTALL) for one in several]
    if any(one.fullmatch("") for one in oracles):
        return
    found = Patterns(several).search(text)
    ends = [
        number
        for end in range(len(text) + 1)
        for number, one in enumerate(oracles)
        if one.search(text[:end])
    ]
    assert found == (ends[0] if ends else None)


@pytest.mark.parametrize(
    ("pattern", "fault"),
    [
        ("", "empty"),
        ("a" * 201, "longer"),
        ("(a", r"without its \)"),
        ("a)", r"without its \("),
        ("[a", "ends before"),
        ("[]", "empty set"),
        ("[z-a]", "backwards"),
        ("a**", "two numbers"),
        ("*a", "letter must be"),
        ("^a", "letter must be"),
        ("a$", "letter must be"),
        ("{2}", "letter must be"),
        ("a{x}", "no number"),
        ("a{,2}", "no number"),
        ("a{3,2}", "backwards"),
        ("a{101}", "more than"),
        (r"(a)\1", "not known"),
        (r"\ba", "not known"),
        ("(?=a)", "kind"),
        ("a\\", "ends before"),
        ("(" * 25 + "a" + ")" * 25, "deeply"),
        ("((a{100}){100}){100}", "too large"),
        ("a*", "everything"),
    ],
)
def test_what_is_no_pattern(pattern: str, fault: str) -> None:
    with pytest.raises(PatternFault, match=fault) as refused:
        Patterns(["b", pattern])
    assert refused.value.at == 1


def test_hostile_patterns_take_linear_time() -> None:
    """Python's own engine would need years for these."""
    hostile = Patterns(["(a+)+b", "(a|a)*c", "(.*)(.*)(.*)(.*)d"])

    def spent(length: int) -> float:
        began = time.process_time()
        assert hostile.search("a" * length) is None
        return time.process_time() - began

    spent(10)
    assert spent(200_000) < 40 * max(spent(20_000), 1e-3)


def test_what_is_remembered_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(patterns, "REMEMBERED", 10)
    searched = Patterns(["[^x]{3}z"])
    text = "".join(chr(0x4E00 + one) for one in range(500))
    assert searched.search(text) is None
    assert sum(len(place.onward) for place in searched._places.values()) <= 10  # noqa: SLF001
    assert searched.search(text + "z") == 0
