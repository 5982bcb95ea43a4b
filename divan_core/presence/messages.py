"""What crosses presence's border: commands in, views out.

These classes are the request and response schema of every transport.
"""

from __future__ import annotations

from typing import Annotated, Final, Literal

import attrs
from msgspec import UNSET, Meta, UnsetType

from divan_core.kernel.ids import CampusId, UserId
from divan_core.kernel.notices import NoticesLost
from divan_core.presence.model import Cell, Notice, PeopleChanged, PublicMove

__all__ = [
    "Cell",
    "GoOffline",
    "Group",
    "Heartbeat",
    "HeartbeatAccepted",
    "LookupAnswer",
    "LookupQuery",
    "NearbyPerson",
    "NearbyQuery",
    "Notice",
    "NoticesLost",
    "OwnStatus",
    "PeopleChanged",
    "PublicMove",
    "Sighting",
    "Surroundings",
]

MAX_ACCURACY_M: Final = 50.0
MAX_RADIUS_M: Final = 5000
MAX_NEARBY: Final = 200
DEFAULT_NEARBY: Final = 50
MAX_LOOKUP: Final = 100

Group = Literal["profile", "distance"]
Filter = Literal["all", "friends"]
DeviceId = Annotated[str, Meta(min_length=1, max_length=128)]
Radius = Annotated[int, Meta(ge=1, le=MAX_RADIUS_M, description="Metres.")]


@attrs.frozen
class Heartbeat:
    """Here I am. Degrees, metres, and the device's own clock in epoch milliseconds.

    ``accuracy_m`` is 1-50. ``venue_id`` names a place of the host application; Divan checks its
    form and gives it no meaning of its own.
    """

    lat: Annotated[float, Meta(ge=-90, le=90)]
    lon: Annotated[float, Meta(ge=-180, le=180)]
    accuracy_m: Annotated[float, Meta(ge=1)]
    device_id: DeviceId
    ts_client: Annotated[int, Meta(ge=0, le=253_402_300_799_999)]
    campus_id: CampusId | None = None
    venue_id: Annotated[str, Meta(max_length=128)] | None = None


@attrs.frozen
class HeartbeatAccepted:
    """The server's time of acceptance, epoch milliseconds."""

    ts: int


@attrs.frozen
class GoOffline:
    """End the lease of one device, or of all."""

    device_id: DeviceId | None = None


@attrs.frozen
class OwnStatus:
    """Whether the caller is online, and when they were last heard (epoch ms; None: not lately)."""

    online: bool
    ts: int | None


@attrs.frozen
class NearbyQuery:
    """Who is within ``radius_m`` metres of me, nearest first?"""

    radius_m: Radius
    campus_id: CampusId | None = None
    limit: Annotated[int, Meta(ge=1, le=MAX_NEARBY)] = DEFAULT_NEARBY
    cursor: str | None = None
    filter: Filter = "all"
    include: tuple[Group, ...] = ("profile", "distance")


@attrs.define
class NearbyPerson:
    """Somebody near the viewer. Not frozen, which would make every answer a tenth slower.

    ``distance_m`` is to the public point, rounded up to whole cells. ``major``,
    ``graduation_year`` and ``passions`` are left out where empty; the first group is governed by
    ``include=profile``, ``distance_m`` by ``include=distance``.
    """

    user_id: UserId
    handle: str
    display_name: str
    avatar_url: str | None
    is_friend: bool
    distance_m: int | UnsetType = UNSET
    major: str | UnsetType = UNSET
    graduation_year: int | UnsetType = UNSET
    passions: tuple[str, ...] | UnsetType = UNSET


@attrs.frozen
class LookupQuery:
    """Who of these is online? At most 100 ids."""

    user_ids: Annotated[tuple[UserId, ...], Meta(min_length=1, max_length=MAX_LOOKUP)]


@attrs.frozen
class Sighting:
    """Whether somebody is online, and when last seen: RFC 3339, rounded down to the minute.

    Whoever the viewer may not see looks like someone who never was: offline, ``last_seen`` None.
    """

    user_id: UserId
    online: bool
    last_seen: str | None


@attrs.frozen
class LookupAnswer:
    """One sighting for each id asked for, in the order asked, each id once."""

    items: tuple[Sighting, ...]


@attrs.frozen
class Surroundings:
    """Everybody near a subscriber at one moment, complete, nearest first."""

    items: tuple[NearbyPerson, ...]
    east: float = attrs.field(repr=False)
    north: float = attrs.field(repr=False)
