"""Bells of topics that all processes ring: pub/sub tells the others."""

from __future__ import annotations

import logging
from collections.abc import Collection
from typing import Final
from uuid import uuid4

import attrs
import msgspec

from divan_core.kernel.bell import Bell, Bells
from divan_core.stores.redis.client import RedisClient
from divan_core.stores.redis.errors import RedisReplyError
from divan_core.stores.redis.keys import BELLS
from divan_core.stores.redis.lifecycle import RedisLifecycle
from divan_core.stores.redis.notices import NoticeSeal
from divan_core.stores.redis.subscription import Gap, Heard, Subscription

_log = logging.getLogger(__name__)


@attrs.frozen
class _Ring:
    """Who rings for which topic; without one, for all."""

    rung_by: str
    topic: str | None = None


_decoder: Final = msgspec.json.Decoder(_Ring)


class Ringing:
    """Rings this process's bells when another one has something new. Only bells in use listen."""

    def __init__(self, redis: RedisLifecycle, seal: NoticeSeal) -> None:
        """Believe what is signed with ``seal``."""
        self._redis = redis
        self._seal = seal
        self._bells = Bells()
        self._in_use = False
        self._name = uuid4().hex
        self._messages: dict[str, bytes] = {}

    def bell(self, topic: str) -> Bell:
        """The bell of a topic, listening from now on."""
        if not self._in_use:
            self._in_use = True
            self._redis.beside(self._listen)
        return self._bells.of(topic)

    def message(self, topic: str) -> bytes:
        """What to publish on :data:`~divan_core.stores.redis.keys.BELLS` to ring elsewhere."""
        message = self._messages.get(topic)
        if message is None:
            ring = msgspec.json.encode(_Ring(self._name, topic))
            message = self._messages[topic] = self._seal.signed(ring)
        return message

    def ring(self, topics: Collection[str]) -> None:
        """Ring in this process."""
        self._bells.ring(topics)

    async def _listen(self, client: RedisClient) -> None:
        async with client.subscription() as subscription:
            try:
                await subscription.add(BELLS)
            except RedisReplyError as refused:
                _log.warning("Redis: no listening to %s, so events are polled: %s", BELLS, refused)
            else:
                self._bells.ring()  # something may have come before
                await self._heed(subscription)

    async def _heed(self, subscription: Subscription) -> None:
        async for heard in subscription:
            self._hear(heard)

    def _hear(self, heard: Heard) -> None:
        """Ring for what somebody else rang for, or may have."""
        if isinstance(heard, Gap):
            self._bells.ring()
            return
        body = self._seal.verified(heard.payload)
        if body is None:
            return
        try:
            ring = _decoder.decode(body)
        except msgspec.DecodeError:
            return
        if ring.rung_by != self._name:
            self._bells.ring(None if ring.topic is None else (ring.topic,))
