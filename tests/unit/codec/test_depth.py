"""How deeply JSON is nested."""

import json

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from divan_core.codec.depth import DEEPEST, MOST, too_deep, too_many

NESTED = st.recursive(
    st.none() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner),
)


def nested(levels: int, opening: str = "[", closing: str = "]") -> bytes:
    return (opening * levels + closing * levels).encode()


@pytest.mark.parametrize(
    "body",
    [
        nested(DEEPEST),
        b'{"a":' * DEEPEST + b"1" + b"}" * DEEPEST,
        b"[" + b",".join([b"[]"] * 10_000) + b"]",
        b'["' + b"[" * 10_000 + b'"]',
        b'["' + b'\\"[' * 10_000 + b'"]',
    ],
)
def test_within_the_limit(body: bytes) -> None:
    """Width is no depth, and brackets inside of strings are none."""
    msgspec.json.decode(body)
    assert not too_deep(body)


@pytest.mark.parametrize(
    "body",
    [
        nested(DEEPEST + 1),
        b'{"a":' * 5000 + b"1" + b"}" * 5000,
        b"[" * 5000,
        b'[{"a":"]"},' * 200 + b"1" + b"]" * 200,
    ],
)
def test_beyond_the_limit(body: bytes) -> None:
    assert too_deep(body)


@given(NESTED, st.integers(DEEPEST - 20, DEEPEST + 20))
def test_counts_levels(value: object, levels: int) -> None:
    """Whatever stands inside."""
    body = b"[" * levels + json.dumps(value).encode() + b"]" * levels
    assert too_deep(body) is (levels + depth(value) > DEEPEST)


def depth(value: object) -> int:
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list):
        return 1 + max(map(depth, value), default=0)
    return 0


@pytest.mark.parametrize("body", [b"[" * 200 + b'"\\' * 400_000, b"[" * 200 + b'"' + b"\\" * 10**6])
def test_strings_without_end(body: bytes) -> None:
    """They are looked at once: a slow way through would take minutes here."""
    assert too_deep(body)


def test_members_and_items_are_counted_together() -> None:
    """Commas inside of strings separate nothing."""
    for count in (MOST - 1, MOST):
        body = b'{"' + b"," * (2 * MOST) + b'":[' + b"1," * count + b"1]}"
        assert too_many(body) is (count == MOST)
    assert not too_many(b"{}")
    assert not too_many(b" " * (2 * MOST))
