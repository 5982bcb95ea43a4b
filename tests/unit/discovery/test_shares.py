"""A viewer's share of a tier is the same however it is told how alike people are."""

from collections.abc import Iterator, Sequence

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from divan_core.discovery import shares
from divan_core.discovery.circles import Circle
from divan_core.discovery.friends import friends
from divan_core.discovery.likened import Likened, Run
from divan_core.discovery.model import Tier, wanted
from divan_core.discovery.policy import person_score, tier_score
from divan_core.discovery.shares import Edge, Hit, first, ranked, share
from divan_core.kernel.visibility import Relations

LIKENESSES = st.sampled_from([0.2, 0.25, 0.6, 0.7, 1.0])
NUMBERS = st.integers(1, 40)
MOST = 12
"""Where a tier is cut, here."""


@pytest.fixture(autouse=True)
def short_tiers() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(shares, "MOST_IN_TIER", MOST)
        yield


@attrs.frozen
class Part:
    """Some people of a tier, one after the other: a run where ``members`` are known."""

    numbers: Sequence[int]
    alike: Sequence[float]
    members: frozenset[int] | None


@st.composite
def _parts(draw: st.DrawFn) -> Part:
    numbers = draw(st.lists(NUMBERS, unique=True, max_size=8))
    if draw(st.booleans()):
        return Part(numbers, [draw(LIKENESSES) for _ in numbers], None)
    least = draw(LIKENESSES)
    more = [max(least, draw(LIKENESSES | st.just(least))) for _ in numbers]
    return Part(sorted(numbers), more, frozenset([*numbers, *draw(st.sets(NUMBERS))]))


@st.composite
def _tiers(draw: st.DrawFn) -> tuple[Likened, Likened]:
    """The same people, told in runs and one by one."""
    numbers, alike, runs = list[int](), list[float](), list[Run]()
    for part in draw(st.lists(_parts(), max_size=4)):
        fresh = [at for at, number in enumerate(part.numbers) if number not in numbers]
        start = len(numbers)
        numbers += [part.numbers[at] for at in fresh]
        alike += [part.alike[at] for at in fresh]
        if part.members is not None and fresh:
            runs.append(Run(start, len(numbers), min(alike[start:]), part.members))
    others = dict(enumerate(alike))
    by_one = Likened((), numbers, dict(others))
    for run in runs:
        for at in range(run.start, run.end):
            if alike[at] == run.alike:
                del others[at]
    return Likened((), numbers, others, runs), by_one


CIRCLES = st.builds(
    lambda mutual, apart: Circle(
        Relations(),
        friends(()),
        dict.fromkeys(apart, 0) | mutual,
        frozenset(apart),
        frozenset({*apart, *mutual}),
    ),
    st.dictionaries(NUMBERS, st.integers(1, 3), max_size=12),
    st.sets(NUMBERS, max_size=6),
)


@given(_tiers(), CIRCLES, st.integers(0, 3), st.integers(1, 12), st.booleans())
def test_runs_say_what_each_would(
    told: tuple[Likened, Likened], circle: Circle, found: int, most: int, is_all: bool
) -> None:
    looked_for = wanted("ana")
    assert looked_for is not None
    in_runs, by_one = told
    assert in_runs.alike == by_one.alike
    asked = len(by_one) + is_all
    matching: list[Hit] = [(-1.2, 100 + at, True, 0) for at in range(found)]
    tier = ranked(looked_for, in_runs, asked, Tier.SIMILAR)
    part = share(tier, matching, circle)
    expected = _expected(by_one, matching, circle)
    assert part.seen == len(expected)
    assert first(part, circle, None, 99) == expected
    edges: list[Edge | None] = [None, *[hit[:2] for hit in expected], (-0.6 * 0.7, 20)]
    for edge in edges:
        following = [hit for hit in expected if edge is None or hit[:2] > edge]
        assert first(part, circle, edge, most) == following[:most]


def _expected(told: Likened, matching: Sequence[Hit], circle: Circle) -> list[Hit]:
    """All hits of a share, each looked at by itself."""
    hits, room = list(matching), max(0, MOST - len(matching))
    for number, alike in zip(told.numbers, told.alike, strict=True):
        if number in circle.apart or not room:
            continue
        room -= 1
        mutual, score = circle.mutual.get(number, 0), tier_score(alike, Tier.SIMILAR)
        if mutual:
            score = person_score(score, is_friend=False, mutual=mutual)
        hits.append((-score, number, False, mutual))
    return sorted(hits)
