"""Texts of games are found by ids of their own."""

from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from divan_core.activities.games.game import MOST_TEXTS
from divan_core.activities.model import ActivityId
from divan_core.activities.texts import origins, text_id

NUMBERS = st.integers(1, MOST_TEXTS)


@given(activity=st.uuids(), number=NUMBERS)
def test_the_activity_is_found_by_the_id_of_a_text(activity: UUID, number: int) -> None:
    known = ActivityId(activity)
    found = origins(text_id(known, number))
    assert found[number - 1] == known
    assert len(set(found)) == MOST_TEXTS


@given(activity=st.uuids(), number=NUMBERS, other=NUMBERS, near=st.integers(-9, 9))
def test_no_two_texts_have_the_same_id(activity: UUID, number: int, other: int, near: int) -> None:
    """Nor those of activities whose ids follow each other, nor a text and an activity."""
    neighbour = UUID(int=(activity.int + near) % 2**128)
    one, two = text_id(ActivityId(activity), number), text_id(ActivityId(neighbour), other)
    assert (one == two) is ((near, number) == (0, other))
    assert one != neighbour
