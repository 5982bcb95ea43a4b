"""Campuses and people."""

from __future__ import annotations

import functools
import re
import zoneinfo
from collections.abc import Callable, Sequence
from typing import Final, NoReturn, Protocol

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


class FieldFault(ValueError):
    """A field that cannot be as it is; ``at`` is where, such as ``passions[1]``."""

    def __init__(self, at: str, message: str) -> None:
        """Say what it must be."""
        super().__init__(message)
        self.at = at


class _Named(Protocol):
    """What a validator uses of the field that it checks."""

    @property
    def name(self) -> str:
        """Its name."""
        ...


def _handle(_instance: object, _attribute: object, value: str) -> None:
    if not HANDLE.fullmatch(value) and not GONE.fullmatch(value):
        _refuse_handle()


def _refuse_handle() -> NoReturn:
    message = "handle must be 3-30 of a-z, 0-9, '.' and '_', beginning with a letter"
    raise FieldFault("handle", message)


def _avatar(_instance: object, field: _Named, value: str | None) -> None:
    if value is not None and not (
        len(value) <= 500 and AVATAR.fullmatch(value) and value.isprintable()
    ):
        raise FieldFault(field.name, "must be an https address of at most 500 characters")


@functools.cache
def _timezones() -> frozenset[str]:
    return frozenset(zoneinfo.available_timezones())  # it reads the disk for 10 ms


def _email(_instance: object, field: _Named, value: str) -> None:
    if len(value) > 254 or not EMAIL.fullmatch(value) or not value.isprintable():
        raise FieldFault(field.name, "must be an e-mail address of at most 254 characters")


def _roles(_instance: object, field: _Named, value: frozenset[str]) -> None:
    for role in value:
        if not ROLE.fullmatch(role):
            message = "must be names of a-z, 0-9, '.', '_' and '-', at most 64 characters"
            raise FieldFault(field.name, message)


def _timezone(_instance: object, field: _Named, value: str) -> None:
    if value not in _timezones():
        raise FieldFault(field.name, "must be an IANA time zone such as America/Toronto")


def _centre(_instance: object, _attribute: object, value: Point) -> None:
    if not is_position(value.lat, value.lon):
        message = "must be a latitude in -90..90 and a longitude in -180..180"
        raise FieldFault("lat", message)  # a centre is given as two fields


def _check_text(at: str, text: str, longest: int) -> None:
    if not (1 <= len(text) <= longest and text.strip() and text.isprintable()):
        raise FieldFault(at, f"must be 1-{longest} printable characters")


def _text(longest: int) -> Callable[[object, _Named, str], None]:
    def check(_instance: object, field: _Named, value: str) -> None:
        _check_text(field.name, value, longest)

    return check


def _within(lowest: int, highest: int) -> Callable[[object, _Named, int], None]:
    def check(_instance: object, field: _Named, value: int) -> None:
        if not lowest <= value <= highest:
            raise FieldFault(field.name, f"must be in {lowest}..{highest}")

    return check


def _one_of(allowed: Sequence[object]) -> Callable[[object, _Named, object], None]:
    def check(_instance: object, field: _Named, value: object) -> None:
        if value not in allowed:
            raise FieldFault(field.name, f"must be one of {', '.join(map(str, allowed))}")

    return check


def _passions(_instance: object, field: _Named, value: tuple[str, ...] | None) -> None:
    if value is not None:
        if len(value) > 10:
            raise FieldFault(field.name, "must be at most 10")
        for place, passion in enumerate(value):
            _check_text(f"{field.name}[{place}]", passion, 40)


@attrs.frozen
class Campus:
    """A bounded community: everybody within ``radius_m`` metres of its centre."""

    id: CampusId
    name: str = attrs.field(validator=_text(120))
    centre: Point = attrs.field(validator=_centre)
    timezone: str = attrs.field(default="UTC", validator=_timezone)
    radius_m: int = attrs.field(default=DEFAULT_RADIUS_M, validator=_within(50, 50_000))


@attrs.frozen
class Privacy:
    """How a person wants to be seen. ``blur_distance_m`` is one of 0, 10, 20, 50, 200.

    Without ``read_receipts`` nobody learns what the person has read.
    """

    visibility: Visibility = Visibility.EVERYONE
    blur_distance_m: int = attrs.field(default=0, validator=_one_of(BLUR_DISTANCES_M))
    ghost_mode: bool = False
    chat_from: str = attrs.field(default="everyone", validator=_one_of(("everyone", "friends")))
    read_receipts: bool = True


@attrs.frozen
class Profile:
    """What a person tells of their studies; kept apart, a deployment may do without."""

    major: str | None = attrs.field(default=None, validator=v.optional(_text(80)))
    graduation_year: int | None = attrs.field(
        default=None, validator=v.optional(_within(1900, 2100))
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
