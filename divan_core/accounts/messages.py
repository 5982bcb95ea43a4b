"""What crosses the accounts' border: commands in, views out."""

from __future__ import annotations

from typing import Annotated, Literal

import attrs
from msgspec import UNSET, Meta, UnsetType

from divan_core.accounts.model import DEFAULT_RADIUS_M
from divan_core.kernel.ids import CampusId, UserId

Handle = Annotated[str, Meta(pattern="^[a-z][a-z0-9._]{2,29}$")]
DisplayName = Annotated[str, Meta(min_length=1, max_length=80)]
Major = Annotated[str, Meta(min_length=1, max_length=80)]
Year = Annotated[int, Meta(ge=1900, le=2100)]
Passions = Annotated[
    tuple[Annotated[str, Meta(min_length=1, max_length=40)], ...], Meta(max_length=10)
]
Avatar = Annotated[str, Meta(max_length=500, pattern=r"^https://[^\s/]+(/\S*)?$")]
BlurDistance = Literal[0, 10, 20, 50, 200]
Audience = Literal["everyone", "friends", "none"]
ChatFrom = Literal["everyone", "friends"]


@attrs.frozen
class CreateCampus:
    """A new bounded community: a centre in degrees and a radius in metres (50-50,000)."""

    name: str
    lat: float
    lon: float
    timezone: str = "UTC"
    radius_m: int = DEFAULT_RADIUS_M
    id: CampusId | None = None


@attrs.frozen
class CampusView:
    """A campus as anybody may see it."""

    id: CampusId
    name: str
    lat: float
    lon: float
    timezone: str
    radius_m: int


@attrs.frozen
class ListQuery:
    """A page of a list."""

    limit: Annotated[int, Meta(ge=1, le=200)] = 20
    cursor: str | None = None


@attrs.frozen
class PrivacyView:
    """How a person wants to be seen."""

    visibility: Audience
    blur_distance_m: BlurDistance
    ghost_mode: bool
    chat_from: ChatFrom
    read_receipts: bool


@attrs.frozen
class ChangePrivacy:
    """The privacy fields to change; the others stay."""

    visibility: Audience | UnsetType = UNSET
    blur_distance_m: BlurDistance | UnsetType = UNSET
    ghost_mode: bool | UnsetType = UNSET
    chat_from: ChatFrom | UnsetType = UNSET
    read_receipts: bool | UnsetType = UNSET


@attrs.frozen
class ChangeProfile:
    """The profile fields to change; null empties one that may be empty."""

    display_name: DisplayName | UnsetType = UNSET
    avatar_url: Avatar | UnsetType | None = UNSET
    major: Major | UnsetType | None = UNSET
    graduation_year: Year | UnsetType | None = UNSET
    passions: Passions | UnsetType | None = UNSET


@attrs.frozen
class CreatePerson:
    """A new person of a campus, without a password of their own."""

    campus_id: CampusId
    handle: Handle
    display_name: DisplayName
    id: UserId | None = None
    email: str | None = None
    avatar_url: Avatar | None = None
    privacy: ChangePrivacy = attrs.field(factory=ChangePrivacy)
    profile: ChangeProfile = attrs.field(factory=ChangeProfile)
    roles: frozenset[str] = frozenset()


@attrs.frozen
class OwnAccount:
    """Everything about oneself; nobody else is shown this."""

    user_id: UserId
    campus_id: CampusId
    handle: str
    display_name: str
    avatar_url: str | None
    email: str | None
    email_verified: bool
    major: str | None
    graduation_year: int | None
    passions: tuple[str, ...] | None
    privacy: PrivacyView
    roles: tuple[str, ...]
