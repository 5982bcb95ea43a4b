"""What crosses discovery's border: questions in, views out.

These classes are the request and response schema of every transport.
"""

from __future__ import annotations

from typing import Annotated, Final

import attrs
from msgspec import UNSET, Meta, UnsetType

from divan_core.discovery.model import LONGEST
from divan_core.kernel.ids import RoomId, UserId

MAX_FOUND: Final = 50
DEFAULT_FOUND: Final = 20

Words = Annotated[str, Meta(max_length=LONGEST, description="Fewer than 2 letters find nothing.")]
Limit = Annotated[int, Meta(ge=1, le=MAX_FOUND)]


@attrs.frozen
class SearchUsers:
    """Who of my campus is called like this? A beginning, a part, or nearly so."""

    q: Words
    limit: Limit = DEFAULT_FOUND
    cursor: str | None = None


@attrs.frozen
class SearchRooms:
    """Which open rooms of my campus are called like this?"""

    q: Words
    limit: Limit = DEFAULT_FOUND
    cursor: str | None = None


@attrs.frozen
class Suggest:
    """Whom might I know, which rooms are worth a look? The best first."""

    limit: Limit = DEFAULT_FOUND
    cursor: str | None = None


@attrs.define
class FoundPerson:
    """Somebody found. Not frozen, which would make every answer a tenth slower.

    ``mutual_friends`` counts those of the viewer's friends who are theirs as well. ``major``,
    ``graduation_year`` and ``passions`` are left out where empty.
    """

    user_id: UserId
    handle: str
    display_name: str
    avatar_url: str | None
    is_friend: bool
    mutual_friends: int
    major: str | UnsetType = UNSET
    graduation_year: int | UnsetType = UNSET
    passions: tuple[str, ...] | UnsetType = UNSET


@attrs.define
class FoundRoom:
    """An open room, as the viewer sees it: whoever is blocked is not counted."""

    id: RoomId
    name: str
    preset: str
    member_count: int
    friends_inside: int
