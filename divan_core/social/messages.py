"""What crosses the border of the social graph."""

from __future__ import annotations

from typing import Annotated, Final, Literal

import attrs
from msgspec import UNSET, Meta, UnsetType

from divan_core.kernel.ids import UserId
from divan_core.social.model import InviteId

__all__ = [
    "FriendUpdate",
    "FriendsQuery",
    "InviteId",
    "InviteView",
    "InvitesQuery",
    "ListedInvite",
    "ListedPerson",
    "MutualQuery",
    "PersonView",
    "SendInvite",
]

SOCIAL = "social"
"""The topic of the events below, and where the notices about them go."""

INVITE_SENT = "invite.sent"
INVITE_ACCEPTED = "invite.accepted"
INVITE_DECLINED = "invite.declined"
INVITE_CANCELLED = "invite.cancelled"
FRIENDSHIP_BEGUN = "friendship.begun"
FRIENDSHIP_ENDED = "friendship.ended"

INVITE_NEW = "invite:new"
INVITE_UPDATE = "invite:update"
FRIEND_UPDATE = "friend:update"

MAX_LISTED: Final = 200

Limit = Annotated[int, Meta(ge=1, le=MAX_LISTED)]
FriendsFilter = Literal["accepted", "blocked", "pending"]
Direction = Literal["sent", "received"]


@attrs.frozen
class SendInvite:
    """Ask somebody to be friends: by id, or by their exact handle."""

    to_user_id: UserId | None = None
    to_handle: Annotated[str, Meta(max_length=64)] | None = None


@attrs.frozen
class InviteView:
    """An invite, to those who are part of it.

    Times are RFC 3339; ``state`` is ``open``, ``accepted``, ``declined``, ``cancelled`` or
    ``expired``.
    """

    id: InviteId
    from_user_id: UserId
    to_user_id: UserId
    state: str
    created_at: str
    expires_at: str


@attrs.frozen
class InvitesQuery:
    """A page of open invites."""

    limit: Limit = 20
    cursor: str | None = None


@attrs.frozen
class FriendsQuery:
    """A page of friends, of those one has blocked, or of those an invite is open with."""

    filter: FriendsFilter = "accepted"
    limit: Limit = 20
    cursor: str | None = None


@attrs.frozen
class MutualQuery:
    """A page of the friends one has in common with somebody."""

    user_id: UserId
    limit: Limit = 20
    cursor: str | None = None


@attrs.frozen
class PersonView:
    """The other person of an invite."""

    user_id: UserId
    handle: str
    display_name: str
    avatar_url: str | None


@attrs.frozen
class ListedInvite(InviteView):
    """An invite as one of its two people is shown it, with who the other is."""

    person: PersonView


@attrs.frozen
class ListedPerson:
    """Somebody in a list of friends.

    ``online`` is there in the list of accepted friends, and false for whoever hides;
    ``direction`` and ``invite_id`` where an invite is open. ``major``, ``graduation_year`` and
    ``passions`` are left out where empty.
    """

    user_id: UserId
    handle: str
    display_name: str
    avatar_url: str | None
    is_friend: bool
    online: bool | UnsetType = UNSET
    direction: Direction | UnsetType = UNSET
    invite_id: InviteId | UnsetType = UNSET
    major: str | UnsetType = UNSET
    graduation_year: int | UnsetType = UNSET
    passions: tuple[str, ...] | UnsetType = UNSET


@attrs.frozen
class FriendUpdate:
    """A friendship has begun (``accepted``) or was ended by its reader (``removed``).

    Who it is with is told by more than the id only where it has begun.
    """

    user_id: UserId
    state: Literal["accepted", "removed"]
    handle: str | UnsetType = UNSET
    display_name: str | UnsetType = UNSET
    avatar_url: str | UnsetType | None = UNSET
