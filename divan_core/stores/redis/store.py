"""Presence, limits, the journal, notices and the bus of a deployment, in Redis."""

from __future__ import annotations

from typing import Final

from divan_core.errors import ConfigurationError
from divan_core.kernel.clock import Clock
from divan_core.stores.bundle import LiveStores
from divan_core.stores.redis.bus import RedisBus
from divan_core.stores.redis.journal import RedisJournal
from divan_core.stores.redis.lifecycle import RedisLifecycle
from divan_core.stores.redis.limits import RedisRateLimits
from divan_core.stores.redis.link import ConnectionPolicy
from divan_core.stores.redis.notices import NoticeSeal, RedisNotices
from divan_core.stores.redis.personnotices import RedisPersonNotices
from divan_core.stores.redis.presence import RedisPresence
from divan_core.stores.redis.signals import RedisSignals
from divan_core.stores.redis.turnstile import RedisTurnstile

_KEY_BYTES: Final = 16


def open_redis(
    url: str,
    *,
    key: bytes,
    clock: Clock | None = None,
    policy: ConnectionPolicy | None = None,
) -> LiveStores:
    """The live stores for a server or cluster at ``url``; connected while its lifecycle runs.

    ``key``, a secret of at least 16 bytes that all processes share, signs what they tell each
    other. Limits, leases and announcements go by the server's own clock, so that they are exact
    over processes whose clocks differ; ``clock`` replaces it where time is simulated.

    Raises:
        ConfigurationError: the key is too short.
    """
    if len(key) < _KEY_BYTES:
        raise ConfigurationError(f"The key that signs notices needs {_KEY_BYTES} bytes or more")
    redis = RedisLifecycle(url, policy)
    seal = NoticeSeal(key)
    journal = RedisJournal(redis, seal, clock)
    return LiveStores(
        presence=RedisPresence(redis, journal, seal, clock),
        journal=journal,
        limits=RedisRateLimits(redis, clock),
        turnstile=RedisTurnstile(redis, journal, clock),
        signals=RedisSignals(redis),
        notices=RedisNotices(redis, seal),
        person_notices=RedisPersonNotices(redis, seal),
        bus=RedisBus(redis, seal, clock),
        lifecycle=(redis,),
    )
