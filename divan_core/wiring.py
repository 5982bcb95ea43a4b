"""The composition root: from stores and settings to services. The one place that knows everyone."""

from __future__ import annotations

import hashlib
from typing import Final

import attrs

from divan_core.accounts.areas import Areas
from divan_core.accounts.service import Accounts, AccountsTools
from divan_core.identity.service import Authenticator, Trust
from divan_core.kernel.audience import Audience
from divan_core.kernel.clock import Clock
from divan_core.kernel.ids import Ids
from divan_core.kernel.paging import CursorSealer
from divan_core.presence.drift import Drift
from divan_core.presence.service import Presence, PresenceLimits, PresenceTools
from divan_core.settings import Settings
from divan_core.social.service import Social, SocialTools
from divan_core.stores.bundle import Stores
from divan_core.tokens.factory import token_verifier

DRIFT: Final = "presence drift"
CURSORS: Final = "cursors"
NOTICES: Final = "notices between processes"


@attrs.frozen
class Ground:
    """What is injected: the clock, new ids, and the deployment's secret (32 bytes or more)."""

    clock: Clock
    ids: Ids
    secret: bytes = attrs.field(repr=False)


@attrs.frozen
class Services:
    """The use cases of every context."""

    accounts: Accounts
    social: Social
    presence: Presence
    identity: Authenticator
    audience: Audience


def derived_key(secret: bytes, purpose: str) -> bytes:
    """A key of 32 bytes for one purpose, which tells nothing of the secret or of other keys."""
    root = hashlib.blake2b(secret, digest_size=32).digest()
    return hashlib.blake2b(purpose.encode(), digest_size=32, key=root).digest()


def wire(stores: Stores, settings: Settings, ground: Ground) -> Services:
    """Build every service once."""
    audience = Audience(stores.people, stores.journal)
    areas = Areas(stores.units, ground.clock)
    sealer = CursorSealer(derived_key(ground.secret, CURSORS))
    presence = _presence(stores, settings, ground, (audience, areas, sealer))
    accounts = Accounts(
        stores.units, AccountsTools(audience, presence, areas, ground.clock, ground.ids, sealer)
    )
    return Services(
        accounts=accounts,
        social=Social(stores.units, SocialTools(audience, stores.limits, settings.limit.block)),
        presence=presence,
        identity=Authenticator(accounts, ground.clock, _trust(settings, ground.clock)),
        audience=audience,
    )


def _trust(settings: Settings, clock: Clock) -> Trust:
    return Trust(
        dev=settings.dev_credentials,
        tokens=token_verifier(settings.jwt, clock),
        provision=settings.jwt.provision,
    )


def _presence(
    stores: Stores,
    settings: Settings,
    ground: Ground,
    shared: tuple[Audience, Areas, CursorSealer],
) -> Presence:
    audience, areas, sealer = shared
    limit = settings.limit
    return Presence(
        stores.presence,
        PresenceTools(
            audience=audience,
            areas=areas,
            limits=stores.limits,
            clock=ground.clock,
            drift=Drift(derived_key(ground.secret, DRIFT)),
            sealer=sealer,
        ),
        PresenceLimits(
            heartbeat=limit.heartbeat,
            nearby=limit.nearby,
            lookup=limit.search,
            enumeration=limit.enumeration,
        ),
        settings.location_floor_m,
    )
