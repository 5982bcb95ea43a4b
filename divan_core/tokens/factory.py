"""From settings to a verifier. PyJWT is imported only where a key is configured."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

from divan_core.errors import ConfigurationError
from divan_core.identity.ports import TokenVerifier
from divan_core.kernel.clock import Clock
from divan_core.settings import JwtSettings

if TYPE_CHECKING:
    from divan_core.tokens.keys import JsonWebKeys, KeyRing

_SHARED: Final = "HS256"


def token_verifier(settings: JwtSettings, clock: Clock) -> TokenVerifier | None:
    """The verifier that the settings describe; None when they name no key.

    Raises:
        ConfigurationError: keys and algorithms do not fit together, a key is unusable, or PyJWT
            is not installed.
    """
    if not settings.has_key:
        return None
    try:
        from divan_core.tokens.verifier import JwtVerifier  # noqa: PLC0415 - needs the extra
    except ModuleNotFoundError as fault:
        raise ConfigurationError(
            "A JWT key is configured and PyJWT is missing: install divan[auth]."
        ) from fault
    return JwtVerifier(_rings(settings, clock), settings, clock)


def _rings(settings: JwtSettings, clock: Clock) -> dict[str, KeyRing]:
    from divan_core.tokens.keys import SharedSecret  # noqa: PLC0415 - needs the extra

    accepted = set(settings.algorithms)
    rings: dict[str, KeyRing] = {}
    if settings.secret:
        ring = SharedSecret(str(settings.secret))
        rings |= dict.fromkeys(_served(accepted & {_SHARED}, "DIVAN_JWT_SECRET"), ring)
    if settings.jwks_file or settings.jwks_url:
        keys = _web_keys(settings, clock)
        rings |= dict.fromkeys(_served(accepted - {_SHARED}, "A JWK set"), keys)
    if unserved := sorted(accepted - set(rings)):
        raise ConfigurationError(
            f"DIVAN_JWT_ALGORITHMS names {', '.join(unserved)}, and there is no key for it."
        )
    return rings


def _served(algorithms: set[str], source: str) -> set[str]:
    if not algorithms:
        raise ConfigurationError(
            f"{source} is set, and DIVAN_JWT_ALGORITHMS names no algorithm that it serves."
        )
    return algorithms


def _web_keys(settings: JwtSettings, clock: Clock) -> JsonWebKeys:
    from divan_core.tokens.keys import JsonWebKeys, parsed  # noqa: PLC0415 - needs the extra
    from divan_core.tokens.sources import KeyAddress, KeyFile  # noqa: PLC0415 - only where used

    if settings.jwks_url:
        if settings.jwks_file:
            raise ConfigurationError("Set DIVAN_JWT_JWKS_FILE or DIVAN_JWT_JWKS_URL, not both.")
        return JsonWebKeys(KeyAddress(settings.jwks_url), clock)
    try:
        parsed(Path(settings.jwks_file).read_bytes())
    except (OSError, ValueError) as fault:
        raise ConfigurationError(f"DIVAN_JWT_JWKS_FILE cannot be used: {fault}.") from fault
    return JsonWebKeys(KeyFile(settings.jwks_file), clock)
