"""What identity needs from others."""

from __future__ import annotations

from typing import Protocol

from divan_core.identity.messages import Claims
from divan_core.kernel.actor import Actor
from divan_core.kernel.ids import CampusId, UserId


class TokenVerifier(Protocol):
    """Believes the tokens of one issuer."""

    async def verify(self, token: str) -> Claims:
        """What the token claims, after its signature, issuer, audience and times were checked.

        Raises:
            InvalidCredentials: it is malformed, forged, expired, or not meant for this deployment.
            Unavailable: the issuer's keys cannot be had.
        """
        ...


class People(Protocol):
    """Whoever knows the people."""

    async def actor(
        self, user_id: UserId, campus_id: CampusId | None = None, *, banned_too: bool = False
    ) -> Actor:
        """The person, with the roles of their record.

        Raises:
            UnknownUser: there is no such person.
            Banned: they were banned, and it is not for the ``banned_too``.
            CampusMismatch: they belong to another campus.
            StoreUnavailable: their record cannot be read.
        """
        ...

    async def admit(
        self, user_id: UserId, campus_id: CampusId, handle: str, display_name: str
    ) -> None:
        """Add a person whom a trusted issuer vouches for; one who exists stays as they are.

        Raises:
            HandleTaken: somebody else has the handle.
            ValidationFailed: the handle or the name cannot be.
            CampusMismatch: there is no such campus.
            StoreUnavailable: nothing was kept.
        """
        ...
