"""The sliding-window rule against counting by hand."""

from hypothesis import given
from hypothesis import strategies as st

from divan_core.kernel.limits import Limit, Window, refusal, wait_ms

gaps = st.lists(st.integers(0, 20_000), max_size=80)
windows = st.lists(st.builds(Window, st.integers(1, 6), st.integers(1, 40)), min_size=1, max_size=3)


@given(gaps=gaps, windows=windows)
def test_no_window_ever_holds_more_and_none_is_refused_too_early(
    gaps: list[int], windows: list[Window]
) -> None:
    limit = Limit("test", tuple(windows))
    now = 1_000_000
    admitted: list[int] = []
    for gap in gaps:
        now += gap
        wait = wait_ms(limit, admitted[-limit.memory :], now)
        fits = all(
            sum(at > now - window.seconds * 1000 for at in admitted) < window.count
            for window in windows
        )
        assert (wait <= 0) is fits
        if wait > 0:
            assert wait_ms(limit, admitted[-limit.memory :], now + wait) <= 0
            assert wait_ms(limit, admitted[-limit.memory :], now + wait - 1) > 0
        else:
            admitted.append(now)


def test_the_refusal_names_whole_seconds() -> None:
    assert refusal(Limit("x", (Window(1, 1),)), 1).retry_after == 1
    assert refusal(Limit("x", (Window(1, 1),)), 1001).retry_after == 2
