"""What stores keep of conversations and their messages."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import AsyncIterator

import anyio
import attrs
import pytest

from divan_core.chat.model import (
    Attachment,
    Content,
    ConversationId,
    Cursors,
    DialogueSummary,
    Mark,
    Member,
    Part,
    Tally,
    Window,
)
from divan_core.errors import MessageExists
from divan_core.kernel.clock import Millis
from divan_core.kernel.units import UnitMisused
from divan_core.stores.bundle import RelationalStores, StoreUnit
from divan_core.testing.clock import START_MS
from divan_core.testing.contracts.letters import (
    _peer,
    advance,
    dialogue,
    dialogues,
    draft,
    keep,
    news,
    pair_of,
    read,
    say,
    send,
    shown,
    tally,
    waiting,
)
from divan_core.testing.contracts.samples import campus_id, populate, user_id

SENDERS = 50
"""How many write at once."""


class ConversationsContract(ABC):
    """A subclass gives the fixture ``stores``: running, migrated and empty."""

    pytestmark = pytest.mark.anyio

    @pytest.fixture
    @abstractmethod
    def stores(self) -> RelationalStores | AsyncIterator[RelationalStores]:
        """The stores under test."""

    async def test_a_message_is_numbered_and_kept(self, stores: RelationalStores) -> None:
        """From 1, as it was given; both see it, and nobody else."""
        await populate(stores, 3)
        sent = [await send(stores, number, 1 + number % 2, 2 - number % 2) for number in range(5)]
        assert [one.seq for one in sent] == [1, 2, 3, 4, 5]
        assert await shown(stores, 1, 2) == sent[::-1]
        assert await shown(stores, 2, 1) == sent[::-1]
        assert await shown(stores, 3, 2) == []
        window = Window(user_id(3), 10)
        pair = pair_of(1, 2)
        assert await read(stores, lambda u: u.messages.history(pair.conversation_id, window)) == []

    async def test_all_of_a_message_comes_back(self, stores: RelationalStores) -> None:
        """Attachments, letters beyond the BMP, its sender's name for it."""
        await populate(stores, 2)
        files = (
            Attachment("image/png", "a1", "höhle.png", 2**40, "https://files.example/1"),
            Attachment("application/pdf"),
        )
        content = Content("naïve 👩🏽‍🚀\n\t'\"\\ <b>", files)
        kept = await send(stores, 1, 1, 2, content=content, client_id="tmp-1")
        assert kept.content == content
        assert await shown(stores, 2, 1) == [kept]
        found = await read(
            stores, lambda u: u.messages.sent(kept.conversation_id, user_id(1), "tmp-1")
        )
        assert found == kept

    async def test_conversations_are_numbered_apart(self, stores: RelationalStores) -> None:
        """Each from 1."""
        await populate(stores, 3)
        for one, other in ((1, 2), (1, 3), (2, 3), (3, 1)):
            await send(stores, one * 10 + other, one, other)
        assert [one.seq for one in await shown(stores, 1, 2)] == [1]
        assert [one.seq for one in await shown(stores, 1, 3)] == [2, 1]

    async def test_an_undone_unit_gives_its_number_back(self, stores: RelationalStores) -> None:
        """Also that of the first message, with which the conversation is gone again."""
        await populate(stores, 2)
        for expected in (1, 2):

            async def body(unit: StoreUnit) -> None:
                await keep(unit, draft(99, 1, 2), 1, 2)
                raise LookupError

            with pytest.raises(LookupError):
                await stores.units.write(body, locking=True)
            if expected == 1:
                assert await dialogue(stores, 1, 2) is None
            assert (await send(stores, expected, 1, 2)).seq == expected

    async def test_many_write_at_once(self, stores: RelationalStores) -> None:
        """1 to n, without a gap and without a repeat, also while the conversation begins."""
        await populate(stores, 2)
        numbers = list[int]()

        async def writer(number: int) -> None:
            for turn in range(3):
                one, other = (1, 2) if number % 2 else (2, 1)
                message = await send(stores, number * 10 + turn, one, other)
                numbers.append(message.seq)

        async with anyio.create_task_group() as group:
            for number in range(1, SENDERS + 1):
                group.start_soon(writer, number)
        assert sorted(numbers) == list(range(1, SENDERS * 3 + 1))
        found = await shown(stores, 1, 2, limit=SENDERS * 3 + 1)
        assert [one.seq for one in found] == list(range(SENDERS * 3, 0, -1))

    async def test_moments_never_go_back(self, stores: RelationalStores) -> None:
        """A sender whose clock is behind gets the moment of the message before."""
        await populate(stores, 2)
        moments = [
            (await send(stores, number, 1, 2, at=Millis(START_MS + late))).at - START_MS
            for number, late in enumerate((5, 3, 9, 1, 10))
        ]
        assert moments == [5, 5, 9, 9, 10]
        assert [one.at - START_MS for one in await shown(stores, 1, 2)] == moments[::-1]

    async def test_a_name_is_good_once(self, stores: RelationalStores) -> None:
        """For one sender in one conversation; nothing of the unit is kept, no number is lost."""
        await populate(stores, 3)
        first = await send(stores, 1, 1, 2, client_id="x")
        with pytest.raises(MessageExists):
            await send(stores, 2, 1, 2, client_id="x")
        await send(stores, 3, 2, 1, client_id="x")
        await send(stores, 4, 1, 3, client_id="x")
        assert (await send(stores, 5, 1, 2, client_id="y")).seq == 3
        found = await read(
            stores, lambda u: u.messages.sent(first.conversation_id, user_id(1), "x")
        )
        assert found == first
        none = await read(stores, lambda u: u.messages.sent(first.conversation_id, user_id(2), "y"))
        assert none is None

    async def test_of_the_same_name_at_once_one_is_kept(self, stores: RelationalStores) -> None:
        """And the numbers stay gapless."""
        await populate(stores, 2)
        refused = list[int]()

        async def write(number: int) -> None:
            try:
                await send(stores, number, 1, 2, client_id="x")
            except MessageExists:
                refused.append(number)

        async with anyio.create_task_group() as group:
            for number in range(1, 21):
                group.start_soon(write, number)
        assert len(refused) == 19
        assert (await send(stores, 30, 2, 1)).seq == 2

    async def test_windows(self, stores: RelationalStores) -> None:
        """Bounds are open on both sides, the limit holds, and the hidden are left out before it."""
        await populate(stores, 2)
        for number in range(1, 9):
            await send(stores, number, 1 + number % 2, 2 - number % 2)
        for window, expected in (
            ({"after": 3, "before": 7}, [6, 5, 4]),
            ({"after": 6}, [8, 7]),
            ({"before": 3}, [2, 1]),
            ({"before": 1}, []),
            ({"before": 100, "limit": 2}, [8, 7]),
            ({"hidden": frozenset({user_id(2)}), "limit": 3}, [8, 6, 4]),
        ):
            found = await shown(stores, 1, 2, **window)
            assert [one.seq for one in found] == expected, window

    async def test_what_is_shadowed_is_its_senders(self, stores: RelationalStores) -> None:
        """In the history, in what waits, in the list and in what counts as unread."""
        await populate(stores, 2)
        await send(stores, 1, 1, 2, shadowed=True)
        assert [one.seq for one in await shown(stores, 1, 2)] == [1]
        assert await shown(stores, 2, 1) == []
        assert await waiting(stores, 2, 1) == []
        assert await dialogues(stores, 2) == []
        assert [one.last.seq for one in await dialogues(stores, 1)] == [1]
        await send(stores, 2, 1, 2)
        await send(stores, 3, 1, 2, shadowed=True)
        (seen,) = await dialogues(stores, 2)
        assert (seen.last.seq, seen.unread) == (2, 1)
        assert [one.seq for one in await waiting(stores, 2, 1)] == [2]

    async def test_cursors_only_grow(self, stores: RelationalStores) -> None:
        """Each by itself, and each of the two for themselves."""
        await populate(stores, 3)
        await send(stores, 1, 1, 2)
        for given, expected in (
            (Cursors(3, 1, 0), Cursors(3, 1, 0)),
            (Cursors(2, 2, 1), Cursors(3, 2, 1)),
            (Cursors(), Cursors(3, 2, 1)),
        ):
            assert await advance(stores, 2, 1, given) == expected
        found = await dialogue(stores, 1, 2)
        assert found is not None
        assert found.cursors_of(user_id(2)) == Cursors(3, 2, 1)
        assert found.cursors_of(user_id(1)) == Cursors()
        conversation_id = pair_of(1, 2).conversation_id
        none = await stores.units.write(
            lambda unit: unit.messages.advance(conversation_id, user_id(3), Cursors(1)),
            locking=True,
        )
        assert none is None

    async def test_what_waits_is_what_others_wrote(self, stores: RelationalStores) -> None:
        """Oldest first, above what was delivered and what was cleared."""
        await populate(stores, 2)
        for number in range(1, 7):
            await send(stores, number, 1 + number % 2, 2 - number % 2)
        assert [one.seq for one in await waiting(stores, 1, 2)] == [1, 3, 5]
        assert [one.seq for one in await waiting(stores, 2, 1)] == [2, 4, 6]
        await advance(stores, 1, 2, Cursors(delivered=2))
        assert [one.seq for one in await waiting(stores, 1, 2, limit=1)] == [3]
        assert [one.seq for one in await waiting(stores, 1, 2, after=3)] == [5]
        await advance(stores, 1, 2, Cursors(cleared=5))
        assert await waiting(stores, 1, 2) == []

    async def test_what_is_cleared_is_gone_for_one(self, stores: RelationalStores) -> None:
        """Until something new is written."""
        await populate(stores, 2)
        await send(stores, 1, 1, 2)
        await send(stores, 2, 2, 1)
        await advance(stores, 1, 2, Cursors(cleared=2))
        assert await shown(stores, 1, 2) == []
        assert await dialogues(stores, 1) == []
        assert [one.seq for one in await shown(stores, 2, 1)] == [2, 1]
        await send(stores, 3, 2, 1)
        assert [one.seq for one in await shown(stores, 1, 2)] == [3]
        (again,) = await dialogues(stores, 1)
        assert (again.last.seq, again.unread, again.dialogue.last_seq) == (3, 1, 3)

    async def test_the_list_of_conversations(self, stores: RelationalStores) -> None:
        """The last written to first, with what is unread; pages walk it without a repeat."""
        await populate(stores, 7)
        for number, (one, other) in enumerate(((1, 2), (3, 1), (1, 4), (5, 1), (1, 6), (2, 3))):
            await send(stores, number, one, other, at=Millis(START_MS + number // 2))
        await send(stores, 10, 2, 1, at=Millis(START_MS + 9))
        found = await dialogues(stores, 1)
        assert [_peer(one, 1) for one in found][:2] == [user_id(2), user_id(6)]
        assert {_peer(one, 1): one.unread for one in found} == {
            user_id(2): 1,
            user_id(3): 1,
            user_id(4): 0,
            user_id(5): 1,
            user_id(6): 0,
        }
        walked = list[DialogueSummary]()
        before: tuple[Millis, ConversationId] | None = None
        while page := await dialogues(stores, 1, before=before, limit=2):
            walked += page
            before = (page[-1].dialogue.last_at, page[-1].dialogue.id)
        assert walked == found
        assert [one.last.seq for one in walked] == [2, 1, 1, 1, 1]

    async def test_unread_counts_to_a_hundred(self, stores: RelationalStores) -> None:
        """And not one's own."""
        await populate(stores, 2)

        async def many(unit: StoreUnit) -> None:
            for number in range(1, 121):
                await keep(unit, draft(number, 1, 2), 1, 2)

        await stores.units.write(many, locking=True)
        conversation = pair_of(1, 2).conversation_id
        for cursors, expected in (
            (Cursors(), 100),
            (Cursors(read=30), 90),
            (Cursors(0, 0, 119), 1),
        ):
            await advance(stores, 2, 1, cursors)
            assert await read(stores, lambda u: u.messages.unread(conversation, user_id(2))) == (
                expected
            )
            (listed,) = await dialogues(stores, 2)
            assert listed.unread == expected
        of = frozenset({user_id(1)})
        assert await read(stores, lambda u: u.messages.unread(conversation, user_id(2), of)) == 0
        assert await read(stores, lambda u: u.messages.unread(conversation, user_id(1))) == 0
        assert await read(stores, lambda u: u.messages.unread(conversation, user_id(9))) == 0

    async def test_a_tally(self, stores: RelationalStores) -> None:
        """Numbers of each campus; messages at the very moment are not after it."""
        await populate(stores, 3)
        assert await tally(stores, START_MS) == []
        for number in range(1, 6):
            await send(stores, number, 1, 2)
        await send(stores, 9, 3, 1)
        for late, recent in ((0, 6), (3, 3), (5, 1), (9, 0)):
            (found,) = await tally(stores, START_MS + late)
            assert found == Tally(campus_id(1), direct=2, rooms=0, messages=6, recent=recent)

    async def test_where_conversations_stand(self, stores: RelationalStores) -> None:
        """The last written to first; none that somebody is not part of."""
        await populate(stores, 4)
        await send(stores, 1, 1, 2)
        await send(stores, 2, 3, 1)
        await send(stores, 3, 1, 3)
        await send(stores, 4, 3, 4)
        await advance(stores, 1, 3, Cursors(cleared=1))
        mine = [pair_of(1, other).conversation_id for other in (3, 2)]
        expected = [Mark(mine[0], 2, 1), Mark(mine[1], 1, 0)]
        one = user_id(1)
        assert await read(stores, lambda u: u.messages.recent(one, 9)) == expected
        assert await read(stores, lambda u: u.messages.recent(one, 1)) == expected[:1]
        ids = [*mine, pair_of(3, 4).conversation_id, pair_of(2, 4).conversation_id]
        found = await read(stores, lambda u: u.messages.marks(one, ids))
        assert sorted(found, key=lambda mark: mark.last_seq) == expected[::-1]

    async def test_news_and_who_is_inside(self, stores: RelationalStores) -> None:
        """Messages above a number, oldest first; both people, also where there is nothing new."""
        await populate(stores, 3)
        told = [await send(stores, number, 1, 2) for number in range(1, 5)]
        await send(stores, 9, 1, 3)
        both = frozenset({user_id(1), user_id(2)})
        for after, limit in ((0, 9), (1, 2), (3, 9), (4, 9)):
            found, inside = await news(stores, (1, 2), after, limit)
            assert (list(found), inside) == (told[after : after + limit], both)
        assert await news(stores, (2, 3), 0, 9) == ([], frozenset())

    async def test_all_that_somebody_wrote(self, stores: RelationalStores) -> None:
        """Theirs alone, whatever became of it; pages walk it without a repeat."""
        await populate(stores, 4)
        mine = [
            await send(stores, 10 + number, 1, 2 + number % 3, shadowed=not number)
            for number in range(7)
        ]
        for number in range(3):
            await send(stores, 20 + number, 2 + number, 1)
        await send(stores, 30, 2, 3)
        await advance(stores, 1, 2, Cursors(cleared=2))
        mine.sort(key=lambda one: (one.conversation_id, one.seq))
        me = user_id(1)
        assert await read(stores, lambda u: u.messages.written(me, None, 99)) == mine
        for count in range(1, len(mine) + 1):
            last = (mine[count - 1].conversation_id, mine[count - 1].seq)
            first = await read(stores, lambda u, most=count: u.messages.written(me, None, most))
            rest = await read(stores, lambda u, at=last: u.messages.written(me, at, 99))
            assert [*first, *rest] == mine
        assert await read(stores, lambda u: u.messages.written(user_id(9), None, 9)) == []

    async def test_what_somebody_is_in_conversations(self, stores: RelationalStores) -> None:
        """With whom, how far it has come and they; pages walk it without a repeat."""
        await populate(stores, 4)
        last = [
            await send(stores, number, 1, number, at=Millis(START_MS + number)) for number in (2, 3)
        ]
        await send(stores, 9, 2, 3)
        await advance(stores, 1, 2, Cursors(1, 1, 1))
        expected = [
            Part(
                Member(one.conversation_id, user_id(1), one.at, cursors=cursors),
                last_seq=1,
                last_at=one.at,
                pair=pair_of(1, number),
            )
            for one, number, cursors in zip(
                last, (2, 3), (Cursors(1, 1, 1), Cursors()), strict=True
            )
        ]
        expected.sort(key=lambda part: part.member.conversation_id)
        me, first = user_id(1), expected[0].member.conversation_id
        assert await read(stores, lambda u: u.messages.parts(me, None, 9)) == expected
        assert await read(stores, lambda u: u.messages.parts(me, None, 1)) == expected[:1]
        assert await read(stores, lambda u: u.messages.parts(me, first, 9)) == expected[1:]
        assert await read(stores, lambda u: u.messages.parts(user_id(4), None, 9)) == []

    async def test_everybody_exists(self, stores: RelationalStores) -> None:
        """Anything else is a bug of the caller."""
        await populate(stores, 1)
        with pytest.raises(UnitMisused, match="not exist"):
            await send(stores, 1, 1, 2)

    async def test_a_reading_unit_sends_nothing(self, stores: RelationalStores) -> None:
        """It is refused."""
        await populate(stores, 2)
        with pytest.raises(UnitMisused, match="reading"):
            await stores.units.read(lambda unit: keep(unit, draft(1, 1, 2), 1, 2))

    async def test_there_is_no_such_room(self, stores: RelationalStores) -> None:
        """Nor is a direct conversation one."""
        await populate(stores, 2)
        await send(stores, 1, 1, 2)
        for conversation_id in (ConversationId(campus_id(7)), pair_of(1, 2).conversation_id):
            letter = attrs.evolve(draft(9, 1, 2), conversation_id=conversation_id)
            assert await say(stores, letter) is None
