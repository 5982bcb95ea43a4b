"""The lines of an import file: what each may say, and the people and campuses they make."""

from __future__ import annotations

import difflib
import functools
import re
from collections.abc import Collection, Mapping
from typing import Annotated, Any, Final, TypeVar

import attrs
import msgspec
from msgspec import UNSET, Meta, UnsetType

from divan_core.accounts.messages import ChangePrivacy, Major, Passions, Year
from divan_core.accounts.model import DEFAULT_RADIUS_M, Campus, Person, Privacy, Profile
from divan_core.auth.model import Login, mailbox_key
from divan_core.auth.policy import password_fault
from divan_core.chat.roommessages import PresetName, RoomName, VisibilityName
from divan_core.errors import InvalidInput
from divan_core.kernel.clock import Millis
from divan_core.kernel.geo import Point
from divan_core.kernel.ids import CampusId, RoomId, UserId
from divan_core.kernel.visibility import Visibility
from divan_core.social.model import Block, Friendship

ModelT = TypeVar("ModelT", bound=attrs.AttrsInstance)

Role = Annotated[str, Meta(pattern=r"^[a-z][a-z0-9._-]{0,63}$")]

_EMAIL: Final = re.compile(r"[^@\s]{1,64}@[^@\s]{1,189}")


class BadLine(ValueError):
    """A line that cannot be kept; the message says why."""


@attrs.frozen
class CampusLine:
    """A campus, complete."""

    id: CampusId
    name: str
    lat: float
    lon: float
    timezone: str
    radius_m: int = DEFAULT_RADIUS_M


@attrs.frozen
class ProfileMembers:
    """The profile fields that a line sets; null empties one, the others stay."""

    major: Major | UnsetType | None = UNSET
    graduation_year: Year | UnsetType | None = UNSET
    passions: Passions | UnsetType | None = UNSET


@attrs.frozen
class PersonLine:
    """A person. Fields left out stay as they are, for somebody new as they are by default.

    ``password`` and ``verified`` belong to an address.
    """

    id: UserId
    campus_id: CampusId
    handle: str
    display_name: str
    email: str | UnsetType | None = UNSET
    password: str | UnsetType = attrs.field(default=UNSET, repr=False)
    verified: bool | UnsetType = UNSET
    roles: tuple[Role, ...] | UnsetType = UNSET
    privacy: ChangePrivacy = attrs.field(factory=ChangePrivacy)
    profile: ProfileMembers = attrs.field(factory=ProfileMembers)


@attrs.frozen
class FriendshipLine:
    """Two people of one campus are friends."""

    a: UserId
    b: UserId


@attrs.frozen
class BlockLine:
    """``by`` blocks ``target``, of the same campus."""

    by: UserId
    target: UserId


@attrs.frozen
class RoomLine:
    """A room with who is in it from the beginning; who is in a room that exists stays so."""

    id: RoomId
    campus_id: CampusId
    name: RoomName
    preset: PresetName
    visibility: VisibilityName
    owner: UserId
    members: tuple[UserId, ...] = ()


Line = CampusLine | PersonLine | FriendshipLine | BlockLine | RoomLine

_TYPES: Final[Mapping[str, type[Line]]] = {
    "campus": CampusLine,
    "person": PersonLine,
    "friendship": FriendshipLine,
    "block": BlockLine,
    "room": RoomLine,
}
_DECODERS: Final = {name: msgspec.json.Decoder(cls) for name, cls in _TYPES.items()}
_MEMBERS: Final = msgspec.json.Decoder(dict[str, msgspec.Raw])
_INNER: Final = {"privacy": ChangePrivacy, "profile": ProfileMembers}


def parse(raw: bytes) -> Line:
    """Read one line strictly: types are not bent, and a misspelt member is not passed over.

    Raises:
        BadLine: it is not JSON, not of a known type, or a member is missing, wrong or unknown.
    """
    try:
        members = _MEMBERS.decode(raw)
        name = msgspec.json.decode(members.pop("type", b'""'), type=str)
        if name not in _TYPES:
            raise BadLine(_unknown_type(name))
        _refuse_unknown(members, _TYPES[name])
        return _DECODERS[name].decode(raw)
    except msgspec.ValidationError as fault:
        raise BadLine(str(fault)) from fault
    except (msgspec.DecodeError, UnicodeDecodeError) as fault:
        raise BadLine(f"is not JSON: {fault}") from fault
    except RecursionError as fault:
        raise BadLine("is nested too deeply") from fault


def encode(line: Line) -> bytes:
    """The line as it would stand in a file, without its end."""
    name = next(name for name, cls in _TYPES.items() if isinstance(line, cls))
    members = {"type": name, **msgspec.to_builtins(line)}
    return msgspec.json.encode({key: value for key, value in members.items() if value != {}})


def _unknown_type(name: str) -> str:
    return f"has the type {name!r}; there are {', '.join(_TYPES)}" if name else "has no type"


def _refuse_unknown(members: Mapping[str, msgspec.Raw], cls: type[attrs.AttrsInstance]) -> None:
    known = _names(cls)
    for name in members.keys() - known:
        raise BadLine(_unknown_member(name, known))
    for name in _INNER.keys() & members.keys():
        _refuse_unknown(_MEMBERS.decode(members[name]), _INNER[name])


def _unknown_member(name: str, known: Collection[str]) -> str:
    near = difflib.get_close_matches(name, known, n=1)
    return f"{name} is not a member" + (f"; did you mean {near[0]}?" if near else "")


def campus_of(line: CampusLine) -> Campus:
    """The campus that a line describes.

    Raises:
        BadLine: a member that cannot be.
    """
    return _built(
        Campus,
        id=line.id,
        name=line.name,
        centre=Point(line.lat, line.lon),
        timezone=line.timezone,
        radius_m=line.radius_m,
    )


def person_of(line: PersonLine, known: Person | None, now: Millis) -> Person:
    """The person that a line describes: somebody new, or a known one with the line's fields.

    Raises:
        BadLine: a member that cannot be.
    """
    given: dict[str, Any] = {"handle": line.handle, "display_name": line.display_name}
    privacy, profile = (known.privacy, known.profile) if known else (_PRIVACY, _PROFILE)
    given |= {
        "email": _email(line, known.email if known else None),
        "privacy": _changed(privacy, _privacy(line.privacy)),
        "profile": _changed(profile, _given(line.profile)),
    }
    if line.roles is not UNSET:
        given["roles"] = frozenset(line.roles)
    if known:
        return _changed(known, given)
    return _built(Person, id=line.id, campus_id=line.campus_id, created_at=now, **given)


def check_password(line: PersonLine, email: str | None) -> None:
    """Refuse a line that says how to sign in without an address, or with a weak password.

    Raises:
        BadLine: one of these.
    """
    for name, value in (("password", line.password), ("verified", line.verified)):
        if value is not UNSET and email is None:
            raise BadLine(f"{name} needs an email")
    if line.password is not UNSET:
        names = email or "", line.handle, line.display_name
        if fault := password_fault(line.password, *names):
            raise BadLine(f"password {fault}")


def login_of(
    line: PersonLine, person: Person, known: Login | None, password_hash: str | None, now: Millis
) -> Login | None:
    """How the person of a line signs in; None without an address.

    Another address than before is not verified, unless the line says so. ``password_hash`` is
    that of the line's password, once it is known.
    """
    if person.email is None:
        return None
    before = known or Login(person.id, "")
    key = mailbox_key(person.email)
    since = before.verified_at if before.email_key == key else None
    if line.verified is not UNSET:
        since = (since or now) if line.verified else None
    return Login(person.id, key, password_hash or before.password_hash, since)


def friendship_of(line: FriendshipLine) -> Friendship:
    """The friendship that a line describes.

    Raises:
        BadLine: both are the same person.
    """
    try:
        return Friendship.between(line.a, line.b)
    except InvalidInput as fault:
        raise BadLine(fault.detail) from fault


def block_of(line: BlockLine) -> Block:
    """The block that a line describes.

    Raises:
        BadLine: both are the same person.
    """
    try:
        return Block(line.by, line.target)
    except InvalidInput as fault:
        raise BadLine(fault.detail) from fault


_PRIVACY: Final = Privacy()
_PROFILE: Final = Profile()
"""Those of somebody new."""


def _email(line: PersonLine, before: str | None) -> str | None:
    if line.email is UNSET:
        return before
    if line.email is not None and not _EMAIL.fullmatch(line.email):
        raise BadLine("email must be an address such as ada@example.edu")
    return line.email


def _privacy(members: ChangePrivacy) -> dict[str, Any]:
    values = _given(members)
    if "visibility" in values:
        values["visibility"] = Visibility(values["visibility"])
    return values


def _given(members: attrs.AttrsInstance) -> dict[str, Any]:
    """The fields that the line sets."""
    named = [(name, getattr(members, name)) for name in _names(type(members))]
    return {name: value for name, value in named if value is not UNSET}


@functools.cache
def _names(cls: type[attrs.AttrsInstance]) -> tuple[str, ...]:
    return tuple([field.name for field in attrs.fields(cls)])


def _changed(before: ModelT, given: dict[str, Any]) -> ModelT:
    """``before`` with these fields, which are checked."""
    if not given:
        return before
    cls = type(before)
    return _built(cls, **{name: getattr(before, name) for name in _names(cls)} | given)


def _built(cls: type[ModelT], **values: object) -> ModelT:
    try:
        return cls(**values)
    except ValueError as fault:
        raise BadLine(_blamed(cls, values, str(fault))) from fault


def _blamed(cls: type[attrs.AttrsInstance], values: Mapping[str, object], fault: str) -> str:
    """The complaint of a validator, with the name of its field."""
    for field in attrs.fields(cls):
        try:
            if field.validator is not None and field.name in values:
                field.validator(None, field, values[field.name])
        except ValueError:
            return fault if field.name in fault else f"{field.name} {fault}"
    return fault
