"""What a handle is, and which look alike."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from divan_core.accounts.handles import GONE, HANDLE, gone, normalised, skeleton
from divan_core.identity.policy import fallback_handle
from divan_core.kernel.ids import UserId

HANDLES = st.from_regex(HANDLE, fullmatch=True)


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        ("ana", "ana"),
        (" Ana\n", "ana"),
        ("ANA.B", "ana.b"),
        ("\N{FULLWIDTH LATIN SMALL LETTER A}na", "ana"),
        ("\N{KELVIN SIGN}im", "kim"),
        ("\N{LATIN SMALL LETTER LONG S}am", "sam"),
        ("stra\N{LATIN SMALL LETTER SHARP S}e", "strasse"),
        ("\N{NO-BREAK SPACE}ana", "ana"),
        ("a\N{COMBINING DIAERESIS}na", "\N{LATIN SMALL LETTER A WITH DIAERESIS}na"),
    ],
)
def test_normalised(written: str, kept: str) -> None:
    assert normalised(written) == kept


@given(st.text())
def test_normalising_again_changes_nothing(text: str) -> None:
    assert normalised(normalised(text)) == normalised(text)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("paul", "pau1"),
        ("bob", "b0b"),
        ("marne", "rnarne"),
        ("wren", "vvren"),
        ("ana.b", "a_n.ab"),
        ("a.rn", "am_"),
        ("avvv", "avw"),
        ("avvv", "awv"),
    ],
)
def test_look_alikes(one: str, other: str) -> None:
    assert skeleton(one) == skeleton(other)


@pytest.mark.parametrize(("one", "other"), [("ian", "lan"), ("sam", "5am"), ("ana", "anna")])
def test_others_are_apart(one: str, other: str) -> None:
    assert skeleton(one) != skeleton(other)


@given(HANDLES)
def test_a_skeleton_looks_like_itself(handle: str) -> None:
    assert skeleton(skeleton(handle)) == skeleton(handle)
    assert len(skeleton(handle)) <= 60
    assert not skeleton(handle).startswith("~")


@given(HANDLES, st.sampled_from([("o", "0"), ("l", "1"), ("m", "rn"), ("w", "vv"), (".", "_")]))
def test_no_disguise_makes_another_handle(handle: str, pair: tuple[str, str]) -> None:
    assert skeleton(handle.replace(*pair)) == skeleton(handle)


@given(st.uuids(), st.uuids())
def test_spare_handles_are_apart(one: UserId, other: UserId) -> None:
    if one.hex[3:] != other.hex[3:]:
        assert skeleton(fallback_handle(one)) != skeleton(fallback_handle(other))
    assert HANDLE.fullmatch(fallback_handle(one))


@given(st.uuids())
def test_the_mark_of_the_deleted_is_no_handle(user_id: UserId) -> None:
    mark = gone(user_id.hex)
    assert GONE.fullmatch(mark)
    assert not HANDLE.fullmatch(normalised(mark))
    assert len(mark) == 30
