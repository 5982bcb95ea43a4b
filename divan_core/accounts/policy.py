"""Pure rules of accounts: building, changing and showing people and campuses."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

import attrs
from msgspec import UNSET

from divan_core.accounts.handles import gone
from divan_core.accounts.messages import (
    CampusView,
    ChangePrivacy,
    ChangeProfile,
    CreateCampus,
    CreatePerson,
    OwnAccount,
    PrivacyView,
)
from divan_core.accounts.model import Campus, FieldFault, Person, Privacy, Profile
from divan_core.errors import Banned, CampusMismatch, FieldError, UnknownUser, ValidationFailed
from divan_core.kernel.actor import Actor
from divan_core.kernel.clock import Millis
from divan_core.kernel.geo import Point
from divan_core.kernel.ids import CampusId, UserId
from divan_core.kernel.visibility import PersonCard, Standing, Visibility

_DELETED: Final = Standing.DELETED  # every request asks, and a name costs less than a member
_BANNED: Final = Standing.BANNED


@contextmanager
def _checked(path: str = "$") -> Iterator[None]:
    """Turn a validator's complaint into a refusal of the field, below ``path``."""
    try:
        yield
    except FieldFault as fault:
        error = FieldError(f"{path}.{fault.at}", str(fault))
        raise ValidationFailed(str(fault), errors=[error]) from fault


def new_campus(command: CreateCampus, campus_id: CampusId) -> Campus:
    """The campus this command asks for.

    Raises:
        ValidationFailed: a name, centre, time zone or radius that cannot be.
    """
    with _checked():
        return Campus(
            id=campus_id,
            name=command.name,
            centre=Point(command.lat, command.lon),
            timezone=command.timezone,
            radius_m=command.radius_m,
        )


def campus_view(campus: Campus) -> CampusView:
    """The campus as anybody may see it."""
    return CampusView(
        id=campus.id,
        name=campus.name,
        lat=campus.centre.lat,
        lon=campus.centre.lon,
        timezone=campus.timezone,
        radius_m=campus.radius_m,
    )


def new_person(command: CreatePerson, user_id: UserId, now: Millis) -> Person:
    """The person this command asks for.

    Raises:
        ValidationFailed: a field that cannot be.
    """
    with _checked():
        person = Person(
            id=user_id,
            campus_id=command.campus_id,
            handle=command.handle,
            display_name=command.display_name,
            created_at=now,
            avatar_url=command.avatar_url,
            email=command.email,
            roles=command.roles,
        )
    private = with_privacy(person, command.privacy, "$.privacy")
    return with_profile(private, command.profile, "$.profile")


def with_privacy(person: Person, command: ChangePrivacy, path: str = "$") -> Person:
    """The person with the privacy fields that the command, which stands at ``path``, sets.

    Raises:
        ValidationFailed: a field that cannot be.
    """
    changes = _set_fields(command)
    if "visibility" in changes:
        changes["visibility"] = Visibility(changes["visibility"])
    with _checked(path):
        return attrs.evolve(person, privacy=attrs.evolve(person.privacy, **changes))


def with_profile(person: Person, command: ChangeProfile, path: str = "$") -> Person:
    """The person with the profile fields that the command, which stands at ``path``, sets.

    Raises:
        ValidationFailed: a field that cannot be.
    """
    changes = _set_fields(command)
    own: dict[str, Any] = {
        name: changes.pop(name) for name in ("display_name", "avatar_url") if name in changes
    }
    with _checked(path):
        profile: Profile = attrs.evolve(person.profile, **changes)
        return attrs.evolve(person, profile=profile, **own)


def _set_fields(command: ChangePrivacy | ChangeProfile) -> dict[str, Any]:
    values = {field.name: getattr(command, field.name) for field in attrs.fields(type(command))}
    return {name: value for name, value in values.items() if value is not UNSET}


def anonymised(person: Person) -> Person:
    """What is left of somebody who was erased: a row that is nobody's, and their handle is free."""
    return Person(
        id=person.id,
        campus_id=person.campus_id,
        handle=gone(person.id.hex),
        display_name="Deleted",
        created_at=person.created_at,
        privacy=Privacy(visibility=Visibility.NONE, ghost_mode=True),
        standing=Standing.DELETED,
    )


def privacy_view(privacy: Privacy) -> PrivacyView:
    """The privacy as its owner sees it."""
    return PrivacyView(
        visibility=privacy.visibility.value,
        blur_distance_m=privacy.blur_distance_m,  # type: ignore[arg-type]  # validated to these
        ghost_mode=privacy.ghost_mode,
        chat_from=privacy.chat_from,  # type: ignore[arg-type]  # validated to these
        read_receipts=privacy.read_receipts,
    )


def own_account(person: Person, *, email_verified: bool) -> OwnAccount:
    """The account as its owner sees it."""
    return OwnAccount(
        user_id=person.id,
        campus_id=person.campus_id,
        handle=person.handle,
        display_name=person.display_name,
        avatar_url=person.avatar_url,
        email=person.email,
        email_verified=email_verified,
        major=person.profile.major,
        graduation_year=person.profile.graduation_year,
        passions=person.profile.passions,
        privacy=privacy_view(person.privacy),
        roles=tuple(sorted(person.roles)),
    )


def recognised(
    card: PersonCard | None, campus_id: CampusId | None, *, banned_too: bool = False
) -> Actor:
    """The actor whom credentials name.

    Raises:
        UnknownUser: there is no such person, or no longer.
        Banned: this person was banned, and not the ``banned_too`` are wanted.
        CampusMismatch: the credentials name another campus than the person's.
    """
    if card is None or card.standing is _DELETED:
        raise UnknownUser
    if card.standing is _BANNED and not banned_too:
        raise Banned
    if campus_id is not None and campus_id.int != card.campus_id.int:
        raise CampusMismatch
    return Actor(card.user_id, card.campus_id, card.roles)
