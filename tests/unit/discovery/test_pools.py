"""What queries find is cached, as long as the journal stands, and never what a change made old."""

from collections.abc import Callable, Sequence
from uuid import UUID

import attrs
import pytest

from divan_core.discovery.model import Entry, Wanted, entry, wanted
from divan_core.discovery.pools import MOST_CHANGES, OVERHEAD, Pools, Question
from divan_core.discovery.ports import Resembling
from divan_core.kernel.audience import Moment
from divan_core.kernel.ids import CampusId, UserId
from divan_core.kernel.visibility import PersonCard, Visibility

pytestmark = pytest.mark.anyio
CAMPUS = CampusId(UUID(int=1))


class Index:
    """People called by numbers; counts its calls, and can let something happen during one."""

    def __init__(self, count: int) -> None:
        self.people = [entry(UserId(UUID(int=at)), f"ana{at:03}", "Ana") for at in range(count)]
        self.calls = 0
        self.meanwhile: Callable[[], object] = lambda: None

    async def beginning(self, campus_id: CampusId, wanted: Wanted, most: int) -> Sequence[Entry]:
        assert (campus_id, wanted.text[:1]) == (CAMPUS, "a")
        self.calls += 1
        found = self.people[:most]
        self.meanwhile()
        return found

    async def resembling(
        self, campus_id: CampusId, wanted: Wanted, most: int, enough: int | None = None
    ) -> Resembling:
        found = await self.beginning(campus_id, wanted, most)
        if enough is not None and enough <= 2:
            return Resembling(found[:2], (), is_whole=False)
        return Resembling(found[:2], found[2:])

    async def keep(self) -> int:
        return 0


@attrs.define
class News:
    """What has changed since any moment, and what these people are now; nothing is known of it."""

    people: list[PersonCard] | None = None

    def changed(self, campus_id: CampusId, since: Moment) -> frozenset[UserId] | None:
        assert (campus_id, since[1]) == (CAMPUS, 0)
        return None if self.people is None else frozenset(one.user_id for one in self.people)

    async def cards(self, people: Sequence[UserId]) -> list[PersonCard | None]:
        known = {one.user_id: one for one in self.people or ()}
        return [known[one] for one in people]


def card(number: int, name: str, **changes: object) -> PersonCard:
    kept = {"campus_id": CAMPUS, "handle": f"x{number:03}", "display_name": name}
    return PersonCard(UserId(UUID(int=number)), **kept | changes)  # type: ignore[arg-type]  # they fit


def asked(q: str = "ana", moment: bytes = b"1") -> Question:
    looked_for = wanted(q)
    assert looked_for is not None
    return Question(CAMPUS, looked_for, (moment, 0))


async def test_an_answer_is_kept_until_there_is_news() -> None:
    index = Index(3)
    pools = Pools(index, News())
    for moment, calls in ((b"1", 1), (b"1", 1), (b"2", 2), (b"2", 2), (b"1", 3)):
        tier = await pools.beginning(asked(moment=moment), 5)
        assert (len(tier.numbers), tier.is_all, index.calls) == (3, True, calls)
    assert len(await pools.later(asked(moment=b"1"), 5)) == 2
    await pools.later(asked(moment=b"1"), 5)
    assert index.calls == 4


async def test_more_is_asked_for_only_where_there_can_be_more() -> None:
    index = Index(9)
    pools = Pools(index, News())
    for most, calls, told in ((4, 1, 4), (3, 1, 4), (6, 2, 6), (10, 3, 9), (99, 3, 9)):
        tier = await pools.beginning(asked(), most)
        assert (index.calls, len(tier.numbers)) == (calls, told)


async def test_the_similar_are_looked_for_where_too_few_have_it_inside() -> None:
    index = Index(5)
    pools = Pools(index, News())
    for most, enough, calls, told in (
        (9, 2, 1, [2, 0]),  # enough of them
        (9, 1, 1, [2, 0]),
        (9, 3, 2, [2, 3]),  # fewer
        (9, None, 2, [2, 3]),
        (9, 1, 2, [2, 3]),
    ):
        tiers = await pools.later(asked(), most, enough)
        assert (index.calls, [len(tier.numbers) for tier in tiers]) == (calls, told)


async def test_a_change_during_the_question_is_not_lost() -> None:
    """What was read before the change is kept for the moment before it only."""
    index = Index(2)
    pools = Pools(index, News())
    index.meanwhile = index.people.pop
    assert len((await pools.beginning(asked(moment=b"1"), 5)).numbers) == 2
    index.meanwhile = lambda: None
    assert len((await pools.beginning(asked(moment=b"2"), 5)).numbers) == 1


@pytest.mark.parametrize(
    ("asked_for", "kept", "gone"),
    [
        # The last one stays besides; what was before it goes.
        (["an", "ana", "an", "ana0", "ana1"], ["an", "ana"], "ana0"),
        (["an", "ana", "ana0", "ana0", "ana1"], ["ana", "ana0"], "an"),
    ],
)
async def test_what_is_asked_for_often_stays(
    asked_for: list[str], kept: list[str], gone: str
) -> None:
    index = Index(4)
    pools = Pools(index, News(), capacity=2 * OVERHEAD + 12)
    for q in (*asked_for, *kept):
        await pools.beginning(asked(q), 9)
    assert index.calls == len(set(asked_for))
    await pools.beginning(asked(gone), 9)
    assert index.calls == len(set(asked_for)) + 1


@pytest.mark.parametrize(
    ("person", "calls"),
    [
        (card(90, "Zoe"), 1),  # whatever changed, they are not called so
        (card(90, "Anna"), 1),  # nor begins anything of theirs so
        (card(90, "Anabel"), 2),
        (card(90, "Anabel", visibility=Visibility.FRIENDS), 1),
        (card(90, "Anabel", campus_id=CampusId(UUID(int=2))), 1),
        (card(1, "Zoe"), 2),  # they were called so
        (card(1, "Ana"), 2),  # and are, which is not worth finding out
    ],
)
async def test_news_of_others_change_no_answer(person: PersonCard, calls: int) -> None:
    index, news = Index(3), News([])
    pools = Pools(index, news)
    await pools.beginning(asked(moment=b"1"), 5)
    news.people = [person]
    for _ in range(2):
        await pools.beginning(asked(moment=b"2"), 5)
        news.people = []
    assert index.calls == calls


async def test_news_of_the_similar_count_where_these_are_known() -> None:
    index, news = Index(3), News([])
    pools = Pools(index, news)
    await pools.later(asked(moment=b"1"), 5)
    for moment, name, calls in ((b"2", "Zoe", 1), (b"3", "Anna", 2), (b"4", "Zoe", 2)):
        news.people = [card(90, name)]
        await pools.later(asked(moment=moment), 5)
        assert index.calls == calls


async def test_after_many_changes_the_index_is_asked() -> None:
    index, news = Index(3), News([])
    pools = Pools(index, news)
    for more, calls in ((0, 1), (1, 2)):
        await pools.beginning(asked(moment=b"1"), 5)
        news.people = [card(100 + at, "Zoe") for at in range(MOST_CHANGES + more)]
        await pools.beginning(asked(moment=b"2"), 5)
        await pools.beginning(asked(moment=b"2"), 5)
        assert index.calls == calls
        news.people = []
