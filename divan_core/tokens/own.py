"""Divan's own access tokens, beside those of the operator's issuer.

The header's ``kid`` chooses between two whole ways to verify: key, algorithm and issuer belong
together in each, so a token can ask to be judged by either and cannot mix them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from divan_core.auth.model import Holder
from divan_core.errors import InvalidCredentials, Unavailable
from divan_core.identity.messages import Claims
from divan_core.identity.ports import TokenVerifier
from divan_core.kernel.clock import Clock
from divan_core.settings import JwtSettings

if TYPE_CHECKING:
    from divan_core.tokens.verifier import JwtVerifier

ISSUER: Final = "divan"
KEY_ID: Final = "divan"
_ALGORITHM: Final = "HS256"


class OwnTokens:
    """Signs access tokens, believes them, and leaves all others to another verifier."""

    def __init__(self, key: bytes, clock: Clock, others: TokenVerifier | None) -> None:
        """Sign with ``key`` (secret, 32 bytes); ``others`` judges tokens of other keys."""
        self._secret = key.hex()
        self._clock = clock
        self._others = others
        self._own: JwtVerifier | None = None

    def issue(self, holder: Holder) -> str:
        """A token that is believed here until ``holder.expires_at``.

        Raises:
            Unavailable: PyJWT is not installed.
        """
        try:
            import jwt  # noqa: PLC0415 - an extra
        except ModuleNotFoundError as fault:
            raise Unavailable("Tokens need PyJWT: install divan[auth].") from fault
        claims = {
            "iss": ISSUER,
            "sub": str(holder.user_id),
            "campus_id": str(holder.campus_id),
            "iat": holder.issued_at // 1000,
            "exp": holder.expires_at // 1000,
            "jti": str(holder.token_id),
            "sid": str(holder.session_id),
            "handle": holder.handle,
            "name": holder.name,
        }
        return jwt.encode(claims, self._secret, _ALGORITHM, headers={"kid": KEY_ID})

    async def verify(self, token: str) -> Claims:
        """See :class:`~divan_core.identity.ports.TokenVerifier`."""
        if self._is_own(token):
            return await self._verifier().verify(token)
        if self._others is None:
            raise InvalidCredentials("The token is not of this deployment.")
        return await self._others.verify(token)

    def _is_own(self, token: str) -> bool:
        try:
            from divan_core.tokens.verifier import header_of  # noqa: PLC0415 - needs the extra
        except ModuleNotFoundError as fault:
            raise InvalidCredentials("Tokens are not accepted here.") from fault
        return header_of(token)[0] == KEY_ID

    def _verifier(self) -> JwtVerifier:
        from divan_core.tokens.keys import SharedSecret  # noqa: PLC0415 - needs the extra
        from divan_core.tokens.verifier import JwtVerifier  # noqa: PLC0415 - needs the extra

        if self._own is None:
            rings = {_ALGORITHM: SharedSecret(self._secret)}
            self._own = JwtVerifier(rings, JwtSettings(issuer=ISSUER), self._clock)
        return self._own
