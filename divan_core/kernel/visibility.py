"""Who may see whom: the one function that every surface asks.

Whoever is hidden is left out before any limit or count, so that an answer about a hidden person
is byte-for-byte the answer about nobody.
"""

from __future__ import annotations

import enum
import functools
from typing import Final

import attrs

from divan_core.kernel.ids import CampusId, UserId


class Visibility(enum.Enum):
    """To whom a person wants to appear."""

    EVERYONE = "everyone"
    FRIENDS = "friends"
    NONE = "none"


class Standing(enum.Enum):
    """What the community has decided about a person."""

    ACTIVE = "active"
    SHADOWED = "shadowed"
    BANNED = "banned"
    DELETED = "deleted"


_EVERYONE: Final = Visibility.EVERYONE  # this function runs for everyone near everyone
_ACTIVE: Final = Standing.ACTIVE


class Surface(enum.Enum):
    """Where somebody would be seen."""

    NEARBY = "nearby"
    LOOKUP = "lookup"
    INVITE = "invite"
    INVITE_BY_HANDLE = "invite by handle"
    INBOX = "inbox"
    OUTBOX = "outbox"
    FRIENDS = "friends"
    BLOCKED = "blocked"
    CHAT = "chat"
    CONVERSATION = "conversation"
    ACTIVITY = "activity"
    SEARCH = "search"
    SEARCH_BY_HANDLE = "search by handle"
    DISCOVERY = "discovery"
    LEADERBOARD = "leaderboard"


_OF_ONESELF: Final = frozenset({Surface.LOOKUP, Surface.LEADERBOARD})
"""Where people see themselves."""


@attrs.frozen
class PersonCard:
    """What other contexts may know of a person: how to show them, and to whom.

    ``profile`` fields are None where the person left them empty or the deployment does without.
    ``blur_distance_m`` is one of 0, 10, 20, 50 and 200 metres. ``chat_from`` is ``everyone`` or
    ``friends``; ``read_receipts`` is whether others learn what the person has read.
    """

    user_id: UserId
    campus_id: CampusId
    handle: str
    display_name: str
    avatar_url: str | None = None
    visibility: Visibility = Visibility.EVERYONE
    ghost_mode: bool = False
    blur_distance_m: int = 0
    chat_from: str = "everyone"
    read_receipts: bool = True
    standing: Standing = Standing.ACTIVE
    roles: frozenset[str] = frozenset()
    major: str | None = None
    graduation_year: int | None = None
    passions: tuple[str, ...] | None = None


@attrs.frozen
class Relations:
    """A person's accepted friends, and everyone with a block in either direction."""

    friends: frozenset[UserId] = frozenset()
    blocked: frozenset[UserId] = frozenset()

    @functools.cached_property
    def numbers(self) -> frozenset[int]:
        """All of them as the numbers of their ids, which are found ten times faster."""
        return frozenset([one.int for some in (self.friends, self.blocked) for one in some])


def is_open(person: PersonCard) -> bool:
    """Whether the person shows themselves to everyone: to whoever has no block with them."""
    return person.visibility is _EVERYONE and person.standing is _ACTIVE and not person.ghost_mode


def can_see(viewer_id: UserId, relations: Relations, person: PersonCard, surface: Surface) -> bool:
    """Whether the viewer may see this person on this surface.

    Whoever shows themselves to friends only can be invited by those they told their handle.
    Whoever invites somebody has shown themselves to them, and friends are always in each other's
    lists of friends, hidden from all others or not. In the list of whom one has blocked a block
    hides nobody.
    Friends can always write to each other, and whoever takes part in a conversation, in a room or
    of two, or in a game has shown themselves in it.
    Whoever hides is found by a friend who knows the handle, to the letter, and by nobody else.
    Campuses are not compared here: every list is drawn from the viewer's own.
    """
    if person.user_id.int == viewer_id.int:  # a third of the time of comparing UUIDs
        return surface in _OF_ONESELF
    if person.standing is not _ACTIVE:
        return False
    if relations.blocked and person.user_id in relations.blocked:
        return surface is Surface.BLOCKED
    if person.visibility is _EVERYONE and not person.ghost_mode:
        return True
    return _has_shown(relations, person, surface)


def acquainted(viewer_id: UserId, relations: Relations) -> frozenset[int]:
    """The viewer and everybody they have to do with, as the numbers of their ids.

    Of all others :func:`can_see` says yes on every surface if they are open, see :func:`is_open`,
    so that it need not be asked of each where many look at the same many.
    """
    return relations.numbers | {viewer_id.int}


def _has_shown(relations: Relations, person: PersonCard, surface: Surface) -> bool:
    """Whether somebody who hides has shown themselves to this viewer all the same."""
    if surface in {Surface.INBOX, Surface.CONVERSATION, Surface.ACTIVITY}:
        return True
    is_friend = person.user_id in relations.friends
    if surface in {Surface.FRIENDS, Surface.CHAT, Surface.SEARCH_BY_HANDLE}:
        return is_friend
    if person.ghost_mode or person.visibility is not Visibility.FRIENDS:
        return False
    return is_friend or surface in {Surface.INVITE_BY_HANDLE, Surface.OUTBOX}
