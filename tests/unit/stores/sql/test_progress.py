"""How old what a replica has is."""

from hypothesis import given
from hypothesis import strategies as st

from divan_core.stores.sql.progress import KEPT, Progress

# What a primary writes between two looks, and how much of all of it a replica has by then.
steps = st.lists(st.tuples(st.integers(0, 3), st.floats(0, 1)), min_size=1, max_size=40)


@given(steps)
def test_nothing_is_older_than_is_told(looks: list[tuple[int, float]]) -> None:
    """Beside a list of when each byte was written, of which a replica has all up to some place."""
    progress, written, replayed = Progress(), list[int](), 0
    for now, (bytes_more, share) in enumerate(looks):
        written += [now] * bytes_more
        progress.mark(now + 0.5, len(written))
        replayed = max(replayed, int(share * len(written)))
        progress.reach(replayed)
        age = progress.age(now + 0.5)
        missing = written[replayed:]
        if age is not None and missing:
            assert age >= now - missing[0] - 0.5
        if not missing:
            assert age == 0.0


def test_who_has_never_been_there_has_no_age() -> None:
    progress = Progress()
    progress.reach(99)
    assert progress.age(1.0) is None
    progress.mark(1.0, 100)
    progress.reach(99)
    assert progress.age(2.0) is None


def test_a_replica_that_stands_still_grows_older() -> None:
    progress = Progress()
    progress.mark(1.0, 100)
    progress.reach(100)
    for now in range(2, 2 * KEPT):
        progress.mark(now, 100 + now)
        progress.reach(100)
    assert progress.age(2.0 * KEPT) == 2 * KEPT - 1
    progress.reach(10 * KEPT)
    assert progress.age(2.0 * KEPT) == 1


def test_another_primary_begins_a_log_that_is_shorter() -> None:
    """After a failover places can lie before those that were marked."""
    progress = Progress()
    progress.mark(1.0, 500)
    progress.mark(2.0, 400)
    progress.reach(400)
    assert progress.age(2.0) == 0.0
