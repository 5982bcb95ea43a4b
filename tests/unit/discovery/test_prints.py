"""People as JSON are what their views are as JSON, made once of each card."""

from uuid import UUID

import attrs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from divan_core.codec.reader import encode
from divan_core.discovery import prints
from divan_core.discovery.prints import Prints
from divan_core.discovery.views import shown
from divan_core.kernel.ids import CampusId, UserId
from divan_core.kernel.visibility import PersonCard

TRICK = '"is_friend":false,"mutual_friends":0'
"""What a name must not be mistaken for."""

NAMES = st.text() | st.just(TRICK) | st.just(f'\\",{TRICK}')

CARDS = st.builds(
    PersonCard,
    user_id=st.uuids().map(UserId),
    campus_id=st.just(CampusId(UUID(int=1))),
    handle=NAMES,
    display_name=NAMES,
    avatar_url=st.none() | NAMES,
    major=st.none() | NAMES,
    graduation_year=st.none() | st.integers(1900, 2100),
    passions=st.none() | st.lists(NAMES, max_size=3).map(tuple),
)


@settings(max_examples=40, deadline=None)
@given(CARDS, st.lists(st.tuples(st.booleans(), st.integers(0, 10**6)), max_size=4))
def test_a_print_is_the_view_as_json(card: PersonCard, told: list[tuple[bool, int]]) -> None:
    kept = Prints()
    for is_friend, mutual in (*told, (False, 0)):
        view = shown(card, mutual, is_friend=is_friend)
        assert bytes(memoryview(kept.of(card, mutual, is_friend=is_friend))) == encode(view)


def card(number: int, name: str = "Ana") -> PersonCard:
    return PersonCard(UserId(UUID(int=number)), CampusId(UUID(int=1)), f"ana{number}", name)


def test_a_card_that_changed_is_printed_anew() -> None:
    kept, ana = Prints(), card(1)
    kept.of(ana, 0, is_friend=False)
    found = kept.of(attrs.evolve(ana, display_name="Bea"), 0, is_friend=False)
    assert b'"Bea"' in bytes(memoryview(found))


def test_prints_are_made_once_and_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    made = list[PersonCard]()
    monkeypatch.setattr(prints, "shown", lambda one, *_, **__: made.append(one))
    kept, one, other = Prints(capacity=1), card(1), card(2)
    for asked in (one, one, other, one):
        kept.of(asked, 0, is_friend=False)
    assert made == [one, other, one]


@pytest.mark.parametrize("people", [[card(1).user_id, card(2).user_id], None])
def test_nothing_is_kept_of_who_has_changed(
    people: list[UserId] | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = list[PersonCard]()
    monkeypatch.setattr(prints, "shown", lambda one, *_, **__: made.append(one))
    kept, one = Prints(), card(1)
    for _ in range(2):
        kept.of(one, 0, is_friend=False)
        kept.forget(one.campus_id, people)
    assert made == [one, one]
