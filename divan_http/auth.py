"""From the headers of a request to an actor."""

from __future__ import annotations

from collections.abc import Awaitable
from hmac import compare_digest
from typing import Final, TypeAlias

from divan_core.errors import FieldError, InvalidCredentials, NotAllowed, NotAuthenticated
from divan_core.identity.messages import Identity
from divan_core.identity.service import Authenticator
from divan_core.kernel.actor import Actor
from divan_http.exchange import Exchange

ADMIN: Final = "X-Admin-Token"
USER: Final = "X-User-Id"
CAMPUS: Final = "X-Campus-Id"
ROLES: Final = "X-User-Roles"

_AUTHORIZATION: Final = b"authorization"
_ADMIN: Final = ADMIN.lower().encode()
_USER: Final = USER.lower().encode()
_CAMPUS: Final = CAMPUS.lower().encode()
_ROLES: Final = ROLES.lower().encode()
_ONCE: Final = frozenset({_AUTHORIZATION, _USER, _CAMPUS, _ROLES})


_Names: TypeAlias = tuple[bytes | None, bytes | None, bytes | None]
"""Who, of which campus, and with which roles."""


class HeaderCredentials:
    """Reads ``Authorization``, or in development the ``X-User-Id`` family.

    Where both are sent, ``Authorization`` decides; malformed credentials never fall back on
    others.
    """

    def __init__(self, authenticator: Authenticator) -> None:
        """Ask ``authenticator`` whom credentials name."""
        self._authenticator = authenticator

    async def actor(self, exchange: Exchange, *, banned_too: bool = False) -> Actor:
        """Who asks; ``banned_too``: it may be somebody who was banned.

        Raises:
            NotAuthenticated: no credentials, or not valid ones.
            NotAllowed: a person who may not come in, or of another campus.
            Unavailable: the person's record cannot be read.
        """
        # Nobody can say which of several a proxy has checked.
        if exchange.repeated and exchange.repeated & _ONCE:
            raise InvalidCredentials("Send each header of credentials once.")
        get = exchange.headers.get
        bearer = get(_AUTHORIZATION)
        given = (get(_USER), get(_CAMPUS), get(_ROLES)) if bearer is None else bearer
        actor = self._authenticator.recalled(given, banned_too=banned_too)
        if actor is None:
            actor = (await self._identity(given, banned_too=banned_too)).actor
        exchange.user_id = actor.user_id
        return actor

    def _identity(self, given: bytes | _Names, *, banned_too: bool) -> Awaitable[Identity]:
        if isinstance(given, bytes):
            return self._bearer(given, banned_too=banned_too)
        return self._named(given, banned_too=banned_too)

    def _bearer(self, header: bytes, *, banned_too: bool) -> Awaitable[Identity]:
        scheme, _, text = header.decode("latin-1").partition(" ")
        if scheme.lower() != "bearer":
            raise InvalidCredentials("Send Authorization: Bearer and a token.")
        token = text.strip()
        # A token can be padded in endless ways, of which none is worth remembering.
        known_as = header if token == text else None
        return self._authenticator.bearer(token, banned_too=banned_too, known_as=known_as)

    def _named(self, given: _Names, *, banned_too: bool) -> Awaitable[Identity]:
        user, campus, roles = given
        if not self._authenticator.dev or user is campus is None:
            raise NotAuthenticated("Send Authorization: Bearer and a token.")
        if user is None or campus is None:
            missing = USER if user is None else CAMPUS
            raise InvalidCredentials(errors=[FieldError(f"header.{missing}", "is required")])
        names = [one.decode("latin-1") for one in (user, campus, roles or b"")]
        return self._authenticator.named(*names, banned_too=banned_too, known_as=given)


class OperatorCredentials:
    """Knows the operator by ``X-Admin-Token``."""

    def __init__(self, token: str) -> None:
        """Expect ``token``; where that is empty, nobody is the operator."""
        self._token = token.encode()

    def check(self, exchange: Exchange) -> None:
        """Let the operator pass.

        Raises:
            NotAuthenticated: no token, or several.
            NotAllowed: a wrong one.
        """
        given = exchange.headers.get(_ADMIN)
        if given is None:
            raise NotAuthenticated(f"Send {ADMIN}.")
        if _ADMIN in exchange.repeated:
            raise InvalidCredentials(f"Send {ADMIN} once.")
        if not (compare_digest(given, self._token) and self._token):
            raise NotAllowed("This is for the operator.")
