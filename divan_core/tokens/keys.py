"""The keys that tokens are signed with, each good for one algorithm only.

Which algorithm a key serves is decided by the key, never by the token: a shared secret serves
HS256, and the keys of a JWK set (RFC 7517) what their type says. So a token cannot have a public
key taken for a secret.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, Final, Protocol

import anyio
import attrs
import jwt
import msgspec

from divan_core.errors import ConfigurationError, DivanError, InvalidCredentials, Unavailable
from divan_core.kernel.clock import Clock, Millis

MAX_AGE_MS: Final = 600_000
"""How long a fetched set of keys is used before it is fetched again."""

MIN_PAUSE_MS: Final = 10_000
"""How soon after a fetch another one may follow, however many unknown keys are asked for."""

_ALGORITHMS: Final = {
    ("RSA", None): "RS256",
    ("EC", "P-256"): "ES256",
    ("OKP", "Ed25519"): "EdDSA",
}


@attrs.frozen
class Key:
    """One key: its name in the set (None: unnamed), its only algorithm, and itself."""

    kid: str | None
    algorithm: str
    material: Any = attrs.field(repr=False)


class KeyRing(Protocol):
    """Finds the key of a token."""

    async def find(self, kid: str | None, algorithm: str) -> Key:
        """The key that a token's header names.

        Raises:
            InvalidCredentials: there is no such key, or it serves another algorithm.
            Unavailable: the keys cannot be had.
        """
        ...


class SharedSecret:
    """One secret of at least 32 bytes, for HS256."""

    def __init__(self, secret: str) -> None:
        """Accept tokens signed with this secret.

        Raises:
            ConfigurationError: it is a public key or the like, which is no secret.
        """
        try:
            material = jwt.get_algorithm_by_name("HS256").prepare_key(secret)
        except jwt.PyJWTError as fault:
            raise ConfigurationError(f"DIVAN_JWT_SECRET cannot be used: {fault}") from fault
        self._key = Key(None, "HS256", material)

    async def find(self, kid: str | None, algorithm: str) -> Key:
        """See :class:`KeyRing`; the secret has every name."""
        del kid
        if algorithm != self._key.algorithm:
            raise InvalidCredentials("The token is signed with an algorithm that is not accepted.")
        return self._key


class JsonWebKeys:
    """A set of public keys from a file or an address, fetched again as it ages.

    While the source fails, the keys it gave last go on; with none, tokens cannot be checked.
    """

    def __init__(self, fetch: Callable[[], Awaitable[bytes]], clock: Clock) -> None:
        """Take the keys that ``fetch`` brings."""
        self._fetch = fetch
        self._clock = clock
        self._lock = anyio.Lock()
        self._keys: tuple[Key, ...] = ()
        self._asked_at: Millis | None = None

    async def find(self, kid: str | None, algorithm: str) -> Key:
        """See :class:`KeyRing`; an unnamed key is found when it is the only one it can be."""
        if self._older_than(MAX_AGE_MS):
            await self._renew(MAX_AGE_MS)
        found = self._matching(kid, algorithm)
        if not found:
            await self._renew(MIN_PAUSE_MS)
            found = self._matching(kid, algorithm)
        if len(found) == 1:
            return found[0]
        if not self._keys:
            raise Unavailable("The keys that tokens are checked with cannot be had.")
        raise InvalidCredentials("The token names no key that is accepted.")

    def _matching(self, kid: str | None, algorithm: str) -> list[Key]:
        return [
            key
            for key in self._keys
            if key.algorithm == algorithm and (kid is None or key.kid == kid)
        ]

    def _older_than(self, age_ms: int) -> bool:
        return self._asked_at is None or not 0 <= self._clock.now() - self._asked_at < age_ms

    async def _renew(self, age_ms: int) -> None:
        async with self._lock:
            if not self._older_than(age_ms):
                return
            self._asked_at = self._clock.now()
            try:
                self._keys = parsed(await self._fetch())
            except (DivanError, OSError, ValueError):
                return


@attrs.frozen
class _Set:
    keys: list[dict[str, Any]]


def parsed(document: bytes) -> tuple[Key, ...]:
    """The usable signing keys of a JWK set; all others are left out (RFC 7517, section 5).

    Raises:
        ValueError: it is not a JWK set, or none of its keys can be used.
    """
    try:
        found = msgspec.json.decode(document, type=_Set)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as fault:
        raise ValueError("it is not a JWK set") from fault
    keys = tuple(key for entry in found.keys if (key := _usable(entry)) is not None)
    if not keys:
        raise ValueError("it has no sound key for RS256, ES256 or EdDSA")
    return keys


def _usable(entry: dict[str, Any]) -> Key | None:
    algorithm = _ALGORITHMS.get((str(entry.get("kty")), entry.get("crv")))
    if algorithm is None or entry.get("use", "sig") != "sig":
        return None
    if entry.get("alg", algorithm) != algorithm:
        return None
    public = {name: value for name, value in entry.items() if name != "d"}
    try:
        found = jwt.PyJWK(public, algorithm)
    except jwt.PyJWTError:
        return None
    if found.Algorithm.check_key_length(found.key):
        return None
    kid = entry.get("kid")
    return Key(kid if isinstance(kid, str) else None, algorithm, found.key)
