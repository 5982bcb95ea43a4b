"""People as JSON are what their views are as JSON, made once of whoever is open to everybody."""

from collections.abc import Collection, Sequence
from uuid import UUID

import anyio
import attrs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from divan_core.codec.reader import encode
from divan_core.discovery import prints
from divan_core.discovery.messages import FoundPerson
from divan_core.discovery.prints import MaySee, Prints
from divan_core.discovery.shares import Hit
from divan_core.discovery.views import shown
from divan_core.kernel.audience import Audience
from divan_core.kernel.ids import CampusId, UserId
from divan_core.kernel.visibility import PersonCard, Relations, Visibility
from divan_core.stores.memory.journal import MemoryJournal
from divan_core.stores.memory.notices import MemoryNotices
from divan_core.testing.clock import ManualClock

pytestmark = pytest.mark.anyio

CAMPUS = CampusId(UUID(int=1))
TRICK = '"is_friend":false,"mutual_friends":0'
"""What a name must not be mistaken for."""

NAMES = st.text() | st.just(TRICK) | st.just(f'\\",{TRICK}')

CARDS = st.builds(
    PersonCard,
    user_id=st.uuids().map(UserId),
    campus_id=st.just(CAMPUS),
    handle=NAMES,
    display_name=NAMES,
    avatar_url=st.none() | NAMES,
    visibility=st.sampled_from(Visibility),
    major=st.none() | NAMES,
    graduation_year=st.none() | st.integers(1900, 2100),
    passions=st.none() | st.lists(NAMES, max_size=3).map(tuple),
)


class Source:
    """People whose cards are loaded once somebody lets them."""

    def __init__(self, *people: PersonCard) -> None:
        self.people = {one.user_id: one for one in people}
        self.pause = anyio.Event()
        self.pause.set()

    async def cards(self, people: Collection[UserId]) -> dict[UserId, PersonCard]:
        known = dict(self.people)
        await self.pause.wait()
        return {one: known[one] for one in people if one in known}

    async def relations(self, user_id: UserId) -> Relations:
        raise NotImplementedError

    async def relations_of(self, people: Collection[UserId]) -> dict[UserId, Relations]:
        raise NotImplementedError

    async def friends_of(self, people: Collection[UserId]) -> dict[UserId, Sequence[int]]:
        raise NotImplementedError

    async def circle(self, user_id: UserId) -> tuple[Relations, dict[UserId, Sequence[int]]]:
        raise NotImplementedError


class Scene:
    """The prints of these people."""

    def __init__(self, *people: PersonCard, capacity: int = 100) -> None:
        self.source = Source(*people)
        journal = MemoryJournal(ManualClock(), MemoryNotices())
        self.audience = Audience(self.source, journal)
        self.kept = Prints(self.audience, capacity)

    async def of(self, *found: Hit, may_see: MaySee = lambda _: True) -> list[bytes]:
        people, json = await self.kept.of(CAMPUS, found, may_see)
        assert len(people) == len(json)
        return [bytes(memoryview(one)) for one in json]

    async def change(self, *people: PersonCard) -> None:
        ids = [one.user_id for one in people]
        async with self.audience.changing(CAMPUS, ids):
            self.source.people |= {one.user_id: one for one in people}


def hit(card: PersonCard, mutual: int = 0, *, is_friend: bool = False) -> Hit:
    return -0.5, card.user_id.int, is_friend, mutual


def card(number: int, name: str = "Ana") -> PersonCard:
    return PersonCard(UserId(UUID(int=number)), CAMPUS, f"ana{number}", name)


@settings(max_examples=40, deadline=None)
@given(CARDS, st.lists(st.tuples(st.booleans(), st.integers(0, 10**6)), max_size=4))
def test_a_print_is_the_view_as_json(one: PersonCard, told: list[tuple[bool, int]]) -> None:
    async def asked() -> None:
        scene = Scene(one)
        for is_friend, mutual in (*told, (False, 0), *told):
            view = shown(one, mutual, is_friend=is_friend)
            assert await scene.of(hit(one, mutual, is_friend=is_friend)) == [encode(view)]

    anyio.run(asked)


async def test_whoever_may_not_be_seen_is_left_out() -> None:
    ana, bea, eva = card(1), card(2), card(3)
    elsewhere = attrs.evolve(card(4), campus_id=CampusId(UUID(int=2)))
    scene = Scene(ana, bea, elsewhere)
    people = [hit(one) for one in (eva, elsewhere, bea, ana)]
    for _ in range(2):
        found = await scene.of(*people, may_see=lambda one: one is bea)
        assert [b'"ana2"' in one for one in found] == [True]


async def test_whoever_is_of_another_campus_is_decided_about_by_the_card() -> None:
    ana = card(1)
    scene = Scene(ana)
    await scene.of(hit(ana))
    people, _ = await scene.kept.of(CampusId(UUID(int=2)), [hit(ana)], lambda _: False)
    assert people == []


@pytest.mark.parametrize("visibility", [Visibility.FRIENDS, Visibility.NONE])
async def test_whoever_hides_is_decided_about_each_time(visibility: Visibility) -> None:
    hidden = attrs.evolve(card(1), visibility=visibility)
    scene = Scene(hidden)
    assert len(await scene.of(hit(hidden, is_friend=True))) == 1
    assert await scene.of(hit(hidden), may_see=lambda _: False) == []


async def test_whoever_has_just_hidden_is_decided_about_anew() -> None:
    ana = card(1)
    scene = Scene(ana)
    await scene.of(hit(ana))
    await scene.change(attrs.evolve(ana, ghost_mode=True))
    assert await scene.of(hit(ana), may_see=lambda one: not one.ghost_mode) == []


async def test_a_card_that_changes_while_it_is_read_is_not_kept() -> None:
    ana = card(1)
    scene = Scene(ana)
    scene.source.pause = anyio.Event()
    async with anyio.create_task_group() as group:
        group.start_soon(scene.of, hit(ana))
        await anyio.wait_all_tasks_blocked()
        await scene.change(attrs.evolve(ana, display_name="Bea"))
        scene.source.pause.set()
    (found,) = await scene.of(hit(ana))
    assert b'"Bea"' in found


def counting(monkeypatch: pytest.MonkeyPatch) -> list[PersonCard]:
    made = list[PersonCard]()

    def counted(one: PersonCard, mutual: int, *, is_friend: bool) -> FoundPerson:
        made.append(one)
        return shown(one, mutual, is_friend=is_friend)

    monkeypatch.setattr(prints, "shown", counted)
    return made


async def test_prints_are_made_once_and_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    made, one, other = counting(monkeypatch), card(1), card(2)
    scene = Scene(one, other, capacity=1)
    for asked in (one, one, other, one):
        await scene.of(hit(asked))
    assert made == [one, other, one]


@pytest.mark.parametrize("everybody", [False, True])
async def test_nothing_is_kept_of_who_has_changed(
    monkeypatch: pytest.MonkeyPatch, *, everybody: bool
) -> None:
    made, one, other = counting(monkeypatch), card(1), card(2)
    scene = Scene(one, other)
    for _ in range(2):
        await scene.of(hit(one), hit(other))
        if everybody:  # the journal does not know since when
            await scene.audience.refresh(CAMPUS)
        else:
            await scene.change(one)
    assert made == ([one, other, one, other] if everybody else [one, other, one])
