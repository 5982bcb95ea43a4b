"""Of those in a tier, whom a viewer knows: the same with and without a set of its members."""

from hypothesis import given
from hypothesis import strategies as st

from divan_core.discovery.shares import Ranked, memorised

NUMBERS = st.integers(1, 9) | st.integers(2**120, 2**120 + 9)


@given(st.lists(NUMBERS, unique=True), st.sets(NUMBERS))
def test_who_is_known_stands_where_they_stand(numbers: list[int], known: set[int]) -> None:
    tier = Ranked(numbers, [0.0] * len(numbers), range(len(numbers)), is_all=True)
    expected = {at for at, one in enumerate(numbers) if one in known}
    for one in (tier, memorised(tier)):
        assert one.among(dict.fromkeys(known, 1)) == expected
