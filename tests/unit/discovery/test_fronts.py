"""Those who share a text are found laid out as if each was looked at, before changes and after."""

from collections.abc import Iterator, Sequence
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from divan_core.discovery import fronts, names
from divan_core.discovery.fronts import Front, Fronts, Gathering
from divan_core.discovery.likened import Likened
from divan_core.discovery.model import (
    SLIP,
    Called,
    Entry,
    Spelt,
    Tier,
    Wanted,
    entry,
    parts,
    wanted,
)
from divan_core.discovery.names import Names
from divan_core.discovery.policy import cut, text_score, tier_of, tier_score
from divan_core.discovery.spelling import Spelling, is_outdone, likeness
from divan_core.kernel.ids import UserId

WORDS = st.text("abcn1", min_size=1, max_size=7) | st.sampled_from(["banan", "canna", "bcab"])
TEXTS = st.lists(WORDS, min_size=1, max_size=3).map(" ".join)
NUMBERED = st.builds(lambda name, number: (f"{name}{number}", name), TEXTS, st.integers(0, 12))
PEOPLE = st.lists(st.tuples(TEXTS, TEXTS) | NUMBERED, min_size=1, max_size=14)
QUERIES = (st.text("abcn1 ", min_size=2, max_size=14) | TEXTS).map(wanted)


@pytest.fixture(autouse=True)
def short_fronts() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        for module in (fronts, names):
            patch.setattr(module, "MANY", 2)
            patch.setattr(module, "LONGEST", 3)
        patch.setattr(fronts, "OFTEN", 2)
        patch.setattr(fronts, "CAPACITY", 12)
        yield


def called(people: Sequence[tuple[str, str]]) -> list[Entry]:
    return [entry(UserId(UUID(int=at)), *texts) for at, texts in enumerate(people, 1)]


@given(PEOPLE, PEOPLE, st.lists(QUERIES, min_size=1, max_size=4), st.sampled_from([1, 4, 50]))
def test_people_are_found_and_scored_the_same_whatever_is_laid_out(
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
            later = known.resembling(looked_for, most)
            for tier, found in (
                (Tier.BEGINS, known.beginning(looked_for, most)),
                (Tier.INSIDE, later.inside),
                (Tier.SIMILAR, later.similar),
            ):
                assert_cut(found, staying, looked_for, tier, most)
            known.lay_out()
        for one in everybody[len(people) :]:
            if known.known(one.user_id) is not None:
                known.replace(one, None)


def test_a_slip_counts_for_whoever_begins_so_by_another_name() -> None:
    everybody = called([("x", "marinella mxari"), ("y", "marinella bo")])
    known = laid_out(everybody)
    looked_for = wanted("mari")
    assert looked_for is not None
    assert_cut(known.beginning(looked_for, 9), everybody, looked_for, Tier.BEGINS, 9)


def test_whoever_has_a_name_with_digits_and_without_is_found_by_it() -> None:
    """Of those with a word that ends in digits, some have what is before them as well."""
    everybody = called([("banan7", "banan"), ("x", "banan7 li"), ("y", "banan7 wu")])
    known = laid_out(everybody)
    looked_for = wanted("banan78")
    assert looked_for is not None
    similar = known.resembling(looked_for, 9).similar
    assert_cut(similar, everybody, looked_for, Tier.SIMILAR, 9)


def laid_out(everybody: Sequence[Entry]) -> Names:
    """These people, with all fronts that are due."""
    known = Names()
    for one in everybody:
        known.replace(None, one)
    while known.lay_out():
        pass
    return known


def assert_cut(
    found: Sequence[Entry], among: Sequence[Entry], asked: Wanted, tier: Tier, most: int
) -> None:
    """These are the first of the tier, and their scores are right where they are told."""
    fitting = [one for one in among if tier_of(asked, one) is tier]
    assert list(found) == cut(asked, fitting, tier, most)
    if found:
        assert isinstance(found, Likened)
        assert list(found.numbers) == [one.user_id.int for one in found]
        assert [tier_score(one, tier) for one in found.alike] == [
            text_score(asked, one) for one in found
        ]


def test_fronts_are_due_where_many_share_a_text_until_they_are_made() -> None:
    kept = Fronts()
    assert kept.due() is None
    kept.changed("ann", 1)
    kept.changed("bo", 2)
    kept.changed("cy", 2)
    kept.changed("cy", 1)
    assert [kept.due(), kept.due()] == ["bo", None]


def test_a_front_is_due_again_after_a_change() -> None:
    spelling, kept = Spelling(), Fronts()
    people = [spelling.called(one, [one.name], []) for one in called([("x", "ann bo")] * 3)]
    front = Front(spelling.spelt("ann"), people, ())
    kept.keep("ann", front)
    assert kept.known("ann") is front
    kept.changed("ann", 3)
    assert kept.known("ann") is None
    assert kept.due() == "ann"


def test_where_there_is_no_room_those_are_made_that_are_asked_for_often() -> None:
    kept = Fronts()
    for text in ("ann", "bo", "cy", "dee", "eve"):
        kept.changed(text, 3)
    assert [kept.due() for _ in range(5)] == ["ann", "bo", "cy", "dee", None]
    kept.missed("eve")
    assert kept.due() is None
    kept.missed("eve")
    assert kept.due() == "eve"


@given(PEOPLE, WORDS, QUERIES, st.sampled_from([0.0, 0.2, SLIP]))
def test_a_front_tells_how_alike_people_are(
    people: list[tuple[str, str]], shared: str, looked_for: Wanted | None, least: float
) -> None:
    spelling, everybody = Spelling(), list[Called]()
    for one in called([(handle, f"{name} {shared}") for handle, name in people]):
        every = set(parts(one))
        outdone = {text for text in every if is_outdone(text, every)}
        if shared not in outdone:
            everybody.append(spelling.called(one, every, outdone))
    sought = spelling.sought(looked_for) if looked_for is not None else None
    if sought is None:
        return
    front = Front(spelling.spelt(shared), everybody, spelling.digits)
    alike, more = front.likeness(sought, least)
    told = [more.get(at, alike) for at in range(len(everybody))]
    assert told == [max(least, one) for one in likeness(sought, everybody, ())]


@given(
    st.lists(
        st.dictionaries(st.integers(1, 20), st.sampled_from([0.0, 0.0, 0.5, 0.7]), max_size=9),
        max_size=4,
    ),
    st.sets(st.integers(1, 20), max_size=5),
    st.integers(1, 15),
)
def test_whoever_is_in_several_fronts_is_found_once(
    alike: list[dict[int, float]], met: set[int], most: int
) -> None:
    found, expected = Gathering(most, set(met)), dict[int, float]()
    for those in alike:
        if found.is_full:
            break
        front = Front("", [_nobody(number) for number in sorted(those)], ())
        found.add_front(
            front, 0.3, {at: those[one] for at, one in enumerate(sorted(those)) if those[one]}
        )
        expected |= {
            one: those[one] or 0.3 for one in sorted(those) if one not in met | {*expected}
        }
    told = found.likened()
    assert list(zip(told.numbers, told.alike, strict=True)) == list(expected.items())[:most]
    assert [one.user_id.int for one in told] == list(told.numbers)
    assert len(told) > max(told.others, default=-1)


def _nobody(number: int) -> Called:
    one = entry(UserId(UUID(int=number)), "x", "x")
    return Called(number, one, Spelt((), ()), Spelt((), ()), ())
