"""What queries find is cached, as long as the journal stands, and never what a change made old."""

from collections.abc import Callable, Sequence
from uuid import UUID

import pytest

from divan_core.discovery.model import Entry, Wanted, entry, wanted
from divan_core.discovery.pools import Pools, Question
from divan_core.discovery.ports import Resembling
from divan_core.kernel.ids import CampusId, UserId

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

    async def resembling(self, campus_id: CampusId, wanted: Wanted, most: int) -> Resembling:
        found = await self.beginning(campus_id, wanted, most)
        return Resembling(found[:1], found[1:])


def asked(q: str = "ana", moment: bytes = b"1") -> Question:
    looked_for = wanted(q)
    assert looked_for is not None
    return Question(CAMPUS, looked_for, (moment, 0))


async def test_an_answer_is_kept_until_there_is_news() -> None:
    index = Index(3)
    pools = Pools(index)
    for moment, calls in ((b"1", 1), (b"1", 1), (b"2", 2), (b"2", 2), (b"1", 3)):
        tier = await pools.beginning(asked(moment=moment), 5)
        assert (len(tier.people), tier.is_all, index.calls) == (3, True, calls)
    assert len(await pools.later(asked(moment=b"1"), 5)) == 2
    await pools.later(asked(moment=b"1"), 5)
    assert index.calls == 4


async def test_more_is_asked_for_only_where_there_can_be_more() -> None:
    index = Index(9)
    pools = Pools(index)
    for most, calls, told in ((4, 1, 4), (3, 1, 4), (6, 2, 6), (10, 3, 9), (99, 3, 9)):
        tier = await pools.beginning(asked(), most)
        assert (index.calls, len(tier.people)) == (calls, told)


async def test_a_change_during_the_question_is_not_lost() -> None:
    """What was read before the change is kept for the moment before it only."""
    index = Index(2)
    pools = Pools(index)
    index.meanwhile = index.people.pop
    assert len((await pools.beginning(asked(moment=b"1"), 5)).people) == 2
    index.meanwhile = lambda: None
    assert len((await pools.beginning(asked(moment=b"2"), 5)).people) == 1


async def test_what_nobody_asked_for_longest_goes_first() -> None:
    index = Index(4)
    pools = Pools(index, capacity=12)
    await pools.beginning(asked("an"), 9)
    await pools.beginning(asked("ana"), 9)
    await pools.beginning(asked("an"), 9)
    await pools.beginning(asked("ana0"), 9)
    assert index.calls == 3
    await pools.beginning(asked("an"), 9)
    assert index.calls == 3
    await pools.beginning(asked("ana"), 9)
    assert index.calls == 4
