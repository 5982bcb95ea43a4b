"""Sessions: families of refresh tokens, each replacing the one before."""

from __future__ import annotations

from typing import Generic, TypeVar

import attrs

from divan_core.auth import policy
from divan_core.auth.messages import RefreshToken, Tokens
from divan_core.auth.model import ACCESS_MS, SESSION_MS, Holder, Login, Session, SessionId
from divan_core.auth.tools import AuthTools, AuthUnit
from divan_core.errors import InvalidCredentials
from divan_core.kernel.clock import Millis
from divan_core.kernel.units import Units
from divan_core.kernel.visibility import Standing

UnitT = TypeVar("UnitT", bound=AuthUnit)


class Sessions(Generic[UnitT]):
    """Who is signed in."""

    def __init__(self, units: Units[UnitT], tools: AuthTools[UnitT]) -> None:
        """Keep sessions through ``units``."""
        self._units = units
        self._tools = tools

    async def begin(self, login: Login) -> Tokens:
        """Begin a session of whoever has shown this login's password.

        Raises:
            InvalidCredentials: the login has changed meanwhile.
        """
        now, session_id = self._tools.clock.now(), SessionId(self._tools.ids.uuid())
        fresh = self._fresh_token(session_id)
        session = Session(session_id, login.user_id, b"", now, now)
        session = self._renewed(session, fresh, now)

        async def body(unit: UnitT) -> None:
            if await unit.logins.get(login.user_id) != login:
                raise InvalidCredentials("The password was changed meanwhile.")
            await unit.sessions.put(session)

        tokens = await self._tokens(session, fresh)
        await self._units.write(body)
        return tokens

    async def refresh(self, command: RefreshToken) -> Tokens:
        """Go on with a session: a new access token, and the refresh token that replaces this one.

        A token that was replaced before has been stolen from somebody, so it ends the session. Of
        two refreshes at once with one token the second is such a use: there is no grace, since
        whoever was first could be the thief.

        Raises:
            InvalidCredentials: not a refresh token of ours, or the session is over.
            Unavailable: tokens cannot be signed here.
        """
        keys, token = self._tools.keys, command.refresh_token
        session_id = policy.session_named(keys.refresh, token)
        fresh = self._fresh_token(session_id)
        now = self._tools.clock.now()

        async def body(unit: UnitT) -> Session | None:
            await unit.locks.take(_lock(session_id))
            session = await unit.sessions.get(session_id)
            if session is None or session.expires_at <= now:
                return None
            if not policy.is_newest(session, keys.refresh, token):
                await unit.sessions.remove(session_id)
                return None
            renewed = self._renewed(session, fresh, now)
            await unit.sessions.put(renewed)
            return renewed

        session = await self._units.write(body, locking=True)
        if session is None:
            raise InvalidCredentials("The session is over. Sign in again.")
        return await self._tokens(session, fresh)

    async def end(self, command: RefreshToken) -> None:
        """End a session; one that is over stays so. Its access token runs out by itself.

        Raises:
            InvalidCredentials: not a refresh token of ours.
        """
        session_id = policy.session_named(self._tools.keys.refresh, command.refresh_token)

        async def body(unit: UnitT) -> None:
            await unit.locks.take(_lock(session_id))
            await unit.sessions.remove(session_id)

        await self._units.write(body, locking=True)

    def _fresh_token(self, session_id: SessionId) -> str:
        chance = self._tools.entropy.bytes(32)
        return policy.refresh_token(self._tools.keys.refresh, session_id, chance)

    def _renewed(self, session: Session, token: str, now: Millis) -> Session:
        kept = policy.token_hash(self._tools.keys.refresh, token)
        return attrs.evolve(session, token_hash=kept, expires_at=Millis(now + SESSION_MS))

    async def _tokens(self, session: Session, refresh_token: str) -> Tokens:
        tools, now = self._tools, self._tools.clock.now()
        card = await tools.audience.card(session.user_id)
        if card is None or card.standing is Standing.DELETED:
            raise InvalidCredentials("There is no such person any more.")
        access_token = tools.issuer.issue(
            Holder(
                user_id=card.user_id,
                campus_id=card.campus_id,
                handle=card.handle,
                name=card.display_name,
                session_id=session.id,
                token_id=tools.ids.uuid(),
                issued_at=now,
                expires_at=Millis(now + ACCESS_MS),
            )
        )
        return Tokens(access_token, refresh_token, "Bearer", ACCESS_MS // 1000)


def _lock(session_id: SessionId) -> str:
    return f"session:{session_id}"
