"""Replies, removals and blocks: the rest of the state machine."""

from __future__ import annotations

from uuid import UUID

import attrs
import pytest

from divan_core.errors import InviteClosed, InviteExpired, NotFound
from divan_core.kernel.clock import Millis
from divan_core.kernel.ids import UserId
from divan_core.social import policy
from divan_core.social.model import (
    INVITE_MS,
    Between,
    Block,
    Friendship,
    Invite,
    InviteId,
    InviteState,
    Reply,
)

ANA, BEN, CYD = (UserId(UUID(int=number)) for number in (1, 2, 3))
PAIR = Friendship(ANA, BEN)
NOW = Millis(1_000_000)
BECOMES = {
    Reply.ACCEPT: InviteState.ACCEPTED,
    Reply.DECLINE: InviteState.DECLINED,
    Reply.CANCEL: InviteState.CANCELLED,
}


def invite(number: int = 1, at: int = NOW, state: InviteState = InviteState.OPEN) -> Invite:
    made = policy.new_invite(InviteId(UUID(int=number)), ANA, BEN, Millis(at))
    return attrs.evolve(made, state=state)


def names(outcome: policy.Outcome) -> list[str]:
    return [fact.name for fact in outcome.facts]


@pytest.mark.parametrize(
    ("reply", "facts"),
    [
        (Reply.ACCEPT, ["invite.accepted", "friendship.begun"]),
        (Reply.DECLINE, ["invite.declined"]),
        (Reply.CANCEL, ["invite.cancelled"]),
    ],
)
def test_an_open_invite_takes_any_reply(reply: Reply, facts: list[str]) -> None:
    mine = invite()
    outcome = policy.after_reply(Between(invites=(mine,)), mine, reply, NOW)
    assert outcome.answer == attrs.evolve(mine, state=BECOMES[reply])
    assert outcome.invites == (outcome.answer,)
    assert outcome.begun == (PAIR if reply is Reply.ACCEPT else None)
    assert names(outcome) == facts


@pytest.mark.parametrize("state", [one for one in InviteState if one is not InviteState.OPEN])
@pytest.mark.parametrize("reply", Reply)
def test_a_closed_one_takes_the_reply_that_closed_it(reply: Reply, state: InviteState) -> None:
    closed = invite(state=state)
    if state is BECOMES[reply]:
        assert policy.after_reply(Between(), closed, reply, NOW) == policy.Outcome(closed)
        return
    refusal = InviteExpired if state is InviteState.EXPIRED else InviteClosed
    with pytest.raises(refusal):
        policy.after_reply(Between(), closed, reply, NOW)


@pytest.mark.parametrize("reply", Reply)
def test_seven_days_are_the_time_to_reply(reply: Reply) -> None:
    mine = invite()
    between = Between(invites=(mine,))
    policy.after_reply(between, mine, reply, Millis(NOW + INVITE_MS - 1))
    with pytest.raises(InviteExpired):
        policy.after_reply(between, mine, reply, Millis(NOW + INVITE_MS))


@pytest.mark.parametrize("state", InviteState)
@pytest.mark.parametrize("reply", Reply)
def test_behind_a_block_there_is_no_invite(reply: Reply, state: InviteState) -> None:
    with pytest.raises(NotFound):
        policy.after_reply(Between(blocked=True), invite(state=state), reply, NOW)


@pytest.mark.parametrize("reply", Reply)
def test_an_invite_is_its_two_peoples_own(reply: Reply) -> None:
    mine, other = (ANA, BEN) if reply is Reply.CANCEL else (BEN, ANA)
    assert policy.check_reply(invite(), reply, mine) == invite()
    for stranger in (other, CYD):
        with pytest.raises(NotFound):
            policy.check_reply(invite(), reply, stranger)
    with pytest.raises(NotFound):
        policy.check_reply(None, reply, mine)


def test_accepting_closes_every_other_invite_of_the_two() -> None:
    mine, over = invite(1), invite(2, at=NOW - INVITE_MS)
    theirs = attrs.evolve(invite(3), sender=BEN, recipient=ANA)
    between = Between(invites=(over, theirs, mine))
    outcome = policy.after_reply(between, mine, Reply.ACCEPT, NOW)
    assert {one.id.int: one.state for one in outcome.invites} == {
        1: InviteState.ACCEPTED,
        2: InviteState.EXPIRED,
        3: InviteState.ACCEPTED,
    }
    assert names(outcome) == ["invite.accepted", "invite.accepted", "friendship.begun"]


def test_friends_who_accept_are_friends_already() -> None:
    mine = invite()
    outcome = policy.after_reply(Between(friends=True, invites=(mine,)), mine, Reply.ACCEPT, NOW)
    assert outcome.begun is None
    assert names(outcome) == ["invite.accepted"]


def test_a_removal_ends_what_is_there() -> None:
    assert policy.after_remove(Between(), PAIR, BEN) == policy.Outcome()
    outcome = policy.after_remove(Between(friends=True), PAIR, BEN)
    assert outcome.ended == PAIR
    (fact,) = outcome.facts
    assert fact.data == {"low_id": str(ANA), "high_id": str(BEN), "by_id": str(BEN)}


def test_a_block_ends_everything_between_two() -> None:
    over = invite(2, at=NOW - INVITE_MS)
    between = Between(friends=True, invites=(over, invite()))
    outcome = policy.after_block(between, Block(BEN, ANA), NOW)
    assert outcome.ended == PAIR
    assert [one.state for one in outcome.invites] == [InviteState.CANCELLED, InviteState.EXPIRED]
    assert names(outcome) == ["friendship.ended", "invite.cancelled"]


def test_a_host_makes_friends_of_people_without_a_block() -> None:
    outcome = policy.after_befriend(Between(invites=(invite(),)), PAIR, NOW)
    assert outcome.begun == PAIR
    assert names(outcome) == ["invite.accepted", "friendship.begun"]
    assert policy.after_befriend(Between(friends=True), PAIR, NOW) == policy.Outcome()
    with pytest.raises(NotFound):
        policy.after_befriend(Between(blocked=True), PAIR, NOW)


def test_whoever_invites_has_shown_themselves() -> None:
    between = Between(invites=(invite(),))
    assert policy.has_invited(between, ANA, NOW)
    assert not policy.has_invited(between, BEN, NOW)
    assert not policy.has_invited(between, ANA, Millis(NOW + INVITE_MS))
