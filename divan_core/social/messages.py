"""What crosses the border of the social graph."""

from __future__ import annotations

from typing import Annotated

import attrs
from msgspec import Meta

from divan_core.kernel.ids import UserId
from divan_core.social.model import InviteId

SOCIAL = "social"
"""The topic of the events below."""

INVITE_SENT = "invite.sent"
INVITE_ACCEPTED = "invite.accepted"
FRIENDSHIP_BEGUN = "friendship.begun"


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
