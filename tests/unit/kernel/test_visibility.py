"""Who sees whom, as a table."""

from itertools import product
from uuid import UUID

import pytest

from divan_core.kernel.ids import CampusId, UserId
from divan_core.kernel.visibility import (
    PersonCard,
    Relations,
    Standing,
    Surface,
    Visibility,
    acquainted,
    can_see,
    is_open,
)

VIEWER, OTHER = UserId(UUID(int=1)), UserId(UUID(int=2))
STRANGERS = Relations()
FRIENDS = Relations(friends=frozenset({OTHER}))
BLOCKED = Relations(friends=frozenset({OTHER}), blocked=frozenset({OTHER}))


def card(
    visibility: Visibility = Visibility.EVERYONE,
    standing: Standing = Standing.ACTIVE,
    *,
    ghost: bool = False,
) -> PersonCard:
    return PersonCard(
        OTHER,
        CampusId(UUID(int=9)),
        "other",
        "Other",
        visibility=visibility,
        ghost_mode=ghost,
        standing=standing,
    )


@pytest.mark.parametrize("surface", [Surface.NEARBY, Surface.LOOKUP, Surface.INVITE])
@pytest.mark.parametrize(
    ("person", "relations", "seen"),
    [
        (card(), STRANGERS, True),
        (card(), FRIENDS, True),
        (card(), BLOCKED, False),
        (card(Visibility.FRIENDS), STRANGERS, False),
        (card(Visibility.FRIENDS), FRIENDS, True),
        (card(Visibility.FRIENDS), BLOCKED, False),
        (card(Visibility.NONE), STRANGERS, False),
        (card(Visibility.NONE), FRIENDS, False),
        (card(ghost=True), STRANGERS, False),
        (card(ghost=True), FRIENDS, False),
        (card(standing=Standing.BANNED), FRIENDS, False),
        (card(standing=Standing.DELETED), FRIENDS, False),
        (card(standing=Standing.SHADOWED), FRIENDS, False),
    ],
)
def test_others(
    surface: Surface,
    person: PersonCard,
    relations: Relations,
    seen: bool,
) -> None:
    assert can_see(VIEWER, relations, person, surface) is seen


def test_oneself_is_looked_up_but_not_near() -> None:
    me = card(Visibility.NONE, ghost=True)
    assert can_see(OTHER, STRANGERS, me, Surface.LOOKUP)
    assert not can_see(OTHER, STRANGERS, me, Surface.NEARBY)


def test_ghosts_stand_on_leaderboards_for_themselves_alone() -> None:
    me = card(Visibility.EVERYONE, ghost=True)
    assert can_see(OTHER, STRANGERS, me, Surface.LEADERBOARD)
    assert not can_see(VIEWER, Relations(friends=frozenset({OTHER})), me, Surface.LEADERBOARD)


@pytest.mark.parametrize(
    ("person", "relations", "seen"),
    [
        (card(), STRANGERS, True),
        (card(Visibility.FRIENDS), STRANGERS, True),
        (card(Visibility.FRIENDS), BLOCKED, False),
        (card(Visibility.FRIENDS, ghost=True), STRANGERS, False),
        (card(Visibility.NONE), STRANGERS, False),
        (card(Visibility.FRIENDS, Standing.BANNED), STRANGERS, False),
    ],
)
def test_whoever_shows_themselves_to_friends_is_found_by_their_handle(
    person: PersonCard, relations: Relations, *, seen: bool
) -> None:
    assert can_see(VIEWER, relations, person, Surface.INVITE_BY_HANDLE) is seen


INBOX, OUTBOX, FRIENDS_LIST, BLOCKED_LIST = (
    Surface.INBOX,
    Surface.OUTBOX,
    Surface.FRIENDS,
    Surface.BLOCKED,
)
"""Where the social graph lists people."""


@pytest.mark.parametrize(
    ("person", "relations", "surfaces"),
    [
        (card(), STRANGERS, {INBOX, OUTBOX, FRIENDS_LIST, BLOCKED_LIST}),
        (card(), BLOCKED, {BLOCKED_LIST}),
        (card(Visibility.FRIENDS), STRANGERS, {INBOX, OUTBOX}),
        (card(Visibility.FRIENDS), FRIENDS, {INBOX, OUTBOX, FRIENDS_LIST, BLOCKED_LIST}),
        (card(Visibility.NONE), STRANGERS, {INBOX}),
        (card(Visibility.NONE), FRIENDS, {INBOX, FRIENDS_LIST}),
        (card(ghost=True), STRANGERS, {INBOX}),
        (card(ghost=True), FRIENDS, {INBOX, FRIENDS_LIST}),
        (card(ghost=True), BLOCKED, {BLOCKED_LIST}),
        (card(standing=Standing.SHADOWED), FRIENDS, set[Surface]()),
        (card(standing=Standing.BANNED), BLOCKED, set[Surface]()),
        (card(standing=Standing.DELETED), BLOCKED, set[Surface]()),
    ],
)
def test_lists_of_the_social_graph(
    person: PersonCard, relations: Relations, surfaces: set[Surface]
) -> None:
    """A list of the blocked or of friends is drawn from such people alone."""
    asked = (INBOX, OUTBOX, FRIENDS_LIST, BLOCKED_LIST)
    assert {one for one in asked if can_see(VIEWER, relations, person, one)} == surfaces


@pytest.mark.parametrize("relations", [STRANGERS, FRIENDS, BLOCKED])
def test_open_people_with_whom_one_has_nothing_to_do_need_not_be_asked_about(
    relations: Relations,
) -> None:
    for visibility, standing, ghost in product(Visibility, Standing, (True, False)):
        person = card(visibility, standing, ghost=ghost)
        if is_open(person) and person.user_id.int not in acquainted(VIEWER, relations):
            assert all(can_see(VIEWER, relations, person, surface) for surface in Surface)


def test_one_has_to_do_with_oneself_friends_and_the_blocked() -> None:
    third = UserId(UUID(int=3))
    relations = Relations(friends=frozenset({OTHER}), blocked=frozenset({third}))
    assert acquainted(VIEWER, relations) == {1, 2, 3}
    assert acquainted(VIEWER, STRANGERS) == {1}
