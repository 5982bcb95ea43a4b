"""From the headers of a request to an actor."""

from __future__ import annotations

from collections.abc import Awaitable
from hmac import compare_digest
from typing import Final

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
        bearer = exchange.headers.get(_AUTHORIZATION)
        if bearer is not None:
            found = await self._bearer(bearer, banned_too=banned_too)
        else:
            found = await self._named(exchange, banned_too=banned_too)
        exchange.user_id = found.actor.user_id
        return found.actor

    def _bearer(self, header: bytes, *, banned_too: bool) -> Awaitable[Identity]:
        scheme, _, token = header.decode("latin-1").partition(" ")
        if scheme.lower() != "bearer":
            raise InvalidCredentials("Send Authorization: Bearer and a token.")
        return self._authenticator.bearer(token.strip(), banned_too=banned_too)

    def _named(self, exchange: Exchange, *, banned_too: bool) -> Awaitable[Identity]:
        user, campus = exchange.headers.get(_USER), exchange.headers.get(_CAMPUS)
        if not self._authenticator.dev or user is campus is None:
            raise NotAuthenticated("Send Authorization: Bearer and a token.")
        if user is None or campus is None:
            missing = USER if user is None else CAMPUS
            raise InvalidCredentials(errors=[FieldError(f"header.{missing}", "is required")])
        names = user.decode("latin-1"), campus.decode("latin-1")
        roles = exchange.headers.get(_ROLES, b"").decode("latin-1")
        return self._authenticator.named(*names, roles, banned_too=banned_too)


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
