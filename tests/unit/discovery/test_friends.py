"""Friends are found among themselves as the policy finds anybody."""

from collections.abc import Iterator
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from divan_core.discovery import friends as discovery_friends
from divan_core.discovery.friends import called, friend, friends
from divan_core.discovery.model import Tier, wanted
from divan_core.discovery.policy import text_score, tier_of
from divan_core.kernel.ids import CampusId, UserId
from divan_core.kernel.visibility import PersonCard

WORDS = st.text("abn", min_size=1, max_size=6) | st.sampled_from(
    ("anna", "marina", "barnaba", "nabanna", "maria", "silva", "m", "é", "ñgu", "42")
)
TEXTS = st.lists(WORDS, max_size=3).map(" ".join)
NAMED = st.tuples(TEXTS, TEXTS)
EDITS = st.sampled_from(("", "x", "zz", "a", " "))


def card(number: int, handle: str, name: str) -> PersonCard:
    return PersonCard(UserId(UUID(int=number)), CampusId(UUID(int=1)), handle, name)


@pytest.fixture(params=[512, 16], autouse=True)
def marks(request: pytest.FixtureRequest) -> Iterator[None]:
    """As many marks as there are, and so few that trigrams share them."""
    with pytest.MonkeyPatch.context() as patch:
        discovery_friends.marked.cache_clear()
        patch.setattr(discovery_friends, "_MARKS", request.param)
        yield
        discovery_friends.marked.cache_clear()


@settings(max_examples=400, deadline=None)
@given(TEXTS, EDITS, st.lists(NAMED, max_size=6))
def test_friends_are_found_as_anybody_is(q: str, typed: str, names: list[tuple[str, str]]) -> None:
    looked_for = wanted(q + typed)
    people = [friend(card(number, *one)) for number, one in enumerate(names, 1)]
    for tier in Tier if looked_for is not None else ():
        assert looked_for is not None
        found = called(looked_for, friends(people), tier)
        fitting = [one for one in people if tier_of(looked_for, one.entry) is tier]
        assert found == [(one, text_score(looked_for, one.entry)) for one in fitting]


@given(st.text("abcdefgh", min_size=5, max_size=12), st.integers(0, 12), st.sampled_from("ab z"))
def test_a_slip_finds_a_friend(word: str, at: int, letter: str) -> None:
    among = friends([friend(card(1, word, word))])
    for typed in (
        word[:at] + letter + word[at:],
        word[:at] + word[at + 1 :],
        word[:at] + letter + word[at + 1 :],
        word[:at] + word[at : at + 2][::-1] + word[at + 2 :],
    ):
        looked_for = wanted(typed)
        if looked_for is not None and tier_of(looked_for, among.people[0].entry) is Tier.SIMILAR:
            assert [one for one, _ in called(looked_for, among, Tier.SIMILAR)] == [among.people[0]]
