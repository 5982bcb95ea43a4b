"""What invites, replies, removals and blocks come to: one state machine for two people."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

import attrs

from divan_core.errors import (
    AlreadyFriends,
    FieldError,
    InviteClosed,
    InviteExists,
    InviteExpired,
    NotFound,
    ValidationFailed,
)
from divan_core.kernel.clock import Millis, rfc3339
from divan_core.kernel.ids import UserId
from divan_core.kernel.visibility import Relations
from divan_core.social.messages import (
    FRIENDSHIP_BEGUN,
    FRIENDSHIP_ENDED,
    INVITE_ACCEPTED,
    INVITE_CANCELLED,
    INVITE_DECLINED,
    INVITE_SENT,
    InviteView,
    SendInvite,
)
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

_BECOMES: Final[Mapping[Reply, InviteState]] = {
    Reply.ACCEPT: InviteState.ACCEPTED,
    Reply.DECLINE: InviteState.DECLINED,
    Reply.CANCEL: InviteState.CANCELLED,
}
_TOLD: Final[Mapping[InviteState, str]] = {
    InviteState.OPEN: INVITE_SENT,
    InviteState.ACCEPTED: INVITE_ACCEPTED,
    InviteState.DECLINED: INVITE_DECLINED,
    InviteState.CANCELLED: INVITE_CANCELLED,
}
"""What others hear of an invite that has come into this state; nothing of one that expired."""


def check_invite(command: SendInvite) -> None:
    """Refuse an invite that names nobody, or names them twice.

    Raises:
        ValidationFailed: not exactly one of ``to_user_id`` and ``to_handle``.
    """
    if (command.to_user_id is None) is (command.to_handle is None):
        message = "give either to_user_id or to_handle"
        raise ValidationFailed(errors=[FieldError("$.to_user_id", message)])


@attrs.frozen
class Ask:
    """An invite that somebody wants to send; ``seen`` is whether they may see its recipient."""

    invite: Invite
    seen: bool

    @property
    def people(self) -> tuple[UserId, UserId]:
        """Its sender and its recipient."""
        return self.invite.sender, self.invite.recipient


@attrs.frozen
class Fact:
    """What happened between two people, for others to hear of: an event's name and content."""

    name: str
    aggregate: str
    data: Mapping[str, str]


@attrs.frozen
class Outcome:
    """What a decision about two people comes to, to be kept as a whole.

    ``invites`` have a new state; ``begun`` and ``ended`` are the friendship that begins or ends;
    ``answer`` is the invite that was asked about, whether or not it changed.
    """

    answer: Invite | None = None
    invites: tuple[Invite, ...] = ()
    begun: Friendship | None = None
    ended: Friendship | None = None
    facts: tuple[Fact, ...] = ()


def new_invite(invite_id: InviteId, sender: UserId, recipient: UserId, now: Millis) -> Invite:
    """An invite that begins now.

    Raises:
        InvalidInput: they are the same person.
    """
    Friendship.between(sender, recipient)
    return Invite(invite_id, sender, recipient, now, Millis(now + INVITE_MS))


def after_invite(between: Between, ask: Ask) -> Outcome:
    """What comes of sending an invite; it is the answer.

    When the recipient has invited the sender, both are accepted at once. Earlier ones whose time
    is over are closed.

    Raises:
        NotFound: one has blocked the other, or the sender may not see the recipient.
        AlreadyFriends: they are friends.
        InviteExists: the sender has an open invite there.
    """
    invite = ask.invite
    if between.blocked or not ask.seen:
        raise NotFound
    if between.friends:
        raise AlreadyFriends
    still_open, over = _sorted_out(between, invite.created_at)
    if any(one.sender == invite.sender for one in still_open):
        raise InviteExists("Wait for an answer, or cancel the invite that is open.")
    if not still_open:
        return Outcome(invite, (invite, *over), facts=(_of_invite(invite),))
    mine, *theirs = _closed((invite, *still_open), InviteState.ACCEPTED)
    return _befriending(mine, (mine, *theirs, *over), theirs)


def check_reply(invite: Invite | None, reply: Reply, by: UserId) -> Invite:
    """The invite, if it is one that this person can give this reply to.

    Raises:
        NotFound: there is none, or it is not theirs to accept, decline or cancel.
    """
    if invite is None or by != (invite.sender if reply is Reply.CANCEL else invite.recipient):
        raise NotFound
    return invite


def after_reply(between: Between, invite: Invite, reply: Reply, now: Millis) -> Outcome:
    """What comes of a reply to an invite. The same reply again comes to nothing new.

    Raises:
        NotFound: one has blocked the other.
        InviteClosed: it was given another reply before.
        InviteExpired: its time is over.
    """
    if between.blocked:
        raise NotFound
    state = _BECOMES[reply]
    if invite.state is state:
        return Outcome(invite)
    if invite.state is InviteState.EXPIRED:
        raise InviteExpired
    if invite.state is not InviteState.OPEN:
        raise InviteClosed
    if not invite.open_at(now):
        raise InviteExpired
    (answer,) = _closed((invite,), state)
    if reply is not Reply.ACCEPT:
        return Outcome(answer, (answer,), facts=(_of_invite(answer),))
    still_open, over = _sorted_out(between, now)
    others = (one for one in still_open if one.id != invite.id)
    accepted = (answer, *_closed(others, InviteState.ACCEPTED))
    if between.friends:
        return Outcome(answer, (*accepted, *over), facts=tuple(map(_of_invite, accepted)))
    return _befriending(answer, (*accepted, *over), accepted)


def after_befriend(between: Between, friendship: Friendship, now: Millis) -> Outcome:
    """What comes of making two people friends without asking them.

    Raises:
        NotFound: one has blocked the other.
    """
    if between.blocked:
        raise NotFound
    still_open, over = _sorted_out(between, now)
    accepted = _closed(still_open, InviteState.ACCEPTED)
    if between.friends:
        return Outcome(invites=(*accepted, *over), facts=tuple(map(_of_invite, accepted)))
    facts = (*map(_of_invite, accepted), _of_friendship(FRIENDSHIP_BEGUN, friendship))
    return Outcome(invites=(*accepted, *over), begun=friendship, facts=facts)


def after_remove(between: Between, friendship: Friendship, by: UserId) -> Outcome:
    """What comes of one ending the friendship with the other, where there is one."""
    if not between.friends:
        return Outcome()
    ended = _of_friendship(FRIENDSHIP_ENDED, friendship, by_id=str(by))
    return Outcome(ended=friendship, facts=(ended,))


def after_block(between: Between, block: Block, now: Millis) -> Outcome:
    """What ends once one wants nothing to do with the other: friendship and invites."""
    friendship = Friendship.between(block.by, block.target)
    removed = after_remove(between, friendship, block.by)
    still_open, over = _sorted_out(between, now)
    closed = _closed(still_open, InviteState.CANCELLED)
    facts = (*removed.facts, *map(_of_invite, closed))
    return attrs.evolve(removed, invites=(*closed, *over), facts=facts)


def has_invited(between: Between, sender: UserId, now: Millis) -> bool:
    """Whether this one of the two has shown themselves to the other by an invite."""
    return any(one.sender == sender and one.open_at(now) for one in between.invites)


def relations_of(between: Between, other: UserId) -> Relations:
    """What stands between two people, as one of them sees the ``other``."""
    people = frozenset((other,))
    nobody = frozenset[UserId]()
    return Relations(people if between.friends else nobody, people if between.blocked else nobody)


def pair(friendship: Friendship) -> str:
    """What is locked to decide about two people, and what keeps their events in order."""
    return f"pair:{friendship.low}:{friendship.high}"


def invite_view(invite: Invite) -> InviteView:
    """An invite as its two people see it."""
    return InviteView(
        id=invite.id,
        from_user_id=invite.sender,
        to_user_id=invite.recipient,
        state=invite.state.value,
        created_at=rfc3339(invite.created_at),
        expires_at=rfc3339(invite.expires_at),
    )


def _befriending(answer: Invite, invites: tuple[Invite, ...], told: Iterable[Invite]) -> Outcome:
    """The two are friends from now on; of these invites it is told that they were accepted."""
    friendship = Friendship.between(answer.sender, answer.recipient)
    facts = (*map(_of_invite, told), _of_friendship(FRIENDSHIP_BEGUN, friendship))
    return Outcome(answer, invites, begun=friendship, facts=facts)


def _sorted_out(between: Between, now: Millis) -> tuple[tuple[Invite, ...], tuple[Invite, ...]]:
    """The invites that are open, and those whose time is over, closed."""
    still_open = tuple(one for one in between.invites if one.open_at(now))
    over = (one for one in between.invites if not one.open_at(now))
    return still_open, _closed(over, InviteState.EXPIRED)


def _closed(invites: Iterable[Invite], state: InviteState) -> tuple[Invite, ...]:
    return tuple(attrs.evolve(one, state=state) for one in invites)


def _of_invite(invite: Invite) -> Fact:
    data = {
        "invite_id": str(invite.id),
        "sender_id": str(invite.sender),
        "recipient_id": str(invite.recipient),
    }
    friendship = Friendship.between(invite.sender, invite.recipient)
    return Fact(_TOLD[invite.state], pair(friendship), data)


def _of_friendship(name: str, friendship: Friendship, **more: str) -> Fact:
    data = {"low_id": str(friendship.low), "high_id": str(friendship.high)}
    return Fact(name, pair(friendship), data | more)
