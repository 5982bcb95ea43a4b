"""What is made of the people of a cell: as if nothing were kept, and never of old cards."""

from collections.abc import Collection, Sequence
from uuid import UUID

import anyio
import attrs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from divan_core.codec.reader import encode
from divan_core.kernel.audience import Audience, JournalSlice
from divan_core.kernel.ids import CampusId, UserId
from divan_core.kernel.visibility import (
    PersonCard,
    Relations,
    Standing,
    Surface,
    Visibility,
    can_see,
)
from divan_core.presence import listing
from divan_core.presence.crowds import (
    KINDS,
    PRINTED,
    VIEWS,
    Crowd,
    Crowds,
    Place,
    Print,
    Question,
)
from divan_core.presence.messages import NearbyPerson
from divan_core.presence.model import Cell

pytestmark = pytest.mark.anyio

CAMPUS = CampusId(UUID(int=99))
PEOPLE = [UserId(UUID(int=number)) for number in range(1, 7)]
ANA, BEN, EVE = PEOPLE[:3]
HERE, THERE = Cell(25, 0, 0), Cell(25, 4, 0)


def card(user_id: UserId, name: str = "U") -> PersonCard:
    return PersonCard(user_id, CAMPUS, f"u{user_id.int}", name)


class Source:
    """Cards as they are now; loading may be interrupted by a change."""

    def __init__(self) -> None:
        self.people = {one: card(one) for one in PEOPLE}
        self.asked = 0
        self.meanwhile: list[UserId] = []
        self.audience: Audience | None = None

    async def cards(self, people: Collection[UserId]) -> dict[UserId, PersonCard]:
        self.asked += 1
        found = {one: self.people[one] for one in people if one in self.people}
        if self.meanwhile:
            self.rename(*self.meanwhile)
        return found

    def rename(self, *people: UserId) -> None:
        """Change these, and let the journal say so."""
        for one in people:
            self.people[one] = card(one, "New")
        self.meanwhile = []
        assert self.audience is not None
        self.audience.apply(CAMPUS, JournalSlice(b"1", frozenset(people)))

    async def relations(self, _user_id: UserId) -> Relations:
        return Relations()

    async def relations_of(self, people: Collection[UserId]) -> dict[UserId, Relations]:
        return dict.fromkeys(people, Relations())

    async def friends_of(self, people: Collection[UserId]) -> dict[UserId, Sequence[int]]:
        return dict.fromkeys(people, ())

    async def circle(self, _user_id: UserId) -> tuple[Relations, dict[UserId, Sequence[int]]]:
        return Relations(), {}


class Journal:
    """Nobody reads it here."""

    async def announce(self, campus_id: CampusId, people: Collection[UserId]) -> None: ...

    async def record(self, campus_id: CampusId, people: Collection[UserId]) -> None: ...

    async def read(self, _campus_id: CampusId, after: bytes) -> JournalSlice:
        return JournalSlice(after)


class Scene:
    """A cache of crowds over a source."""

    def __init__(self, capacity: int = 100) -> None:
        self.source = Source()
        self.audience = self.source.audience = Audience(self.source, Journal())
        self.crowds = Crowds(self.audience, capacity)

    async def made(self, place: Place) -> Crowd:
        (crowd,) = self.crowds.kept([place]) or await self.crowds.made([place])
        return crowd

    async def asked(self, place: Place, question: Question) -> list[NearbyPerson]:
        crowds = [await self.made(place)]
        apart = self.crowds.apart(question, crowds)
        return [*listing.shown(listing.listed([(30.0, place)], crowds, question, apart))]

    async def names(self, place: Place) -> list[str]:
        stranger = Question(UserId(UUID(int=1000)), Relations())
        return [one.display_name for one in await self.asked(place, stranger)]


def at(cell: Cell, *people: UserId) -> Place:
    return (cell, people)


async def test_a_crowd_is_made_once_while_its_place_is_the_same() -> None:
    scene, place = Scene(), at(HERE, ANA, BEN)
    first = await scene.made(place)
    assert await scene.made(place) is first
    assert scene.crowds.kept([place, at(THERE, EVE)]) is None
    assert await scene.made(at(HERE, ANA, BEN)) is not first
    assert scene.crowds.kept([place]) is None  # its people are in the newer one


async def test_a_change_of_somebody_shows_at_once() -> None:
    scene, place, other = Scene(), at(HERE, BEN, ANA), at(THERE, EVE)
    before = await scene.made(other)
    assert await scene.names(place) == ["U", "U"]
    scene.source.rename(BEN)
    assert await scene.names(place) == ["U", "New"]
    assert await scene.made(other) is before


async def test_a_change_while_somebody_stands_elsewhere_shows_when_they_are_back() -> None:
    scene, place = Scene(), at(HERE, ANA, BEN)
    await scene.made(place)
    await scene.made(at(THERE, ANA))
    scene.source.rename(ANA)
    assert await scene.names(place) == ["New", "U"]


async def test_a_change_while_cards_are_read_is_not_missed() -> None:
    scene, place = Scene(), at(HERE, ANA)
    scene.source.meanwhile = [ANA]
    await scene.made(place)
    assert scene.crowds.kept([place]) is None
    assert await scene.names(place) == ["New"]


async def test_nothing_is_kept_when_anybody_may_have_changed() -> None:
    scene, place = Scene(), at(HERE, ANA)
    await scene.made(place)
    scene.source.people[ANA] = card(ANA, "New")
    scene.audience.apply(CAMPUS, JournalSlice(b"9", None))
    assert scene.crowds.kept([place]) is None
    assert await scene.names(place) == ["New"]


async def test_whoever_does_not_exist_is_asked_about_again() -> None:
    scene, place = Scene(), at(HERE, ANA, BEN)
    del scene.source.people[BEN]
    assert await scene.names(place) == ["U"]
    scene.source.people[BEN] = card(BEN, "New")
    assert await scene.names(place) == ["U", "New"]


async def test_crowds_of_so_many_people_are_kept() -> None:
    scene = Scene(capacity=2)
    one, two, three = at(HERE, ANA), at(THERE, BEN), at(Cell(25, 9, 9), EVE)
    await scene.crowds.made([one, two, three])
    assert scene.crowds.kept([two, three])
    assert scene.crowds.kept([one]) is None


async def test_nobody_anywhere_is_nobody() -> None:
    scene = Scene()
    assert await scene.names(at(HERE)) == []
    assert scene.crowds.kept([]) == []


def test_views_are_made_once_of_each_kind_and_bounded() -> None:
    crowd = Crowd(at(HERE, ANA), [card(ANA)])
    first = crowd.made(11)
    assert crowd.made(11) is first
    for kind in range(16, 16 + VIEWS):
        crowd.made(kind)
    assert len(crowd.views) <= VIEWS
    assert crowd.made(11) is not first


def test_prints_are_made_once_of_each_kind() -> None:
    crowd = Crowd(at(HERE, ANA), [card(ANA)])
    kind = 25 * KINDS + PRINTED
    (made,) = crowd.made(kind)
    assert isinstance(made, Print)
    assert made.user_id == ANA
    assert bytes(made.json) == encode(crowd.made(25 * KINDS)[0])
    assert crowd.made(kind)[0] is made


CARDS = st.builds(
    PersonCard,
    user_id=st.sampled_from(PEOPLE),
    campus_id=st.just(CAMPUS),
    handle=st.just("h"),
    display_name=st.just("N"),
    visibility=st.sampled_from(Visibility),
    ghost_mode=st.booleans(),
    blur_distance_m=st.sampled_from([0, 20, 50]),
    standing=st.sampled_from([Standing.ACTIVE, Standing.ACTIVE, Standing.BANNED]),
)
SOME = st.frozensets(st.sampled_from(PEOPLE))


@settings(max_examples=200, deadline=None)
@given(
    st.lists(CARDS, max_size=5, unique_by=lambda one: one.user_id),
    st.lists(
        st.builds(
            Question,
            st.sampled_from(PEOPLE),
            st.builds(Relations, SOME, SOME),
            st.booleans(),
        ),
        min_size=1,
        max_size=4,
    ),
)
def test_everybody_asks_as_if_nobody_had_before(
    cards: list[PersonCard], questions: list[Question]
) -> None:
    scene, place = Scene(), at(HERE, *(one.user_id for one in cards))
    scene.source.people = {one.user_id: one for one in cards}

    async def ask(question: Question) -> None:
        relations = question.relations
        wanted = [
            (one.user_id, one.user_id in relations.friends)
            for one in sorted(cards, key=lambda one: one.user_id)
            if one.blur_distance_m <= HERE.size_m
            and can_see(question.viewer_id, relations, one, Surface.NEARBY)
            and (one.user_id in relations.friends or not question.friends_only)
        ]
        found = await scene.asked(place, question)
        assert [(one.user_id, one.is_friend) for one in found] == wanted
        assert {one.distance_m for one in found} <= {50}

    for question in questions:
        anyio.run(ask, question)


async def test_each_is_asked_about_in_a_crowd_that_was_dropped_meanwhile() -> None:
    scene = Scene(capacity=1)
    one, other = at(HERE, ANA), at(THERE, BEN)
    crowds = await scene.crowds.made([one, other])
    for viewer in (ANA, BEN):
        question = Question(viewer, Relations())
        apart = scene.crowds.apart(question, crowds)
        found = listing.listed([(30.0, one), (90.0, other)], crowds, question, apart)
        assert [who.user_id for who in listing.shown(found)] == [{ANA: BEN, BEN: ANA}[viewer]]


@pytest.mark.parametrize("news", [frozenset({ANA}), None])
async def test_each_is_asked_about_in_a_crowd_that_was_forgotten_meanwhile(
    news: frozenset[UserId] | None,
) -> None:
    scene, place = Scene(), at(HERE, ANA, BEN)
    crowds = await scene.crowds.made([place])
    scene.audience.apply(CAMPUS, JournalSlice(b"3", news))
    question = Question(ANA, Relations())
    apart = scene.crowds.apart(question, crowds)
    found = listing.listed([(30.0, place)], crowds, question, apart)
    assert [who.user_id for who in listing.shown(found)] == [BEN]


async def test_only_crowds_of_acquaintances_are_apart() -> None:
    scene = Scene()
    places = [at(HERE, ANA), at(THERE, BEN), at(Cell(25, 9, 9), EVE)]
    crowds = await scene.crowds.made(places)
    friends = frozenset({BEN, *(UserId(UUID(int=number)) for number in range(50, 60))})
    for relations, expected in [
        (Relations(friends=frozenset({BEN})), crowds[:2]),
        (Relations(blocked=friends), crowds[:2]),
        (Relations(), crowds[:1]),
    ]:
        assert scene.crowds.apart(Question(ANA, relations), crowds) - {None} == set(expected)
    assert scene.crowds.apart(Question(ANA, Relations(), friends_only=True), crowds) == set(crowds)


@pytest.mark.parametrize(
    "hidden",
    [
        attrs.evolve(card(ANA), ghost_mode=True),
        attrs.evolve(card(ANA), visibility=Visibility.FRIENDS),
        attrs.evolve(card(ANA), standing=Standing.SHADOWED),
    ],
)
async def test_whoever_hides_is_gone_from_the_very_next_answer(hidden: PersonCard) -> None:
    scene, place = Scene(), at(HERE, ANA, BEN)
    assert await scene.names(place) == ["U", "U"]
    scene.source.people[ANA] = hidden
    scene.audience.apply(CAMPUS, JournalSlice(b"2", frozenset({ANA})))
    assert await scene.names(place) == ["U"]
