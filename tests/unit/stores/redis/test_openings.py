"""A command whose beginning was packed once is the command packed whole."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from divan_core.stores.redis.link import Opening, pack

_PARTS = st.lists(st.binary(max_size=40) | st.integers(-(2**62), 2**62) | st.text(max_size=9))


@given(first=_PARTS.filter(bool), then=_PARTS)
def test_it_is_the_same_command(
    first: list[bytes | int | str], then: list[bytes | int | str]
) -> None:
    assert Opening.of(*first).followed_by(then) == pack(*first, *then)
