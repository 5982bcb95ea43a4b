"""What crosses discovery's border: questions in, views out.

These classes are the request and response schema of every transport.
"""

from __future__ import annotations

from typing import Annotated, Final

import attrs
from msgspec import UNSET, Meta, UnsetType

from divan_core.discovery.model import LONGEST
from divan_core.kernel.ids import RoomId, UserId

__all__ = ["DiscoverQuery", "FoundPerson", "FoundRoom", "SearchQuery"]

MAX_FOUND: Final = 50
DEFAULT_FOUND: Final = 20

PageSize = Annotated[int, Meta(ge=1, le=MAX_FOUND)]
Words = Annotated[str, Meta(max_length=LONGEST, description="Less than 2 letters finds nothing.")]


@attrs.frozen
class SearchQuery:
    """Who, or what, is called like this? A beginning, a part, or nearly so."""

    q: Words
    limit: PageSize = DEFAULT_FOUND
    cursor: str | None = None


@attrs.frozen
class DiscoverQuery:
    """A page of suggestions, the best first."""

    limit: PageSize = DEFAULT_FOUND
    cursor: str | None = None


@attrs.define
class FoundPerson:
    """Somebody of the viewer's campus. Not frozen, which would make every answer slower.

    ``mutual_friends`` is how many active people are friends of both. ``major``,
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


@attrs.frozen
class FoundRoom:
    """A link room of the viewer's campus.

    ``members`` leaves out those with a block between them and the viewer, ``friends_inside`` is
    how many of them are friends of the viewer. ``created_at`` is RFC 3339.
    """

    id: RoomId
    name: str
    preset: str
    members: int
    friends_inside: int
    created_at: str
