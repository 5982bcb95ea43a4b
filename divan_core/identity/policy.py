"""Pure rules: credentials of development, and what to call a newcomer."""

from __future__ import annotations

from typing import Final
from uuid import UUID

import msgspec

from divan_core.errors import InvalidCredentials
from divan_core.identity.messages import Claims
from divan_core.kernel.ids import CampusId, UserId

DEV_PREFIX: Final = "uid:"

_FORM: Final = "Write uid:<uuid>;campus:<uuid> and, if you like, ;roles:a,b after it."
_FIELDS: Final = ({"uid", "campus"}, {"uid", "campus", "roles"})


def dev_bearer(token: str) -> Claims:
    """What the text ``uid:<uuid>;campus:<uuid>[;roles:a,b]`` claims.

    Raises:
        InvalidCredentials: it is not of that form.
    """
    parts = [part.partition(":") for part in token.split(";")]
    fields = {name: value for name, _, value in parts}
    if len(fields) != len(parts) or set(fields) not in _FIELDS:
        raise InvalidCredentials(_FORM)
    return dev_claims(fields["uid"], fields["campus"], fields.get("roles", ""))


def dev_claims(user_id: str, campus_id: str, roles: str = "") -> Claims:
    """What two ids and a comma list of roles claim.

    Raises:
        InvalidCredentials: an id is not a UUID.
    """
    return Claims(
        user_id=UserId(_uuid(user_id)),
        campus_id=CampusId(_uuid(campus_id)),
        roles=frozenset(role for part in roles.split(",") if (role := part.strip())),
    )


def _uuid(text: str) -> UUID:
    try:
        return msgspec.convert(text, UUID)
    except msgspec.ValidationError as fault:
        raise InvalidCredentials("A person and a campus are named by their UUIDs.") from fault


def fallback_handle(user_id: UserId) -> str:
    """The handle of a newcomer whose own is missing, impossible or taken: of the id what fits."""
    return f"u{user_id.hex[3:]}"
