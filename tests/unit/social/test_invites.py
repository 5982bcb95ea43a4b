"""What an invite comes to."""

from __future__ import annotations

from uuid import UUID

import attrs
import pytest

from divan_core.errors import (
    AlreadyFriends,
    InvalidInput,
    InviteExists,
    NotFound,
    ValidationFailed,
)
from divan_core.kernel.clock import Millis
from divan_core.kernel.ids import UserId
from divan_core.social import policy
from divan_core.social.messages import SendInvite
from divan_core.social.model import (
    INVITE_MS,
    Between,
    Friendship,
    Invite,
    InviteId,
    InviteState,
)

ANA, BEN = UserId(UUID(int=1)), UserId(UUID(int=2))
NOW = Millis(1_000_000)


def invite(number: int, sender: UserId = ANA, at: int = NOW) -> Invite:
    recipient = BEN if sender == ANA else ANA
    return policy.new_invite(InviteId(UUID(int=number)), sender, recipient, Millis(at))


def ask(*, seen: bool = True) -> policy.Ask:
    return policy.Ask(invite(9), seen=seen)


def names(outcome: policy.Outcome) -> list[str]:
    return [fact.name for fact in outcome.facts]


def test_the_first_invite_is_open_for_seven_days() -> None:
    (sent,) = policy.after_invite(Between(), ask()).invites
    assert sent == invite(9)
    assert sent.open_at(Millis(NOW + INVITE_MS - 1))
    assert not sent.open_at(Millis(NOW + INVITE_MS))


def test_a_second_open_invite_is_refused() -> None:
    with pytest.raises(InviteExists):
        policy.after_invite(Between(invites=(invite(1),)), ask())


def test_one_whose_time_is_over_makes_room_and_is_closed() -> None:
    old = invite(1, at=NOW - INVITE_MS)
    sent, closed = policy.after_invite(Between(invites=(old,)), ask()).invites
    assert sent == invite(9)
    assert closed == attrs.evolve(old, state=InviteState.EXPIRED)


def test_two_who_invite_each_other_are_friends_at_once() -> None:
    theirs = invite(1, BEN, NOW - 5)
    outcome = policy.after_invite(Between(invites=(theirs,)), ask())
    assert [(one.id.int, one.state) for one in outcome.invites] == [
        (9, InviteState.ACCEPTED),
        (1, InviteState.ACCEPTED),
    ]
    assert outcome.begun == Friendship(ANA, BEN)
    assert names(outcome) == ["invite.accepted", "friendship.begun"]


def test_an_expired_one_from_the_other_side_befriends_nobody() -> None:
    outcome = policy.after_invite(Between(invites=(invite(1, BEN, NOW - INVITE_MS),)), ask())
    assert outcome.begun is None
    assert names(outcome) == ["invite.sent"]


@pytest.mark.parametrize("between", [Between(blocked=True), Between(friends=True, blocked=True)])
def test_blocked_is_as_if_absent(between: Between) -> None:
    with pytest.raises(NotFound):
        policy.after_invite(between, ask())


def test_so_is_somebody_who_cannot_be_seen() -> None:
    with pytest.raises(NotFound):
        policy.after_invite(Between(), ask(seen=False))


def test_friends_have_nothing_to_ask() -> None:
    with pytest.raises(AlreadyFriends):
        policy.after_invite(Between(friends=True), ask())


def test_nobody_asks_themselves() -> None:
    with pytest.raises(InvalidInput):
        policy.new_invite(InviteId(UUID(int=1)), ANA, ANA, NOW)


@pytest.mark.parametrize("command", [SendInvite(), SendInvite(BEN, "ben")])
def test_an_invite_names_one_person_once(command: SendInvite) -> None:
    with pytest.raises(ValidationFailed):
        policy.check_invite(command)


def test_events_of_two_people_have_one_aggregate_and_no_words() -> None:
    (one,) = policy.after_invite(Between(), ask()).facts
    (theirs,) = policy.after_invite(Between(), policy.Ask(invite(8, BEN), seen=True)).facts
    assert theirs.aggregate == one.aggregate
    assert set(one.data) == {"invite_id", "sender_id", "recipient_id"}
