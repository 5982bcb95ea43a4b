import enum
import json
from typing import Any
from uuid import UUID

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from divan_core.errors import IdempotencyKeyInvalid, InvalidRequest
from divan_core.idempotency.policy import (
    MAX_DEPTH,
    canonical,
    fingerprint,
    parse_key,
    payload_of,
)

SECRET = bytes(32)
KEYS = st.from_regex(r"[A-Za-z0-9._:~+/=@-]{1,255}", fullmatch=True)
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=8)
)
PAYLOADS = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=4), inner, max_size=4)
    ),
    max_leaves=12,
)


class Colour(enum.Enum):
    RED = "red"


@attrs.frozen
class Paint:
    """A command with every sort of default."""

    wall: UUID
    colour: Colour = Colour.RED
    coats: int = 1
    note: str | None = None
    tags: tuple[str, ...] = attrs.field(factory=tuple)
    twice: int = attrs.field(default=attrs.Factory(lambda self: self.coats * 2, takes_self=True))


def reordered(value: Any) -> Any:
    """Give the same payload with the members of every object the other way round."""
    if isinstance(value, dict):
        return {name: reordered(value[name]) for name in reversed(value)}
    return [reordered(item) for item in value] if isinstance(value, list) else value


def as_floats(value: Any) -> Any:
    """Give the same payload with 1.0 in place of 1."""
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) < 2**53:
        return float(value)
    if isinstance(value, dict):
        return {name: as_floats(member) for name, member in value.items()}
    return [as_floats(item) for item in value] if isinstance(value, list) else value


def plain(value: Any) -> Any:
    """Give what tells payloads apart in Python, where True and 1 are equal."""
    if isinstance(value, dict):
        return {name: plain(member) for name, member in value.items()}
    if isinstance(value, list):
        return [plain(item) for item in value]
    return (isinstance(value, bool), value)


@given(KEYS)
def test_a_key_is_itself_bare_or_quoted_and_stays_so(text: str) -> None:
    assert parse_key(text) == parse_key(f'"{text}"') == parse_key(parse_key(text)) == text


@pytest.mark.parametrize(
    "text",
    ["", '""', "a b", "a,b", '"a', 'a"', '"a"b"', "'a'", "é", "a\n", " a", "a" * 256, '""a""'],
)
def test_what_is_no_key(text: str) -> None:
    with pytest.raises(IdempotencyKeyInvalid):
        parse_key(text)


@given(PAYLOADS)
def test_order_and_notation_make_no_difference(payload: Any) -> None:
    same = fingerprint(SECRET, "chat.send", payload)
    assert len(same) == 32
    assert fingerprint(SECRET, "chat.send", reordered(payload)) == same
    assert fingerprint(SECRET, "chat.send", as_floats(payload)) == same
    assert canonical(json.loads(canonical(payload))) == canonical(payload)


@given(PAYLOADS, PAYLOADS)
def test_another_payload_has_another_fingerprint(one: Any, other: Any) -> None:
    equal = fingerprint(SECRET, "a.b", one) == fingerprint(SECRET, "a.b", other)
    assert equal is (plain(one) == plain(other))


@given(PAYLOADS, st.text(max_size=8), st.text(max_size=8))
def test_operation_and_secret_count(payload: Any, one: str, other: str) -> None:
    assert (fingerprint(SECRET, one, payload) == fingerprint(SECRET, other, payload)) is (
        one == other
    )
    assert fingerprint(bytes([1] * 32), one, payload) != fingerprint(SECRET, one, payload)


def test_canonical_json_is_written_in_one_way() -> None:
    payload = {"b": [1.0, -0.0, 1.5, 1e22, True, None], "a": {"é": "\ud800", "": ()}}
    assert canonical(payload) == (
        b'{"a":{"":[],"\\u00e9":"\\ud800"},"b":[1,0,1.5,10000000000000000000000,true,null]}'
    )


@pytest.mark.parametrize(
    "payload", [float("nan"), float("inf"), [float("-inf")], {1: 2}, {"a": {1, 2}}, b"a"]
)
def test_what_json_cannot_say_is_refused(payload: Any) -> None:
    with pytest.raises(InvalidRequest):
        canonical(payload)


def test_a_number_too_long_to_be_written_is_refused() -> None:
    with pytest.raises(InvalidRequest):
        canonical(10**5000)


@pytest.mark.parametrize("depth", [MAX_DEPTH + 1, 100_000])
def test_deep_nesting_is_refused(depth: int) -> None:
    payload: Any = None
    for level in range(depth):
        payload = [payload] if level % 2 else {"a": payload}
    with pytest.raises(InvalidRequest, match="nested"):
        canonical(payload)


def test_nesting_up_to_the_limit_is_not() -> None:
    payload: list[Any] = []
    for _ in range(MAX_DEPTH - 1):
        payload = [payload]
    assert canonical(payload) == b"[" * MAX_DEPTH + b"]" * MAX_DEPTH


def test_a_command_stands_for_what_it_says_beyond_its_defaults() -> None:
    wall = UUID(int=7)
    assert payload_of(Paint(wall)) == {"wall": str(wall)}
    assert payload_of(Paint(wall, coats=2, tags=("a",))) == {
        "wall": str(wall),
        "coats": 2,
        "tags": ("a",),
    }
    assert payload_of(Paint(wall, twice=3)) == {"wall": str(wall), "twice": 3}
    assert payload_of({"wall": wall}) == {"wall": str(wall)}
