"""What an invite comes to."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

import attrs

from divan_core.errors import (
    AlreadyFriends,
    FieldError,
    InviteExists,
    NotFound,
    ValidationFailed,
)
from divan_core.kernel.clock import Millis, rfc3339
from divan_core.kernel.ids import UserId
from divan_core.social.messages import (
    FRIENDSHIP_BEGUN,
    INVITE_ACCEPTED,
    INVITE_SENT,
    InviteView,
    SendInvite,
)
from divan_core.social.model import (
    INVITE_MS,
    Between,
    Friendship,
    Invite,
    InviteId,
    InviteState,
)


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

    @property
    def pair(self) -> Friendship:
        """The two, in whichever order."""
        return Friendship.between(*self.people)


@attrs.frozen
class Fact:
    """What happened between two people, for others to hear of: an event's name and content."""

    name: str
    aggregate: str
    data: Mapping[str, str]


def new_invite(invite_id: InviteId, sender: UserId, recipient: UserId, now: Millis) -> Invite:
    """An invite that begins now.

    Raises:
        InvalidInput: they are the same person.
    """
    Friendship.between(sender, recipient)
    return Invite(invite_id, sender, recipient, now, Millis(now + INVITE_MS))


def after_invite(between: Between, ask: Ask) -> tuple[Invite, ...]:
    """The invites to keep once one is sent; the first is the answer to its sender.

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
    still_open = [one for one in between.invites if one.open_at(invite.created_at)]
    if any(one.sender == invite.sender for one in still_open):
        raise InviteExists("Wait for an answer, or cancel the invite that is open.")
    over = _closed((one for one in between.invites if one not in still_open), InviteState.EXPIRED)
    if not still_open:
        return (invite, *over)
    return (*_closed((invite, *still_open), InviteState.ACCEPTED), *over)


def friendship_begun(kept: Sequence[Invite]) -> Friendship | None:
    """The friendship that begins with the first of these invites, if one does."""
    first = kept[0]
    if first.state is not InviteState.ACCEPTED:
        return None
    return Friendship.between(first.sender, first.recipient)


def facts(kept: Sequence[Invite]) -> Iterator[Fact]:
    """What others hear when these invites are kept."""
    friendship = friendship_begun(kept)
    if friendship is None:
        yield _of_invite(INVITE_SENT, kept[0])
        return
    for invite in kept[1:]:
        if invite.state is InviteState.ACCEPTED:
            yield _of_invite(INVITE_ACCEPTED, invite)
    data = {"low_id": str(friendship.low), "high_id": str(friendship.high)}
    yield Fact(FRIENDSHIP_BEGUN, pair(friendship), data)


def _of_invite(name: str, invite: Invite) -> Fact:
    data = {
        "invite_id": str(invite.id),
        "sender_id": str(invite.sender),
        "recipient_id": str(invite.recipient),
    }
    return Fact(name, pair(Friendship.between(invite.sender, invite.recipient)), data)


def pair(friendship: Friendship) -> str:
    """What is locked to decide about two people, and what keeps their events in order."""
    return f"pair:{friendship.low}:{friendship.high}"


def withdrawn(between: Between) -> tuple[Invite, ...]:
    """The invites to keep once the two want nothing to do with each other."""
    return _closed(between.invites, InviteState.CANCELLED)


def _closed(invites: Iterable[Invite], state: InviteState) -> tuple[Invite, ...]:
    return tuple(attrs.evolve(one, state=state) for one in invites)


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
