"""Those who share a text are found laid out as if each was looked at, before changes and after."""

from collections.abc import Iterator, Sequence
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from divan_core.discovery import fronts, names
from divan_core.discovery.fronts import Fronts
from divan_core.discovery.model import Entry, Tier, Wanted, entry, wanted
from divan_core.discovery.names import Names
from divan_core.discovery.policy import cut, text_score, tier_of, tier_scores
from divan_core.discovery.ports import Likened
from divan_core.discovery.spelling import Spelling, likeness
from divan_core.kernel.ids import UserId

WORDS = st.text("abcn1", min_size=1, max_size=7) | st.sampled_from(["banan", "canna", "bcab"])
TEXTS = st.lists(WORDS, min_size=1, max_size=3).map(" ".join)
NUMBERED = st.builds(lambda name, number: (f"{name}{number}", name), TEXTS, st.integers(0, 12))
PEOPLE = st.lists(st.tuples(TEXTS, TEXTS) | NUMBERED, min_size=1, max_size=14)
QUERIES = (st.text("abcn1 ", min_size=2, max_size=14) | TEXTS).map(wanted)


@pytest.fixture(autouse=True)
def short_fronts() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(names, "MANY", 2)
        patch.setattr(fronts, "OFTEN", 2)
        patch.setattr(names, "LONGEST", 3)
        patch.setattr(fronts, "CAPACITY", 12)
        yield


def called(people: Sequence[tuple[str, str]]) -> list[Entry]:
    return [entry(UserId(UUID(int=at)), *texts) for at, texts in enumerate(people, 1)]


@given(PEOPLE, PEOPLE, st.lists(QUERIES, min_size=1, max_size=4), st.sampled_from([1, 4, 50]))
def test_who_is_similar_is_found_and_scored_whatever_was_asked_before(
    people: list[tuple[str, str]],
    others: list[tuple[str, str]],
    asked: list[Wanted | None],
    most: int,
) -> None:
    everybody, known = called([*people, *others]), Names()
    for one in everybody:
        known.replace(None, one)
    for staying in (everybody, everybody[: len(people)]):
        for looked_for in [one for one in asked if one is not None] * 3:
            found = known.resembling(looked_for, most).similar
            fitting = [one for one in staying if tier_of(looked_for, one) is Tier.SIMILAR]
            assert list(found) == cut(looked_for, fitting, Tier.SIMILAR, most)
            if found:
                assert isinstance(found, Likened)
                assert list(found.numbers) == [one.user_id.int for one in found]
                scores = [text_score(looked_for, one) for one in found]
                assert tier_scores(found.alike, Tier.SIMILAR) == scores
        for one in everybody[len(people) :]:
            if known.known(one.user_id) is not None:
                known.replace(one, None)


def test_a_front_is_made_the_second_time_and_again_after_a_change() -> None:
    spelling, kept = Spelling(), Fronts()
    people = [spelling.called(one, [one.name], []) for one in called([("x", "ann bo")] * 3)]
    spelt = spelling.spelt("ann")
    assert kept.made("ann", spelt, people) is None
    front = kept.made("ann", spelt, people)
    assert front is not None
    assert kept.known("ann") is front
    kept.forget(["ann"])
    assert kept.known("ann") is None
    assert kept.made("ann", spelt, people) is None


@given(PEOPLE, WORDS, QUERIES)
def test_a_front_tells_how_alike_people_are(
    people: list[tuple[str, str]], shared: str, looked_for: Wanted | None
) -> None:
    spelling = Spelling()
    everybody = [
        spelling.called(one, {one.name, *one.name.split(" ")}, ())
        for one in called([(handle, f"{name} {shared}") for handle, name in people])
    ]
    sought = spelling.sought(looked_for) if looked_for is not None else None
    if sought is None or sought.has_digits:
        return
    front = fronts.Front(spelling.spelt(shared), everybody)
    assert list(front.likeness(sought, 0.0)) == likeness(sought, everybody, ())
