"""What events tell of that counts."""

from typing import Any
from uuid import UUID

from divan_core.activities.messages import ACTIVITIES, ACTIVITY_COMPLETED
from divan_core.chat.messages import CHAT, MESSAGE_SENT, ROOM_JOINED, ROOMS
from divan_core.kernel.clock import Millis
from divan_core.kernel.events import Event, EventId
from divan_core.kernel.ids import CampusId, UserId
from divan_core.leaderboards.model import DeedKind
from divan_core.leaderboards.scoring import Feat
from divan_core.moderation.messages import subject_uuid, ulid_text
from divan_core.tidings import Tidings, tidings_of

HERE = CampusId(UUID(int=1))
ANA, BEN = UserId(UUID(int=2)), UserId(UUID(int=3))
SUBJECT = UUID(int=4)


def told(topic: str, name: str, **data: Any) -> Tidings | None:
    return tidings_of(Event(EventId(UUID(int=9)), topic, name, HERE, "x", Millis(5), data))


def message(**more: Any) -> Tidings | None:
    said = {"sender_id": str(ANA), "recipient_id": str(BEN), "message_id": ulid_text(SUBJECT)}
    return told(CHAT, MESSAGE_SENT, **said, **more)


def joined(*people: UserId) -> Tidings | None:
    who = {"by_id": str(ANA), "user_ids": [str(one) for one in people]}
    return told(ROOMS, ROOM_JOINED, room_id=str(SUBJECT), **who)


def test_a_message_counts_for_both_and_hidden_for_neither() -> None:
    found = message()
    assert found is not None
    direct = Feat(ANA, DeedKind.DIRECT, SUBJECT, BEN)
    assert subject_uuid(ulid_text(SUBJECT)) == SUBJECT
    assert found.told.feats == (direct, Feat(BEN, DeedKind.SENDER, ANA, ANA))
    assert set(found.about) == {ANA, BEN}
    assert found.unless(frozenset({HERE})) == found.told
    (hidden,) = found.unless(frozenset({SUBJECT})).feats
    assert hidden == Feat(ANA, DeedKind.DIRECT, SUBJECT, BEN, hidden=True)


def test_what_only_its_sender_sees_is_nothing() -> None:
    assert message(shadowed=True) is None


def test_being_put_into_a_room_is_no_deed() -> None:
    assert joined(BEN) is None
    found = joined(ANA)
    assert found is not None
    assert set(found.about) == {ANA, SUBJECT}
    assert found.unless(frozenset({SUBJECT})).feats[0].hidden


def test_nobody_plays_alone() -> None:
    ended = {"activity_id": str(SUBJECT), "winner_id": str(BEN)}
    assert told(ACTIVITIES, ACTIVITY_COMPLETED, players=[str(BEN)], **ended) is None
    found = told(ACTIVITIES, ACTIVITY_COMPLETED, players=[str(ANA), str(BEN)], **ended)
    assert found is not None
    kinds = [(one.user_id, one.kind) for one in found.told.feats]
    assert kinds == [(ANA, DeedKind.PLAYED), (BEN, DeedKind.PLAYED), (BEN, DeedKind.WON)]


def test_of_all_else_there_is_nothing_to_tell() -> None:
    assert told(CHAT, "message.forwarded") is None
    assert told("elsewhere", MESSAGE_SENT) is None
