"""What a process has just written, told once without reading it."""

from uuid import UUID

from divan_core.chat.fresh import FRESH_MS, MOST, Fresh
from divan_core.chat.messages import MessageView
from divan_core.chat.model import ConversationId
from divan_core.kernel.ids import UserId
from divan_core.testing.clock import ManualClock

ANA, BEN = UserId(UUID(int=8)), UserId(UUID(int=9))


def view(number: int, seq: int) -> MessageView:
    talk = ConversationId(UUID(int=number))
    return MessageView(f"{seq}", None, seq, talk, ANA, "hello", (), "", BEN)


def taken(fresh: Fresh, number: int, seq: int) -> MessageView | None:
    found = fresh.take(ConversationId(UUID(int=number)), seq)
    return None if found is None else found.view


def test_it_is_for_one_use() -> None:
    fresh = Fresh(ManualClock())
    fresh.put(view(1, 5), 0, shadowed=True)
    found = fresh.take(ConversationId(UUID(int=1)), 5)
    assert found is not None
    assert (found.view, found.shadowed) == (view(1, 5), True)
    assert taken(fresh, 1, 5) is None


def test_it_is_the_last_message_of_its_conversation() -> None:
    fresh = Fresh(ManualClock())
    fresh.put(view(1, 5), 0, shadowed=False)
    fresh.put(view(1, 6), 0, shadowed=False)
    fresh.put(view(2, 1), 0, shadowed=False)
    assert taken(fresh, 1, 5) is None
    assert taken(fresh, 1, 6) is None  # whoever asked for another had to read
    assert taken(fresh, 2, 1) == view(2, 1)


def test_it_is_so_for_a_second() -> None:
    clock = ManualClock()
    fresh = Fresh(clock)
    for late_ms, found in ((FRESH_MS, view(1, 5)), (FRESH_MS + 1, None), (-1, None)):
        fresh.put(view(1, 5), 0, shadowed=False)
        clock.advance(late_ms / 1000)
        assert taken(fresh, 1, 5) == found


def test_what_was_decided_about_is_read() -> None:
    fresh = Fresh(ManualClock())
    fresh.put(view(1, 5), 0, shadowed=False)
    fresh.forget()
    assert taken(fresh, 1, 5) is None


def test_so_it_is_where_that_was_heard_first() -> None:
    """Whoever was held up after writing keeps nothing that may be hidden by now."""
    fresh = Fresh(ManualClock())
    before = fresh.forgotten
    fresh.forget()
    fresh.put(view(1, 5), before, shadowed=False)
    assert taken(fresh, 1, 5) is None
    fresh.put(view(1, 6), fresh.forgotten, shadowed=False)
    assert taken(fresh, 1, 6) == view(1, 6)


def test_no_more_is_kept_than_of_so_many_conversations() -> None:
    fresh = Fresh(ManualClock())
    for number in range(MOST):
        fresh.put(view(number, 1), 0, shadowed=False)
    fresh.put(view(0, 2), 0, shadowed=False)  # written to again: it is not the oldest now
    fresh.put(view(MOST, 1), 0, shadowed=False)
    assert taken(fresh, 1, 1) is None
    assert taken(fresh, 0, 2) == view(0, 2)
    assert taken(fresh, MOST, 1) == view(MOST, 1)
