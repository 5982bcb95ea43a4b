"""From the handshake of a socket to a person."""

from __future__ import annotations

from typing import Final

import attrs

from divan_core.errors import FieldError, InvalidCredentials, NotAuthenticated
from divan_core.identity.messages import Identity
from divan_core.identity.service import Authenticator

_NAMES: Final = ("user_id", "campus_id")


@attrs.frozen
class Handshake:
    """Reads ``auth`` of the connect packet: ``{token}``, or in development two ids.

    Where both are sent, the token decides; malformed credentials never fall back on others.
    """

    authenticator: Authenticator

    async def identity(self, auth: object) -> Identity:
        """Who connects, and until when the credentials are good.

        Raises:
            NotAuthenticated: no credentials, or not valid ones.
            NotAllowed: a person who may not come in, or of another campus.
            Unavailable: the person's record, or the keys of tokens, cannot be read.
        """
        given = auth if isinstance(auth, dict) else {}
        if given.get("token") is not None:
            return await self._bearer(given["token"])
        if any(given.get(name) is not None for name in _NAMES):
            return await self._named(given)
        raise NotAuthenticated("Connect with auth: {token}.")

    async def _bearer(self, token: object) -> Identity:
        if not isinstance(token, str):
            raise InvalidCredentials(errors=[FieldError("$.token", "must be a text")])
        return await self.authenticator.bearer(token.removeprefix("Bearer "))

    async def _named(self, given: dict[str, object]) -> Identity:
        user, campus = (given.get(name) for name in _NAMES)
        if not (isinstance(user, str) and isinstance(campus, str)):
            raise InvalidCredentials("Both user_id and campus_id are needed, as texts.")
        return await self.authenticator.named(user, campus)
