"""What signing in is built from."""

from __future__ import annotations

from typing import Generic, Protocol, TypeVar

import attrs

from divan_core.auth.policy import AuthKeys
from divan_core.auth.ports import (
    Enrolment,
    LoginRepository,
    Mailer,
    PasswordHasher,
    RegistrationRepository,
    SessionRepository,
    TokenIssuer,
)
from divan_core.kernel.audience import Audience
from divan_core.kernel.clock import Clock
from divan_core.kernel.events import Outbox
from divan_core.kernel.ids import Entropy, Ids
from divan_core.kernel.limits import Limit, RateLimits
from divan_core.kernel.units import Locks


class AuthUnit(Protocol):
    """What signing in uses of a unit of work."""

    @property
    def locks(self) -> Locks:
        """Names that one unit at a time can hold."""
        ...

    @property
    def logins(self) -> LoginRepository:
        """How people sign in."""
        ...

    @property
    def registrations(self) -> RegistrationRepository:
        """Who waits to be verified."""
        ...

    @property
    def sessions(self) -> SessionRepository:
        """Who is signed in."""
        ...

    @property
    def outbox(self) -> Outbox:
        """The events of this unit."""
        ...


UnitT = TypeVar("UnitT", bound=AuthUnit)


@attrs.frozen
class AuthRules:
    """How often a mailbox may do what, and where links in mails lead (empty: mails have none)."""

    sign_in: Limit
    register: Limit
    public_url: str = ""


@attrs.frozen
class AuthTools(Generic[UnitT]):
    """What the service is built from, besides its store. Without ``mailer`` nobody registers."""

    enrolment: Enrolment[UnitT]
    audience: Audience
    limits: RateLimits
    hasher: PasswordHasher
    mailer: Mailer | None
    issuer: TokenIssuer
    keys: AuthKeys
    clock: Clock
    ids: Ids
    entropy: Entropy
