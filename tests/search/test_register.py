"""What a process has copied of the index answers as the index does, and as the people are now."""

from collections.abc import AsyncIterator, Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import anyio
import attrs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from divan_core import Divan, memory_stores, wiring
from divan_core.accounts.messages import ChangePrivacy, ChangeProfile, CreatePerson
from divan_core.accounts.model import Person, Privacy
from divan_core.discovery import register
from divan_core.discovery.messages import SearchQuery
from divan_core.discovery.model import Entry
from divan_core.discovery.register import COUNT_EVERY, MOST_CHANGED, Register
from divan_core.kernel.actor import Actor
from divan_core.kernel.ids import CampusId, UserId
from divan_core.kernel.visibility import PersonCard, Standing, Visibility
from divan_core.stores.bundle import Stores
from divan_core.stores.factories import sql_stores
from divan_core.testing.contracts.samples import campus, campus_id, person, user_id
from tests.servers.databases import Databases
from tests.servers.sqlite import migrated
from tests.thorough import examples

from .campus import NAMES, ROOMY, Campus, campuses, told, walked
from .test_oracle import ASKED, Asked

pytestmark = pytest.mark.anyio
ME = Actor(user_id(1), campus_id(1))


@contextmanager
def eager() -> Iterator[None]:
    """Whatever is asked about once is copied."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(wiring, "Register", partial(Register, often=1))
        yield


async def copied(divan: Divan) -> None:
    """Have both campuses copied, so that nothing is asked of the store."""
    for number in (1, 2):
        await divan.discovery.search_users(
            Actor(user_id(99), campus_id(number)), SearchQuery("nobody")
        )
    await divan.discovery.keep()


@contextmanager
def unasked(stores: Stores) -> Iterator[None]:
    """The store's index is not asked meanwhile."""

    async def refuse(*_: object) -> None:
        pytest.fail("the store was asked")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(stores.search, "beginning", refuse)
        patch.setattr(stores.search, "resembling", refuse)
        yield


Change = tuple[int, str, str, bool]
"""Whom it concerns, by their place; a name, a visibility, and whether a ghost."""

CHANGES = st.lists(
    st.tuples(
        st.integers(0, 13),
        NAMES,
        st.sampled_from(["everyone", "everyone", "friends", "none"]),
        st.sampled_from([False, False, True]),
    ),
    max_size=8,
)


async def compare(stores: Stores, before: Campus, changes: Sequence[Change], asked: Asked) -> None:
    """Everybody as they were when the copy was made, and then after each change."""
    with eager():
        async with Divan.open(ROOMY, stores=stores) as divan:
            await before.settle(stores)
            await copied(divan)
            with unasked(stores):
                await agree(divan, before, asked)
                now = before
                for one in changes:
                    now = await changed(divan, now, one)
                    await agree(divan, now, asked[:2])


async def changed(divan: Divan, campus: Campus, change: Change) -> Campus:
    number, name, visibility, ghost = change
    people = list(campus.people)
    at = number % len(people)
    actor = Actor(people[at].id, people[at].campus_id)
    if people[at].standing is not Standing.ACTIVE:
        return campus
    await divan.accounts.change_profile(actor, ChangeProfile(display_name=name))
    privacy = ChangePrivacy(visibility=visibility, ghost_mode=ghost)  # type: ignore[arg-type]
    await divan.accounts.change_privacy(actor, privacy)
    people[at] = attrs.evolve(
        people[at], display_name=name, privacy=Privacy(Visibility(visibility), ghost_mode=ghost)
    )
    return attrs.evolve(campus, people=people)


async def agree(divan: Divan, campus: Campus, asked: Asked) -> None:
    oracle = campus.oracle()
    for number, q, limit in asked:
        viewer = campus.people[number % len(campus.people)]
        actor = Actor(viewer.id, viewer.campus_id)
        assert told(await walked(divan, actor, q, limit)) == oracle.found(viewer.id, q), q


@settings(max_examples=examples(25), deadline=None)
@given(campuses(), CHANGES, ASKED)
def test_a_copy_answers_as_the_contract_says(
    campus: Campus, changes: Sequence[Change], asked: Asked
) -> None:
    anyio.run(compare, sql_stores("sqlite://"), campus, changes, asked)


@settings(max_examples=examples(5), deadline=None)
@given(campuses(), CHANGES, ASKED)
def test_the_same_of_postgresql(
    databases: Databases, campus: Campus, changes: Sequence[Change], asked: Asked
) -> None:
    with databases.migrated() as url:
        anyio.run(compare, sql_stores(url), campus, changes, asked)


@pytest.fixture
async def divan(tmp_path: Path) -> AsyncIterator[Divan]:
    """A campus in a file, with one person who asks."""
    with eager():
        stores = sql_stores(f"sqlite:///{migrated(tmp_path / 'divan.sqlite3')}")
        async with Divan.open(ROOMY, stores=stores) as divan:
            await put(divan, person(1, handle="zoe", display_name="Zoe"))
            yield divan


async def put(divan: Divan, *people: Person) -> None:
    """Let people in past the journal, as another process does."""
    await divan.stores.units.write(lambda unit: unit.campuses.put([campus(), campus(2)]))
    await divan.stores.units.write(lambda unit: unit.people.put(people))


async def found(divan: Divan, q: str) -> list[str]:
    page = await divan.discovery.search_users(ME, SearchQuery(q))
    return [one.handle for one in page.items]


async def test_a_campus_is_copied_when_enough_is_asked(divan: Divan) -> None:
    await divan.discovery.keep()
    with pytest.raises(pytest.fail.Exception), unasked(divan.stores):
        await found(divan, "bob")
    await copied(divan)
    with unasked(divan.stores):
        assert await found(divan, "bob") == []


async def test_whoever_is_copied_is_shown_without_asking_the_store(
    divan: Divan, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As they are, if they have changed since."""
    monkeypatch.setattr(register, "CARDS", 2 * register.SLICE)
    people = [person(number, handle=f"bob{number}") for number in range(2, 60)]
    await put(divan, *people)
    await copied(divan)
    await divan.accounts.change_profile(Actor(user_id(2), campus_id(1)), ChangeProfile(major="Go"))
    read, asked = divan.stores.people.cards, list[UserId]()

    async def cards(ids: Collection[UserId]) -> dict[UserId, PersonCard]:
        asked.extend(ids)
        return await read(ids)

    monkeypatch.setattr(divan.stores.people, "cards", cards)
    first = await divan.discovery.search_users(ME, SearchQuery("bob", limit=50))
    rest = await divan.discovery.search_users(ME, SearchQuery("bob", 50, first.cursor))
    assert {one.user_id for one in (*first.items, *rest.items)} == {one.id for one in people}
    assert [one.major for one in (*first.items, *rest.items) if one.handle == "bob2"] == ["Go"]
    assert asked == [user_id(2)]


@pytest.mark.parametrize("is_copy", [True, False])
async def test_what_many_share_is_laid_out_once_and_again_after_changes(
    divan: Divan, *, is_copy: bool
) -> None:
    """Beside what is asked: of a copy, and in memory of the index itself."""
    async with Divan.open(ROOMY, stores=memory_stores()) as other:
        kept = divan if is_copy else other
        bobs = (person(at, handle=f"bob{at}", display_name="Bob Ray") for at in range(2, 80))
        await put(kept, person(1, handle="zoe", display_name="Zoe"), *bobs)
        await copied(kept)
        assert await kept.discovery.keep() == 0
        actor = Actor(user_id(2), campus_id(1))
        await kept.accounts.change_profile(actor, ChangeProfile(display_name="Bob Bo"))
        assert len(await found(kept, "bo")) == SearchQuery("bo").limit
        assert await kept.discovery.keep() > 0
        assert await kept.discovery.keep() == 0


async def test_who_came_past_the_journal_is_found_soon(divan: Divan) -> None:
    """Somebody whom ``divan import`` let in beside the server: after two counts."""
    await copied(divan)
    await put(divan, person(2, handle="bob", display_name="Bob"))
    assert await found(divan, "bo") == []
    for _ in range(3 * COUNT_EVERY):
        await divan.discovery.keep()
    assert await found(divan, "bob") == ["bob"]
    await copied(divan)
    with unasked(divan.stores):
        assert await found(divan, "bobb") == ["bob"]


async def test_a_campus_too_large_is_not_copied(
    divan: Divan, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(register, "CAPACITY", 1)
    await put(divan, person(2, handle="bob", display_name="Bob"))
    await copied(divan)
    with pytest.raises(pytest.fail.Exception), unasked(divan.stores):
        await found(divan, "bob")
    assert await found(divan, "bob") == ["bob"]


async def asked_about(divan: Divan, number: int, q: str) -> list[str]:
    page = await divan.discovery.search_users(Actor(user_id(99), campus_id(number)), SearchQuery(q))
    return [one.handle for one in page.items]


async def test_a_campus_nobody_asks_about_gives_way(
    divan: Divan, monkeypatch: pytest.MonkeyPatch
) -> None:
    """To one that is asked about, and not while it is asked about itself."""
    monkeypatch.setattr(register, "CAPACITY", 2)
    await put(divan, person(2, handle="bob"), person(3, campus_id=campus_id(2), handle="eve"))
    await copied(divan)
    with unasked(divan.stores):
        assert await asked_about(divan, 1, "bob") == ["bob"]
    with pytest.raises(pytest.fail.Exception), unasked(divan.stores):
        await asked_about(divan, 2, "eve")
    monkeypatch.setattr(register, "GIVES_WAY", 2)
    for at in range(3 * COUNT_EVERY):
        await asked_about(divan, 2, f"x{at}")
        await divan.discovery.keep()
    with unasked(divan.stores):
        assert await asked_about(divan, 2, "eve") == ["eve"]
    with pytest.raises(pytest.fail.Exception), unasked(divan.stores):
        await asked_about(divan, 1, "bobby")


async def test_a_campus_nobody_asks_about_any_more_is_forgotten(
    divan: Divan, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(register, "FORGOTTEN", 2)
    await copied(divan)
    for _ in range(2 * COUNT_EVERY):
        await divan.discovery.keep()
    with unasked(divan.stores):
        assert await found(divan, "bob") == []
    for _ in range(3 * COUNT_EVERY):
        await divan.discovery.keep()
    with pytest.raises(pytest.fail.Exception), unasked(divan.stores):
        await found(divan, "bobby")


async def test_a_question_about_another_campus_drops_no_copy(divan: Divan) -> None:
    await divan.discovery.search_users(ME, SearchQuery("nobody"))
    await divan.discovery.keep()
    await asked_about(divan, 2, "bob")
    with unasked(divan.stores):
        assert await found(divan, "bob") == []


async def test_who_changes_while_a_copy_is_made_is_as_they_are_afterwards(
    divan: Divan, monkeypatch: pytest.MonkeyPatch
) -> None:
    bob = Actor(user_id(2), campus_id(1))
    await put(divan, person(2, handle="quark", display_name="Bob"))

    async def rename() -> None:
        await divan.accounts.change_profile(bob, ChangeProfile(display_name="Xaver"))

    monkeypatch.setattr(divan.stores.search_roll, "listed", before(rename, divan.stores))
    await copied(divan)
    with unasked(divan.stores):
        assert await found(divan, "xav") == ["quark"]
        assert await found(divan, "bob") == []


async def test_calls_at_once_copy_nobody_twice(
    divan: Divan, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever were there twice would be found by what they were called before."""
    assert divan.stores.search_roll is not None
    read, at_once = divan.stores.search_roll.listed, list[int]()
    reading = 0

    async def listed(campus: CampusId, after: UserId | None, most: int) -> Sequence[Entry]:
        nonlocal reading
        reading += 1
        at_once.append(reading)
        if len(at_once) == 1:
            tasks.start_soon(divan.discovery.keep)
            await anyio.wait_all_tasks_blocked()
        people = await read(campus, after, most)
        reading -= 1
        return people

    monkeypatch.setattr(divan.stores.search_roll, "listed", listed)
    await found(divan, "nobody")
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(divan.discovery.keep)
    assert set(at_once) == {1}


def before(happens: Callable[[], Any], stores: Stores) -> Callable[..., Any]:
    """What lists people; something happens once they are read, before they are told."""
    assert stores.search_roll is not None
    listed, once = stores.search_roll.listed, [happens]

    async def slow(campus: CampusId, after: UserId | None, most: int) -> Sequence[Entry]:
        people = await listed(campus, after, most)
        if once and people:
            await once.pop()()
        return people

    return slow


async def test_after_very_many_changes_the_store_is_asked(divan: Divan) -> None:
    """Until they are all read anew."""
    await copied(divan)
    people = [user_id(1_000 + at) for at in range(MOST_CHANGED + 1)]
    async with divan.audience.changing(campus_id(1), people):
        await put(divan, person(2, handle="bob", display_name="Bob"))
    assert await found(divan, "bob") == ["bob"]
    await copied(divan)
    with unasked(divan.stores):
        assert await found(divan, "bobby") == ["bob"]


async def test_a_newcomer_is_found_at_once(divan: Divan) -> None:
    await copied(divan)
    with unasked(divan.stores):
        await divan.accounts.create_person(CreatePerson(campus_id(1), "bob", "Bob"))
        assert await found(divan, "bob") == ["bob"]
