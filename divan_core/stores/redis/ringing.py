"""A bell that all processes ring: pub/sub tells the others."""

from __future__ import annotations

import logging
from typing import Final
from uuid import uuid4

import attrs
import msgspec

from divan_core.kernel.bell import Bell
from divan_core.stores.redis.client import RedisClient
from divan_core.stores.redis.errors import RedisReplyError
from divan_core.stores.redis.keys import BELLS
from divan_core.stores.redis.lifecycle import RedisLifecycle
from divan_core.stores.redis.notices import NoticeSeal
from divan_core.stores.redis.subscription import Gap, Heard, Subscription

_log = logging.getLogger(__name__)


@attrs.frozen
class _Ring:
    """Who rings."""

    rung_by: str


_decoder: Final = msgspec.json.Decoder(_Ring)


class Ringing:
    """Rings this process's bell when another one has something new. Only a bell in use listens.

    ``message`` is what to publish on :data:`~divan_core.stores.redis.keys.BELLS`.
    """

    def __init__(self, redis: RedisLifecycle, seal: NoticeSeal) -> None:
        """Believe what is signed with ``seal``."""
        self._redis = redis
        self._seal = seal
        self._bell = Bell()
        self._in_use = False
        self._name = uuid4().hex
        self.message = seal.signed(msgspec.json.encode(_Ring(self._name)))

    @property
    def bell(self) -> Bell:
        """The bell, listening from now on."""
        if not self._in_use:
            self._in_use = True
            self._redis.beside(self._listen)
        return self._bell

    def ring(self) -> None:
        """Ring in this process."""
        self._bell.ring()

    async def _listen(self, client: RedisClient) -> None:
        async with client.subscription() as subscription:
            try:
                await subscription.add(BELLS)
            except RedisReplyError as refused:
                _log.warning("Redis: no listening to %s, so events are polled: %s", BELLS, refused)
            else:
                self._bell.ring()  # something may have come before
                await self._heed(subscription)

    async def _heed(self, subscription: Subscription) -> None:
        async for heard in subscription:
            if self._concerns(heard):
                self._bell.ring()

    def _concerns(self, heard: Heard) -> bool:
        """Whether somebody else rang, or may have."""
        if isinstance(heard, Gap):
            return True
        body = self._seal.verified(heard.payload)
        if body is None:
            return False
        try:
            return _decoder.decode(body).rung_by != self._name
        except msgspec.DecodeError:
            return False
