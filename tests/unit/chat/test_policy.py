"""The pure rules of conversations."""

from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from divan_core.chat import policy
from divan_core.chat.messages import SendMessage
from divan_core.chat.model import (
    Attachment,
    Content,
    ConversationId,
    Cursors,
    Dialogue,
    DialogueSummary,
    Message,
    MessageId,
    Pair,
    ulid,
)
from divan_core.errors import (
    IdempotencyKeyReused,
    InvalidInput,
    NotFound,
    NotFriends,
    ValidationFailed,
)
from divan_core.kernel.clock import Millis
from divan_core.kernel.ids import CampusId, UserId
from divan_core.kernel.visibility import PersonCard, Relations, Standing, Visibility

HERE, ELSEWHERE = CampusId(UUID(int=1)), CampusId(UUID(int=2))
ANA, BEN = UserId(UUID(int=10)), UserId(UUID(int=11))
NOBODY = Relations()
FRIENDS = Relations(friends=frozenset({BEN}))
BLOCKED = Relations(friends=frozenset({BEN}), blocked=frozenset({BEN}))


def card(**changes: Any) -> PersonCard:
    return PersonCard(BEN, changes.pop("campus_id", HERE), "ben", "Ben", **changes)


def message(**changes: Any) -> Message:
    made: dict[str, Any] = {
        "id": MessageId(UUID(int=5)),
        "conversation_id": Pair.of(ANA, BEN).conversation_id,
        "seq": 1,
        "sender": ANA,
        "at": Millis(0),
        "content": Content("hello"),
    }
    return Message(**made | changes)


@given(st.uuids(), st.uuids())
def test_a_pair_has_one_conversation(one: UUID, other: UUID) -> None:
    if one == other:
        with pytest.raises(InvalidInput):
            Pair.of(UserId(one), UserId(other))
        return
    pair = Pair.of(UserId(one), UserId(other))
    assert pair == Pair.of(UserId(other), UserId(one))
    assert pair.low < pair.high
    found = pair.conversation_id
    assert (found.version, found.variant) == (8, UUID(int=2**63).variant)


def test_a_message_in_a_log_says_nothing() -> None:
    assert "hello" not in repr(message())


@given(st.uuids(), st.uuids())
def test_ulids_are_the_same_bits_in_the_same_order(one: UUID, other: UUID) -> None:
    first, second = ulid(MessageId(one)), ulid(MessageId(other))
    assert len(first) == 26
    assert (first < second) == (one.int < other.int)
    letters = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
    number = 0
    for letter in first:
        number = number * 32 + letters.index(letter)
    assert number == one.int


@pytest.mark.parametrize(
    ("relations", "who", "there", "reachable"),
    [
        (NOBODY, card(), True, True),
        (NOBODY, None, False, False),
        (NOBODY, card(campus_id=ELSEWHERE), False, False),
        (FRIENDS, card(ghost_mode=True), True, True),
        (NOBODY, card(ghost_mode=True), True, False),
        (NOBODY, card(visibility=Visibility.NONE), True, False),
        (FRIENDS, card(visibility=Visibility.NONE), True, True),
        (NOBODY, card(visibility=Visibility.FRIENDS), True, False),
        (FRIENDS, card(visibility=Visibility.FRIENDS), True, True),
        (BLOCKED, card(), False, False),
        (FRIENDS, card(standing=Standing.DELETED), False, False),
        (FRIENDS, card(standing=Standing.BANNED), False, False),
        (FRIENDS, card(standing=Standing.SHADOWED), False, False),
    ],
)
def test_who_is_there(
    relations: Relations, who: PersonCard | None, *, there: bool, reachable: bool
) -> None:
    assert policy.is_there(ANA, HERE, relations, who) is there
    assert policy.is_reachable(ANA, HERE, relations, who) is reachable


def test_messages_of_friends_only() -> None:
    with pytest.raises(NotFriends):
        policy.check_recipient(NOBODY, card(chat_from="friends"))
    policy.check_recipient(FRIENDS, card(chat_from="friends"))
    policy.check_recipient(NOBODY, card())


@pytest.mark.parametrize(
    ("fields", "path"),
    [
        ({"body": "\0"}, "$.body"),
        ({"body": "\udfff"}, "$.body"),
        ({"client_msg_id": "\n"}, "$.client_msg_id"),
        (
            {"attachments": (Attachment("image/png", file_name="a\tb"),)},
            "$.attachments[0].file_name",
        ),
        ({"attachments": (Attachment("image/png", url="https://a\n"),)}, "$.attachments[0].url"),
    ],
    ids=str,
)
def test_what_no_text_can_be(fields: dict[str, Any], path: str) -> None:
    with pytest.raises(ValidationFailed) as refused:
        policy.content_of(SendMessage(BEN, **{"body": "hello", **fields}))
    assert [one.path for one in refused.value.errors] == [path]


def test_the_same_again() -> None:
    assert policy.check_same(message(), Content("hello")) == message()
    with pytest.raises(IdempotencyKeyReused):
        policy.check_same(message(), Content("other"))
    with pytest.raises(NotFound):
        policy.check_same(None, Content("hello"))


def test_receipts() -> None:
    own = card()
    assert list(policy.receipts(Cursors(delivered=3), own)) == [("delivered", 3)]
    both = Cursors(delivered=3, read=3)
    assert list(policy.receipts(both, own)) == [("delivered", 3), ("read", 3)]
    assert list(policy.receipts(both, card(read_receipts=False))) == [("delivered", 3)]
    assert list(policy.receipts(Cursors(), own)) == []


def test_acknowledging_what_is_not_there() -> None:
    policy.check_acknowledged(3, 3, "read_seq")
    with pytest.raises(ValidationFailed):
        policy.check_acknowledged(4, 3, "read_seq")


@pytest.mark.parametrize("who", [None, card(), card(read_receipts=False)])
def test_a_conversation_in_the_list(who: PersonCard | None) -> None:
    dialogue = Dialogue(Pair.of(ANA, BEN), 1, Millis(0), Cursors(1, 1), Cursors(1, 0))
    view = policy.conversation_view(DialogueSummary(dialogue, message(), 0), ANA, who)
    assert view.peer.user_id == BEN
    assert view.last_message.recipient_id == BEN
    assert view.peer.handle == (None if who is None else "ben")
    assert view.peer_delivered_seq == (None if who is None else 1)
    assert view.peer_read_seq == (0 if who is not None and who.read_receipts else None)


def test_events_hold_no_words() -> None:
    data = policy.sent_data(message(shadowed=True), recipient_id=str(BEN))
    assert "hello" not in str(data)
    assert data["shadowed"] is True
    assert "shadowed" not in policy.sent_data(message())
    assert ConversationId(UUID(data["conversation_id"])) == Pair.of(ANA, BEN).conversation_id


def test_a_text_is_neither_empty_nor_too_long() -> None:
    for body in ("", "x" * 4001):
        with pytest.raises(ValidationFailed) as refused:
            policy.content_of(SendMessage(UserId(UUID(int=2)), body))
        assert [one.path for one in refused.value.errors] == ["$.body"]
    many = (Attachment("image/png"),) * 11
    with pytest.raises(ValidationFailed) as refused:
        policy.content_of(SendMessage(UserId(UUID(int=2)), "x" * 4000, attachments=many))
    assert [one.path for one in refused.value.errors] == ["$.attachments"]
