"""Who is listed, in what order, and what is shown."""

import math
from collections.abc import Iterable, Sequence
from itertools import islice, pairwise
from uuid import UUID

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import UNSET

from divan_core.kernel.audience import JournalSlice
from divan_core.kernel.clock import Millis
from divan_core.kernel.ids import CampusId, UserId
from divan_core.kernel.visibility import PersonCard, Relations
from divan_core.presence import listing
from divan_core.presence.crowds import Crowd, Question, groups_of
from divan_core.presence.listing import Near, Occupied, Position
from divan_core.presence.messages import Group
from divan_core.presence.model import Cell, Fix, Heard, Neighbourhood

CAMPUS = CampusId(UUID(int=99))
ME = UserId(UUID(int=1))
PEOPLE = [UserId(UUID(int=number)) for number in range(2, 8)]
HERE = Fix(Millis(0), 0.0, 0.0, 5.0)
NEAR, FAR, WIDE = Cell(25, 0, 0), Cell(25, 3, 0), Cell(200, 0, 0)


def card(user_id: UserId, blur_m: int = 0) -> PersonCard:
    return PersonCard(user_id, CAMPUS, f"u{user_id.int}", "U", blur_distance_m=blur_m)


def hood(*cells: tuple[Cell, tuple[UserId, ...]], complete_m: float = math.inf) -> Neighbourhood:
    return Neighbourhood(HERE, cells, complete_m, JournalSlice(b""))


def test_a_cell_counts_within_the_radius_or_its_own_size() -> None:
    around = hood((NEAR, ()), (FAR, ()), (WIDE, ()))
    assert [cell for _, (cell, _) in listing.within(around, (-1.0, 50))] == [NEAR, WIDE]
    assert [cell for _, (cell, _) in listing.within(around, (-1.0, 100))] == [NEAR, FAR, WIDE]
    assert [cell for _, (cell, _) in listing.within(around, (20.0, 100))] == [FAR, WIDE]
    incomplete = hood((NEAR, ()), (FAR, ()), complete_m=30.0)
    assert [cell for _, (cell, _) in listing.within(incomplete, (-1.0, 100))] == [NEAR]


def test_the_nearest_cell_comes_first() -> None:
    around = hood((FAR, ()), (WIDE, ()), (NEAR, ()))
    assert [cell for _, (cell, _) in listing.within(around, (-1.0, 500))] == [NEAR, FAR, WIDE]


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(1, 3))), st.integers(1, 7))
def test_portions_are_large_enough_and_part_no_distance(
    crowds: list[tuple[int, int]], people: int
) -> None:
    cells = [(float(at), (Cell(25, at, 0), PEOPLE[:count])) for at, count in sorted(crowds)]
    portions = list(listing.portions(cells, people))
    assert [cell for portion in portions for cell in portion] == cells
    assert all(sum(len(there) for _, (_, there) in one) >= people for one in portions[:-1])
    assert all(one[-1][0] < other[0][0] for one, other in pairwise(portions))


def test_nobody_is_around_somebody_who_is_away() -> None:
    away = Neighbourhood(None, [(NEAR, PEOPLE)], math.inf, JournalSlice(b""))
    assert listing.within(away, (-1.0, 50)) == []


def crowds(cells: Sequence[Occupied], cards: Iterable[PersonCard | None]) -> list[Crowd]:
    """The crowds of these cells, of one card for each person in turn."""
    each = iter(cards)
    return [Crowd(place, list(islice(each, len(place[1])))) for _, place in cells]


def numbers(found: list[Near]) -> list[int]:
    return [one.user_id.int for one in listing.shown(found)]


def listed(question: Question, *cards: PersonCard | None) -> list[int]:
    cells: list[Occupied] = [(10.0, (NEAR, PEOPLE[: len(cards)]))]
    return numbers(listing.listed(cells, crowds(cells, cards), question, ()))


def test_the_nearest_come_first_then_the_smaller_id() -> None:
    two, three, four = (card(one) for one in PEOPLE[:3])
    cells: list[Occupied] = [(10.0, (NEAR, PEOPLE[1:3])), (90.0, (FAR, PEOPLE[:1]))]
    found = listing.listed(cells, crowds(cells, [four, three, two]), Question(ME, Relations()), ())
    assert numbers(found) == [3, 4, 2]


def test_people_at_one_distance_stand_by_id_whatever_their_cells() -> None:
    cells: list[Occupied] = [
        (10.0, (NEAR, PEOPLE[3:4])),
        (20.0, (FAR, [PEOPLE[2], PEOPLE[0]])),
        (20.0, (WIDE, [PEOPLE[1], PEOPLE[4]])),
    ]
    there = map(card, [one for _, (_, people) in cells for one in people])
    found = listing.listed(cells, crowds(cells, there), Question(ME, Relations()), ())
    assert numbers(found) == [5, 2, 3, 4, 6]
    assert [cell for _, cell, _ in found[1:]] == [FAR, WIDE, FAR, WIDE]


def test_the_hidden_the_unknown_and_oneself_are_left_out() -> None:
    ghost = attrs.evolve(card(PEOPLE[0]), ghost_mode=True)
    assert listed(Question(ME, Relations()), ghost, None, card(ME), card(PEOPLE[3])) == [5]


def test_a_cell_finer_than_its_person_wants_by_now_is_not_shown() -> None:
    assert listed(Question(ME, Relations()), card(PEOPLE[0], 50), card(PEOPLE[1], 20)) == [3]


def test_friends_only() -> None:
    question = Question(ME, Relations(friends=frozenset({PEOPLE[1]})), friends_only=True)
    assert listed(question, card(PEOPLE[0]), card(PEOPLE[1])) == [3]


@pytest.mark.parametrize("limit", [1, 2, 3])
def test_a_page_goes_on_after_a_position(limit: int) -> None:
    around = hood((NEAR, tuple(PEOPLE[:2])), (FAR, tuple(PEOPLE[2:4])))
    cells = listing.within(around, (-1.0, 500))
    found = listing.listed(
        cells, crowds(cells, map(card, PEOPLE[:4])), Question(ME, Relations()), ()
    )
    position = listing.position_before(found, 4 - limit)
    assert position == Position(NEAR if limit < 3 else FAR, PEOPLE[limit - 1])
    assert numbers(listing.after(found, position, HERE)) == [2, 3, 4, 5][limit:]


def test_the_listed_are_counted() -> None:
    cells: list[Occupied] = [(1.0, (NEAR, PEOPLE[:2])), (9.0, (FAR, PEOPLE[2:5]))]
    found = listing.listed(
        cells, crowds(cells, map(card, PEOPLE[:5])), Question(ME, Relations()), ()
    )
    assert [listing.more_than(count, found) for count in (0, 4, 5)] == [True, True, False]
    assert not listing.more_than(0, [])


@pytest.mark.parametrize("include", [(), ("profile",), ("distance",), ("profile", "distance")])
def test_groups(include: tuple[Group, ...]) -> None:
    person = attrs.evolve(card(PEOPLE[0]), major="Law", passions=("chess",))
    cells: list[Occupied] = [(26.0, (NEAR, PEOPLE[:1]))]
    relations = Relations(friends=frozenset({PEOPLE[0]}))
    question = Question(ME, relations, groups=groups_of(include))
    (view,) = listing.shown(listing.listed(cells, crowds(cells, [person]), question, ()))
    assert view.is_friend
    assert view.distance_m == (50 if "distance" in include else UNSET)
    assert view.major == ("Law" if "profile" in include else UNSET)
    assert view.passions == (("chess",) if "profile" in include else UNSET)
    assert view.graduation_year is UNSET


def test_last_seen_is_rounded_down_to_the_minute() -> None:
    seen = listing.sighting(ME, Heard(online=True, at=Millis(119_999)))
    assert (seen.online, seen.last_seen) == (True, "1970-01-01T00:01:00.000Z")
    assert listing.sighting(ME, None).last_seen is None


def test_a_blur_below_the_floor_acts_as_the_floor() -> None:
    assert listing.cell_size_m(card(ME, 10), 25) == 25
    assert listing.cell_size_m(card(ME, 200), 25) == 200
