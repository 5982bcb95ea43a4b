"""What was made lately stays, as much of it as fits."""

from divan_core.discovery.lately import Lately


def test_the_oldest_goes_first() -> None:
    kept = Lately[int, str](5, len)
    for number, text in enumerate(("ab", "cd", "efg")):
        kept.keep(number, text)
    assert [kept.get(number) for number in range(3)] == [None, "cd", "efg"]


def test_what_was_asked_for_or_kept_anew_goes_later() -> None:
    kept = Lately[int, str](4, len)
    for number in range(4):
        kept.keep(number, "x")
    kept.renew(0)
    kept.keep(1, "y")
    kept.keep(4, "zz")
    assert [kept.get(number) for number in range(5)] == ["x", "y", None, None, "zz"]


def test_sizes_are_those_of_what_is_there() -> None:
    kept = Lately[int, str](4, len)
    for _ in range(10):
        kept.keep(0, "abc")
    kept.keep(1, "d")
    assert (kept.get(0), kept.get(1)) == ("abc", "d")


def test_the_last_one_stays_however_large() -> None:
    kept = Lately[int, str](1, len)
    kept.renew(9)
    kept.keep(0, "a")
    kept.keep(1, "much too large")
    assert (kept.get(0), kept.get(1)) == (None, "much too large")
