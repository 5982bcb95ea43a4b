"""Campuses and people."""

from __future__ import annotations

import functools
import re
import zoneinfo
from collections.abc import Callable
from typing import Final, NoReturn

import attrs
from attrs import validators as v

from divan_core.accounts.handles import GONE, HANDLE, normalised, skeleton
from divan_core.kernel.clock import Millis
from divan_core.kernel.geo import Point, is_position
from divan_core.kernel.ids import CampusId, UserId
from divan_core.kernel.visibility import Standing, Visibility

DEFAULT_RADIUS_M: Final = 25_000
BLUR_DISTANCES_M: Final = (0, 10, 20, 50, 200)
EMAIL: Final = re.compile(r"[^\s@]+@[^\s@]+")
ROLE: Final = re.compile(r"[a-z][a-z0-9._-]{0,63}")
AVATAR: Final = re.compile(r"https://[^\s/]+(/\S*)?")


def _handle(_instance: object, _attribute: object, value: str) -> None:
    if not HANDLE.fullmatch(value) and not GONE.fullmatch(value):
        _refuse_handle()


def _refuse_handle() -> NoReturn:
    raise ValueError("handle must be 3-30 of a-z, 0-9, '.' and '_', beginning with a letter")


def _avatar(_instance: object, _attribute: object, value: str | None) -> None:
    if value is not None and not (
        len(value) <= 500 and AVATAR.fullmatch(value) and value.isprintable()
    ):
        raise ValueError("must be an https address of at most 500 characters")


@functools.cache
def _timezones() -> frozenset[str]:
    return frozenset(zoneinfo.available_timezones())  # it reads the disk for 10 ms


def _email(_instance: object, _attribute: object, value: str) -> None:
    if len(value) > 254 or not EMAIL.fullmatch(value) or not value.isprintable():
        raise ValueError("must be an e-mail address of at most 254 characters")


def _roles(_instance: object, _attribute: object, value: frozenset[str]) -> None:
    for role in value:
        if not ROLE.fullmatch(role):
            raise ValueError("must be names of a-z, 0-9, '.', '_' and '-', at most 64 characters")


def _timezone(_instance: object, _attribute: object, value: str) -> None:
    if value not in _timezones():
        raise ValueError("must be an IANA time zone such as America/Toronto")


def _centre(_instance: object, _attribute: object, value: Point) -> None:
    if not is_position(value.lat, value.lon):
        raise ValueError("must be a latitude in -90..90 and a longitude in -180..180")


def _text(longest: int) -> Callable[[object, object, str], None]:
    def check(_instance: object, _attribute: object, value: str) -> None:
        if not (1 <= len(value) <= longest and value.strip() and value.isprintable()):
            raise ValueError(f"must be 1-{longest} printable characters")

    return check


def _passions(_instance: object, _attribute: object, value: tuple[str, ...] | None) -> None:
    if value is not None:
        if len(value) > 10:
            raise ValueError("must be at most 10")
        for passion in value:
            _text(40)(None, None, passion)


@attrs.frozen
class Campus:
    """A bounded community: everybody within ``radius_m`` metres of its centre."""

    id: CampusId
    name: str = attrs.field(validator=_text(120))
    centre: Point = attrs.field(validator=_centre)
    timezone: str = attrs.field(default="UTC", validator=_timezone)
    radius_m: int = attrs.field(default=DEFAULT_RADIUS_M, validator=[v.ge(50), v.le(50_000)])


@attrs.frozen
class Privacy:
    """How a person wants to be seen. ``blur_distance_m`` is one of 0, 10, 20, 50, 200.

    Without ``read_receipts`` nobody learns what the person has read.
    """

    visibility: Visibility = Visibility.EVERYONE
    blur_distance_m: int = attrs.field(default=0, validator=v.in_(BLUR_DISTANCES_M))
    ghost_mode: bool = False
    chat_from: str = attrs.field(default="everyone", validator=v.in_(("everyone", "friends")))
    read_receipts: bool = True


@attrs.frozen
class Profile:
    """What a person tells of their studies; kept apart, a deployment may do without."""

    major: str | None = attrs.field(default=None, validator=v.optional(_text(80)))
    graduation_year: int | None = attrs.field(
        default=None, validator=v.optional([v.ge(1900), v.le(2100)])
    )
    passions: tuple[str, ...] | None = attrs.field(default=None, validator=_passions)


@attrs.frozen
class Person:
    """Somebody on a campus. ``email`` is never shown to anyone else.

    ``handle`` is normalised before it is judged.
    """

    id: UserId
    campus_id: CampusId
    handle: str = attrs.field(converter=normalised, validator=_handle)
    display_name: str = attrs.field(validator=_text(80))
    created_at: Millis
    avatar_url: str | None = attrs.field(default=None, validator=_avatar)
    email: str | None = attrs.field(default=None, validator=v.optional(_email))
    privacy: Privacy = attrs.field(factory=Privacy)
    profile: Profile = attrs.field(factory=Profile)
    standing: Standing = Standing.ACTIVE
    roles: frozenset[str] = attrs.field(default=frozenset(), validator=_roles)

    def __attrs_post_init__(self) -> None:
        """Refuse the mark of the deleted to the living."""
        if self.standing is not Standing.DELETED and not HANDLE.fullmatch(self.handle):
            _refuse_handle()

    @property
    def handle_key(self) -> str | None:
        """What nobody else's handle may look like; None once it is free for others."""
        return None if self.standing is Standing.DELETED else skeleton(self.handle)
