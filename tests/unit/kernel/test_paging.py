"""Cursors: sealed, bound, unforgeable."""

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from divan_core.errors import InvalidCursor
from divan_core.kernel.paging import CursorSealer

SEALER = CursorSealer(b"a secret of thirty-two bytes ...")
positions = st.binary(max_size=64)
bindings = st.binary(max_size=100)


@given(position=positions, binding=bindings)
def test_a_cursor_opens_with_its_binding(position: bytes, binding: bytes) -> None:
    assert SEALER.open(SEALER.seal(position, binding), binding) == position


@given(position=positions, binding=bindings, other=bindings)
def test_another_binding_is_refused(position: bytes, binding: bytes, other: bytes) -> None:
    if binding != other:
        with pytest.raises(InvalidCursor):
            SEALER.open(SEALER.seal(position, binding), other)


@given(position=positions, data=st.data())
def test_any_changed_bit_is_refused(position: bytes, data: st.DataObject) -> None:
    cursor = SEALER.seal(position, b"list")
    raw = bytearray(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    raw[data.draw(st.integers(0, len(raw) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    with pytest.raises(InvalidCursor):
        SEALER.open(base64.urlsafe_b64encode(raw).rstrip(b"=").decode(), b"list")


@given(rubbish=st.text(max_size=120))
def test_rubbish_is_refused(rubbish: str) -> None:
    with pytest.raises(InvalidCursor):
        SEALER.open(rubbish, b"list")


def test_another_spelling_of_the_same_bytes_is_refused() -> None:
    cursor = SEALER.seal(b"1234", b"list")
    last = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    spelled = [cursor[:-1] + symbol for symbol in last if symbol != cursor[-1]]
    for other in [*spelled, cursor + "=", cursor + "A", " " + cursor]:
        with pytest.raises(InvalidCursor):
            SEALER.open(other, b"list")


def test_a_position_cannot_be_read() -> None:
    secret = b"public cell 12,34"
    cursor = SEALER.seal(secret, b"list")
    raw = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
    assert secret not in raw
    assert cursor == SEALER.seal(secret, b"list")
    assert cursor != CursorSealer(b"another secret of thirty-two ...").seal(secret, b"list")
