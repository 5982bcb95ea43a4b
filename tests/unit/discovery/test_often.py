"""What is asked for often stays, whatever else is asked for; sizes are bounded."""

from hypothesis import given
from hypothesis import strategies as st

from divan_core.discovery.often import Often, Tally

SMALL, LARGE = "x", "x" * 40


def kept_of(capacity: int) -> Often[int, str]:
    return Often[int, str](capacity, len)


def ask(kept: Often[int, str], key: int, item: str = SMALL) -> bool:
    """Ask as a cache is asked: whether it had the key, which it has been given now."""
    kept.count(key)
    if kept.get(key) is not None:
        kept.renew(key)
        return True
    kept.keep(key, item)
    return False


def there(kept: Often[int, str]) -> list[int]:
    return [key for key in range(9_000) if kept.get(key) is not None]


def test_what_is_asked_for_often_does_not_give_way_to_what_is_asked_for_once() -> None:
    kept = kept_of(100)
    for key in [*range(50)] * 2:
        ask(kept, key)
    for key in range(1_000, 9_000):
        ask(kept, key)
    assert there(kept)[:50] == [*range(50)]
    assert len(there(kept)) == 100


def test_a_round_of_more_than_there_is_room_for_is_answered_in_part() -> None:
    """Where what nobody asked for longest goes first, nothing of the next round is there."""
    kept = kept_of(100)
    for key in [*range(150)] * 3:
        ask(kept, key)
    found = sum(ask(kept, key) for key in range(150))
    assert 90 <= found <= 100


def test_the_newest_is_there_however_seldom_it_was_asked_for() -> None:
    kept = kept_of(200)
    for key in [*range(200)] * 5:
        ask(kept, key)
    ask(kept, 999)
    assert kept.get(999) == SMALL
    kept.keep(999, "y")  # its second part, say
    assert kept.get(999) == "y"
    ask(kept, 1_000)
    ask(kept, 1_001)
    assert kept.get(999) is None


def test_of_the_new_ones_what_was_asked_for_anew_stays_longer() -> None:
    kept = kept_of(200)
    for key in [*range(198)] * 2:
        ask(kept, key)
    for key in (900, 901, 900, 902):
        ask(kept, key)
    assert there(kept)[198:] == [900, 902]


def test_what_is_asked_for_more_takes_the_place_of_the_oldest_that_is_not() -> None:
    kept = kept_of(10)
    for key in range(10):
        ask(kept, key)
    for key in (0, 0, 99, 99, 98):  # 99 is compared when 98 comes
        ask(kept, key)
    assert there(kept) == [0, *range(2, 10), 98, 99]


def test_one_that_stayed_goes_last_so_that_the_next_is_compared_with_another() -> None:
    kept = kept_of(3)
    for key in (0, 0, 0, 1, 2, 7, 7, 8, 8, 9):  # 7 is compared with 0 when 8 comes
        ask(kept, key)
    assert there(kept) == [0, 2, 8, 9]


def test_a_large_one_takes_the_place_of_several() -> None:
    kept = kept_of(100)
    for key in range(100):
        ask(kept, key)
    for key in (999, 999, 998):
        ask(kept, key, LARGE)
    assert kept.get(999) == LARGE
    assert kept.get(998) == LARGE
    assert len(there(kept)) == 61


def test_one_too_large_for_everything_goes_when_the_next_one_comes() -> None:
    kept = kept_of(10)
    ask(kept, 0)
    ask(kept, 1)
    for _ in range(5):
        ask(kept, 2, "x" * 99)
    assert there(kept) == [0, 1, 2]
    ask(kept, 3)
    assert there(kept) == [0, 1, 3]  # it has pushed out nobody, however often it was asked for


@given(
    st.lists(st.tuples(st.integers(0, 30), st.integers(0, 12)), max_size=200),
    st.integers(0, 60),
)
def test_sizes_are_bounded(asked: list[tuple[int, int]], capacity: int) -> None:
    kept = kept_of(capacity)
    for key, size in asked:
        if size % 3:
            ask(kept, key, "x" * size)
        else:
            kept.keep(key, "x" * size)
            assert kept.get(key) == "x" * size
        total = sum(len(kept.get(at) or "") for at in range(31))
        assert total <= capacity + 12 + 12  # the last of the new ones and of the others stays


def test_questions_of_long_ago_count_for_less() -> None:
    tally = Tally()
    for _ in range(40):
        tally.add(1)
    assert tally.of(1) == 15
    tally.add(2)
    for key in range(1 << 16):
        tally.add(1_000 + key)
    assert (tally.of(1), tally.of(2)) == (7, 0)
