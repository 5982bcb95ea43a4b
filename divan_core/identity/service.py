"""Identity's one use case: whom do these credentials name?"""

from __future__ import annotations

from collections.abc import Hashable
from typing import Final

import attrs

from divan_core.errors import HandleTaken, InvalidCredentials, UnknownUser, ValidationFailed
from divan_core.identity import policy
from divan_core.identity.messages import MAX_TOKEN, Claims, Identity
from divan_core.identity.ports import People, TokenVerifier
from divan_core.kernel.actor import Actor
from divan_core.kernel.clock import Clock, Millis

CAPACITY: Final = 20_000
"""How many credentials one process remembers."""

MAX_AGE_MS: Final = 300_000
"""How long a token is believed without verifying it again, so that a withdrawn key ends."""


@attrs.frozen
class Trust:
    """Which credentials a deployment believes.

    ``dev``: headers and ``uid:`` bearers. ``tokens``: who verifies JWTs; None believes none.
    ``provision``: whether a verified token's unknown person is created from its claims.
    """

    dev: bool = False
    tokens: TokenVerifier | None = None
    provision: bool = False


class Authenticator:
    """Turns credentials into actors, failing closed.

    Verified claims are remembered, because checking a signature costs as much as a whole answer;
    the person is looked up every time.
    """

    def __init__(
        self, people: People, clock: Clock, trust: Trust, capacity: int = CAPACITY
    ) -> None:
        """Believe what ``trust`` says about ``people``."""
        self._people = people
        self._clock = clock
        self._trust = trust
        self._capacity = capacity
        self._known: dict[Hashable, tuple[Claims, Millis | None]] = {}

    @property
    def dev(self) -> bool:
        """Whether credentials of development are believed here."""
        return self._trust.dev

    def recalled(self, credentials: Hashable, *, banned_too: bool = False) -> Actor | None:
        """Who sent these credentials before, at once, as almost always; None: ask for them.

        ``credentials`` are what they were to be ``known_as``, else the token or the tuple of names.
        ``banned_too`` as for :meth:`bearer`.

        Raises:
            UnknownUser, Banned, CampusMismatch: see :class:`~divan_core.identity.ports.People`.
        """
        claims = self._recalled(credentials)
        if claims is None:
            return None
        actor = self._people.kept(claims.user_id, claims.campus_id, banned_too=banned_too)
        return None if actor is None else _with_roles(actor, claims)

    async def bearer(
        self, token: str, *, banned_too: bool = False, known_as: Hashable = None
    ) -> Identity:
        """Whom a JWT, or in development a ``uid:`` text, names.

        ``banned_too``: it may be somebody who was banned. ``known_as``: what :meth:`recalled` is
        to know the token by.

        Raises:
            InvalidCredentials: malformed, forged, expired, or not believed here.
            UnknownUser, Banned, CampusMismatch: see :class:`~divan_core.identity.ports.People`.
            Unavailable: the issuer's keys or the person's record cannot be had.
        """
        credentials = token if known_as is None else known_as
        claims = self._recalled(credentials)
        if claims is None:
            claims = self._remembered(credentials, await self._verified(token))
        return Identity(await self._person(claims, banned_too=banned_too), claims.valid_until)

    async def named(
        self,
        user_id: str,
        campus_id: str,
        roles: str = "",
        *,
        banned_too: bool = False,
        known_as: Hashable = None,
    ) -> Identity:
        """Whom the headers of development name; ``roles`` is a comma list.

        ``banned_too`` and ``known_as`` as for :meth:`bearer`.

        Raises:
            InvalidCredentials: not believed here, or an id is not a UUID.
            UnknownUser, Banned, CampusMismatch, Unavailable: as for :meth:`bearer`.
        """
        if not self._trust.dev:
            raise InvalidCredentials("Only tokens are accepted here.")
        names = (user_id, campus_id, roles)
        credentials = names if known_as is None else known_as
        claims = self._recalled(credentials)
        if claims is None:
            claims = self._remembered(credentials, policy.dev_claims(*names))
        return Identity(await self._person(claims, banned_too=banned_too))

    async def _verified(self, token: str) -> Claims:
        if len(token) > MAX_TOKEN:
            raise InvalidCredentials(f"A token has at most {MAX_TOKEN} characters.")
        if self._trust.dev and token.startswith(policy.DEV_PREFIX):
            return policy.dev_bearer(token)
        if self._trust.tokens is None:
            raise InvalidCredentials("Tokens are not accepted here.")
        return await self._trust.tokens.verify(token)

    def _recalled(self, credentials: Hashable) -> Claims | None:
        found = self._known.get(credentials)
        if found is None:
            return None
        claims, until = found
        if until is None or self._clock.now() < until:
            return claims
        del self._known[credentials]
        return None

    def _remembered(self, credentials: Hashable, claims: Claims) -> Claims:
        until = claims.valid_until
        if until is not None:
            until = min(until, Millis(self._clock.now() + MAX_AGE_MS))
        self._known[credentials] = (claims, until)
        if len(self._known) > self._capacity:
            del self._known[next(iter(self._known))]
        return claims

    async def _person(self, claims: Claims, *, banned_too: bool) -> Actor:
        people = self._people
        try:
            actor = await people.actor(claims.user_id, claims.campus_id, banned_too=banned_too)
        except UnknownUser:
            if not self._provisions(claims):
                raise
            actor = await self._admitted(claims)
        return _with_roles(actor, claims)

    def _provisions(self, claims: Claims) -> bool:
        """Only a verified token vouches for a newcomer; credentials of development never do."""
        return self._trust.provision and claims.valid_until is not None

    async def _admitted(self, claims: Claims) -> Actor:
        spare = policy.fallback_handle(claims.user_id)
        handle = claims.handle or spare
        admit = self._people.admit
        try:
            await admit(claims.user_id, claims.campus_id, handle, claims.name or handle)
        except HandleTaken:
            await admit(claims.user_id, claims.campus_id, spare, claims.name or spare)
        except ValidationFailed:
            await admit(claims.user_id, claims.campus_id, spare, spare)
        return await self._people.actor(claims.user_id, claims.campus_id)


def _with_roles(actor: Actor, claims: Claims) -> Actor:
    if claims.roles <= actor.roles:
        return actor
    return attrs.evolve(actor, roles=actor.roles | claims.roles)
