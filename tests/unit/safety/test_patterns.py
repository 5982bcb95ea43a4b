"""That patterns find what Python's own engine finds, and that no text keeps them long."""

import re
import sys

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from divan_core.errors import ValidationFailed
from divan_core.safety import patterns
from divan_core.safety.patterns import PatternFault, Patterns
from divan_core.safety.reading import read_policy

LETTERS = st.sampled_from(["a", "b", "[ab]", "[^a]", ".", r"\d", r"\w", r"\s", r"\.", "[a-c-]"])
TIMES = st.sampled_from(["", "?", "*", "+", "{2}", "{1,3}", "{2,}", "{0}"])


def grown(parts: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    grouped = parts.map(lambda part: f"({part})")
    return (
        st.tuples(grouped, TIMES).map("".join)
        | st.lists(parts, min_size=1, max_size=3).map("".join)
        | st.lists(parts, min_size=2, max_size=3).map("|".join).map(lambda part: f"({part})")
    )


WRITTEN_SO = re.DOTALL | re.ASCII
TREES = st.recursive(st.tuples(LETTERS, TIMES).map("".join), grown, max_leaves=6)


@given(TREES, st.text("abc1. -\n\u00e9", max_size=12))
@example("(a|ab)(c|bcd)", "abcd")
def test_as_the_oracle_finds(pattern: str, text: str) -> None:
    oracle = re.compile(pattern, WRITTEN_SO)
    if oracle.search(""):
        with pytest.raises(PatternFault, match="everything"):
            Patterns([pattern])
        return
    assert (Patterns([pattern]).search(text) is None) == (oracle.search(text) is None)


@given(st.lists(TREES, min_size=1, max_size=4), st.text("abc1.", max_size=12))
@example(["b", "a|b"], "ab")
def test_of_several_the_first_listed(several: list[str], text: str) -> None:
    oracles = [re.compile(one, WRITTEN_SO) for one in several]
    if any(one.search("") for one in oracles):
        return
    found = [number for number, one in enumerate(oracles) if one.search(text)]
    assert Patterns(several).search(text) == next(iter(found), None)


def test_more_than_can_be_looked_for_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(patterns, "PROGRAM_TOGETHER", 50)
    several = [f"word{number}x" for number in range(40)]
    searched = Patterns(several)
    for number in range(40):
        assert searched.search(f"a word{number}x, and word39x") == number
    assert searched.search("word40x word1 x") is None


@pytest.mark.parametrize(
    ("pattern", "fault"),
    [
        ("", "empty"),
        ("a" * 201, "longer"),
        ("(a", r"missing \)"),
        ("a)", r"unexpected \)"),
        ("a)(b", r"unexpected \)"),
        ("[a", "missing ]"),
        ("[]", "missing ]"),
        ("[z-a]", "range"),
        ("a**", "repetition"),
        ("*a", "no argument"),
        ("a{3,2}", "repetition size"),
        (r"(a)\1", "escape"),
        ("(?=a)", "operator"),
        ("(?<!a)b", "operator|group name"),
        ("a\\", "trailing"),
        (r"\Qa", "missing"),
        ("\ud800", "not text"),
        ("((a{100}){100}){100}", "repetition size"),
        (r"\w{900}(\pL|a)", "too large"),
        ("a*", "everything"),
        ("^", "everything"),
        ("a|", "everything"),
    ],
)
def test_what_is_no_pattern(pattern: str, fault: str) -> None:
    with pytest.raises(PatternFault, match=fault) as refused:
        Patterns(["b", pattern])
    assert refused.value.at == 1


@pytest.mark.parametrize(
    ("pattern", "found", "not_found"),
    [
        ("^buy", "buy now", "do buy"),
        ("now$", "buy now", "now!"),
        (r"\bfree\b", "be free!", "carefree"),
        ("free.{0,9}money", "free\nmoney", "free from all money"),
        (r"\Qa|b\E", "a|b", "a"),
        ("(?P<x>a)(?P<y>b)", "ab", "a b"),
        ("\u6f22+", "a\u6f22", "a"),
        (r"\pL1", "\u00e91", "11"),
    ],
)
def test_what_patterns_are_made_of(pattern: str, found: str, not_found: str) -> None:
    searched = Patterns(["zzz", pattern])
    assert (searched.search(found), searched.search(not_found)) == (1, None)


def test_half_of_a_surrogate_pair_is_a_sign_like_others() -> None:
    searched = Patterns(["a.b", "c"])
    assert [searched.search(one) for one in ("a\ud800b", "\udfffc", "\ud800")] == [0, 1, None]


@pytest.mark.parametrize(
    "pattern", ["(a+)+y", "(a|a)*c", "(.*)(.*)(.*)(.*)d", "(a|b)*a(a|b){900}c", "[^x]{1,150}y"]
)
def test_hostile_patterns_come_to_an_end(pattern: str) -> None:
    """Python's own engine would need years for some of these; what RE2 learns does not fit."""
    searched = Patterns([pattern, f"e|{pattern}"])
    text = "aab" * 2_000 + "a" * 2_000
    assert searched.search(text) is None
    assert searched.search(f"{text}e") == 1


def test_without_the_extra_nothing_but_patterns_is_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "re2", None)
    then = {"action": "none", "severity": 0, "reason": "because"}

    def rules(*written: str) -> dict[str, object]:
        return {
            "version": 1,
            "rules": [{"id": "a", "when": {"text.any_of": list(written)}, "then": then}],
        }

    with pytest.raises(ValidationFailed) as refused:
        read_policy(rules("contains:a", "matches:a"))
    assert [(one.path, one.message) for one in refused.value.errors] == [
        ("$.rules[0].when.text.any_of[1]", "needs the extra moderation: install divan[moderation]")
    ]
    assert read_policy(rules("contains:a")).rules
