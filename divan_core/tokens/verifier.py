"""Checks JSON Web Tokens against the settings of the deployment."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Final
from uuid import UUID

import attrs
import jwt
import msgspec
from msgspec import Meta

from divan_core.errors import InvalidCredentials
from divan_core.identity.messages import Claims
from divan_core.kernel.clock import Clock, Millis
from divan_core.kernel.ids import CampusId, UserId
from divan_core.settings import JwtSettings
from divan_core.tokens.keys import Key, KeyRing

_REQUIRED: Final = ("sub", "campus_id", "exp", "iat")

Moment = Annotated[float, Meta(ge=0, le=253_402_300_799)]
"""Seconds since the epoch, until the year 9999; finite by being bounded."""


@attrs.frozen
class _Payload:
    """The claims that Divan reads, and of which types they are."""

    sub: UUID
    campus_id: UUID
    exp: Moment
    iat: Moment
    nbf: Moment = 0.0
    roles: tuple[str, ...] = ()
    handle: str | None = None
    name: str | None = None


class JwtVerifier:
    """Believes tokens of one issuer for one audience, by the injected clock.

    An empty issuer is not compared. With an empty audience, a token that names one is refused,
    because it is meant for somebody else (RFC 7519, section 4.1.3).
    """

    def __init__(self, rings: Mapping[str, KeyRing], settings: JwtSettings, clock: Clock) -> None:
        """``rings`` holds the keys by the only algorithms that are accepted."""
        self._rings = rings
        self._settings = settings
        self._clock = clock
        self._jwt = jwt.PyJWT(
            {
                "require": list(_REQUIRED),
                "enforce_minimum_key_length": True,
                # These three read the machine's clock; `_check_times` reads the injected one.
                "verify_exp": False,
                "verify_iat": False,
                "verify_nbf": False,
            }
        )

    async def verify(self, token: str) -> Claims:
        """See :class:`~divan_core.identity.ports.TokenVerifier`."""
        kid, algorithm = header_of(token)
        ring = self._rings.get(algorithm)
        if ring is None:
            raise InvalidCredentials("The token is signed with an algorithm that is not accepted.")
        key = await ring.find(kid, algorithm)
        payload = _typed(self._decoded(token, key))
        self._check_times(payload)
        return self._claims(payload)

    def _decoded(self, token: str, key: Key) -> dict[str, Any]:
        try:
            return self._jwt.decode(
                token,
                key.material,
                algorithms=[key.algorithm],
                audience=self._settings.audience or None,
                issuer=self._settings.issuer or None,
            )
        except jwt.PyJWTError as fault:
            raise InvalidCredentials(f"The token is not valid: {fault}.") from fault

    def _check_times(self, payload: _Payload) -> None:
        now, leeway = self._clock.now() / 1000, self._settings.leeway_s
        if payload.exp + leeway <= now:
            raise InvalidCredentials("The token has expired.")
        if max(payload.iat, payload.nbf) - leeway > now:
            raise InvalidCredentials("The token is not valid yet.")

    def _claims(self, payload: _Payload) -> Claims:
        settings = self._settings
        return Claims(
            user_id=UserId(payload.sub),
            campus_id=CampusId(payload.campus_id),
            roles=frozenset(payload.roles) if settings.trust_roles else frozenset(),
            valid_until=Millis(int((payload.exp + settings.leeway_s) * 1000)),
            handle=payload.handle,
            name=payload.name,
        )


def header_of(token: str) -> tuple[str | None, str]:
    """The key id and the algorithm that a token says of itself.

    Raises:
        InvalidCredentials: it says nothing of the sort.
    """
    try:
        header = jwt.get_unverified_header(token)
    except (jwt.PyJWTError, UnicodeEncodeError) as fault:
        raise InvalidCredentials("The token is malformed.") from fault
    kid, algorithm = header.get("kid"), header.get("alg")
    if not isinstance(algorithm, str):
        raise InvalidCredentials("The token is malformed.")
    return (kid if isinstance(kid, str) else None), algorithm


def _typed(payload: dict[str, Any]) -> _Payload:
    try:
        return msgspec.convert(payload, _Payload)
    except msgspec.ValidationError as fault:
        raise InvalidCredentials(f"The token's claims are not valid: {fault}.") from fault
