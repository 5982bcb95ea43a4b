"""Tiers, cuts and scores."""

import math
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from divan_core.discovery.messages import SearchQuery
from divan_core.discovery.model import Entry, RoomCard, Tier, Wanted, entry, wanted
from divan_core.discovery.policy import (
    begins,
    check_search,
    cut,
    likenesses,
    named_handle,
    person_score,
    room_fits,
    room_found_score,
    room_score,
    text_score,
    tier_of,
    tier_score,
)
from divan_core.errors import ValidationFailed
from divan_core.kernel.clock import Millis
from divan_core.kernel.ids import RoomId, UserId

TEXTS = st.lists(st.text("abn", min_size=1, max_size=6), min_size=1, max_size=3).map(" ".join)


def one(handle: str, name: str, number: int = 1) -> Entry:
    return entry(UserId(UUID(int=number)), handle, name)


def of(q: str) -> Wanted:
    found = wanted(q)
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("q", "tier"),
    [
        ("m.sil", Tier.BEGINS),
        ("josé da", Tier.BEGINS),
        ("silva", Tier.BEGINS),
        ("ilv", Tier.INSIDE),
        ("silva 4", Tier.BEGINS),
        ("mraia", Tier.SIMILAR),
        ("marias", Tier.SIMILAR),
        ("xyz", None),
    ],
)
def test_tiers(q: str, tier: Tier | None) -> None:
    assert tier_of(of(q), one("m.silva", "María José da Silva 42")) is tier


def test_the_cut_begins_with_the_shortest_that_fits() -> None:
    named = (("x1a", "Anastasia"), ("x", "Ana"), ("x2a", "Ana"), ("anb", "B"))
    people = [one(*texts, number) for number, texts in enumerate(named, 1)]
    assert [found.user_id.int for found in cut(of("an"), people, Tier.BEGINS)] == [2, 3, 4, 1]
    near = [one("q1", "Ana", 1), one("q2", "Anders", 2)]
    assert [found.user_id.int for found in cut(of("aners"), near, Tier.SIMILAR)] == [2, 1]


def test_scores() -> None:
    maria = one("m1x", "Maria Silva")
    assert text_score(of("maria"), maria) == pytest.approx(0.9)
    assert text_score(of("mraia"), maria) == pytest.approx(0.42)
    assert person_score(0.9, is_friend=True, mutual=3) == pytest.approx(1.0 + 0.1 * math.log(4))
    assert person_score(0.9, is_friend=True, mutual=10**6) == 1.5


@given(TEXTS, st.lists(st.tuples(TEXTS, TEXTS), max_size=5))
def test_scores_of_many_are_those_of_each(q: str, texts: list[tuple[str, str]]) -> None:
    looked_for = wanted(q)
    people = [one(handle, name) for handle, name in texts]
    if looked_for is not None:
        scores = [text_score(looked_for, somebody) for somebody in people]
        tiers = [Tier.BEGINS if begins(looked_for.text, a) else Tier.SIMILAR for a in people]
        alike = likenesses(looked_for, people)
        assert list(map(tier_score, alike, tiers)) == scores


@given(TEXTS, st.lists(st.tuples(TEXTS, TEXTS), max_size=5))
def test_scores_of_a_tier_are_those_of_each(q: str, texts: list[tuple[str, str]]) -> None:
    looked_for = wanted(q)
    for tier in Tier if looked_for else ():
        assert looked_for is not None
        everybody = [one(handle, name) for handle, name in texts]
        people = [somebody for somebody in everybody if tier_of(looked_for, somebody) is tier]
        scores = [text_score(looked_for, somebody) for somebody in people]
        assert [tier_score(alike, tier) for alike in likenesses(looked_for, people)] == scores


def test_rooms() -> None:
    room = RoomCard(RoomId(UUID(int=1)), "Chess Club", "2-4", Millis(0), 9, 40, 2)
    own = room_score(40, 9, 2)
    assert own == pytest.approx(0.6 * math.log(41) + 0.3 * math.log(10) + 0.05 * math.log(3))
    assert room_found_score(of("club"), room) == pytest.approx(0.7 + 0.2 + 0.02 * own)
    assert [room_fits(of(q), "chess club") for q in ("ches", "ess", "chses", "rowing")] == [
        True,
        True,
        True,
        False,
    ]
    assert room_fits(of("rowing"), "rowing")


def test_an_exact_handle() -> None:
    assert {named_handle(q) for q in ("ana.b", " @Ana.B ", "ＡNA.B")} == {"ana.b"}  # noqa: RUF001
    assert named_handle("ana b") != "ana.b"


def test_what_is_out_of_range_is_named() -> None:
    check_search(SearchQuery("x" * 64, 50))
    with pytest.raises(ValidationFailed) as refused:
        check_search(SearchQuery("x" * 65, 0))
    assert [fault.path for fault in refused.value.errors] == ["query.q", "query.limit"]
