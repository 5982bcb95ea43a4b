"""Notices for the sockets of people: signed JSON on a channel of their own.

Listeners in the process that publishes hear a notice at once. When it comes back to them from
Redis, they know it by the name of their process, which stands before the JSON.
"""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import cached_property
from typing import Final
from uuid import uuid4

import attrs
import msgspec

from divan_core.kernel.notices import NoticesLost, PersonNotice
from divan_core.stores.redis.keys import PEOPLE
from divan_core.stores.redis.lifecycle import RedisLifecycle
from divan_core.stores.redis.notices import MAC_DIGITS, NoticeSeal
from divan_core.stores.redis.subscription import Gap, Message, Subscription

_log = logging.getLogger(__name__)

_encoder: Final = msgspec.json.Encoder()
_decoder: Final = msgspec.json.Decoder(PersonNotice)

_NAME_BYTES: Final = 16


@attrs.frozen
class _Own(Message):
    """A notice of this process on its way past Redis."""

    notice: PersonNotice


class RedisPersonNotices:
    """A :class:`~divan_core.kernel.notices.PersonNotices` for any number of processes.

    ``rejected`` counts messages that were not signed with this deployment's key.
    """

    def __init__(self, redis: RedisLifecycle, seal: NoticeSeal) -> None:
        """Tell and hear what is sealed with ``seal``."""
        self._redis = redis
        self._seal = seal
        self._listening: set[Subscription] = set()
        self.rejected = 0

    @cached_property
    def _name(self) -> bytes:
        """That of this process, made where it is used first: a process may have been forked."""
        return uuid4().bytes

    async def publish(self, notice: PersonNotice) -> None:
        """See the port."""
        message = self._seal.signed(self._name + _encoder.encode(notice))
        for subscription in self._listening:
            subscription.put(_Own(PEOPLE, message, notice))
        await self._redis.client.publish(PEOPLE, message)

    @asynccontextmanager
    async def listen(self) -> AsyncIterator[AsyncIterator[PersonNotice | NoticesLost]]:
        """See the port. Each listener has a connection of its own."""
        async with self._redis.client.subscription() as subscription:
            self._listening.add(subscription)  # first: what comes back is passed over
            try:
                await subscription.add(PEOPLE)
                yield _Listener(subscription, self)
            finally:
                self._listening.discard(subscription)

    def is_own(self, message: bytes) -> bool:
        """Whether a message says it is of this process, whose listeners have heard its notices.

        Nobody needs to look at the signature: a message that is forged so is not heard, either.
        """
        return message.startswith(self._name, MAC_DIGITS)

    def opened(self, message: bytes) -> PersonNotice | None:
        """The notice in a message, or None, counted, for one that is not ours."""
        body = self._seal.verified(message)
        try:
            if body is not None:
                return _decoder.decode(body[_NAME_BYTES:])
        except msgspec.DecodeError:
            pass
        if not self.rejected:  # once: whoever sends these could fill the log
            _log.warning("Redis: a person's notice is not signed with this deployment's key")
        self.rejected += 1
        return None


class _Listener:
    """A subscription's messages as notices."""

    def __init__(self, subscription: Subscription, notices: RedisPersonNotices) -> None:
        self._subscription = subscription
        self._notices = notices

    def __aiter__(self) -> AsyncIterator[PersonNotice | NoticesLost]:
        return self

    async def __anext__(self) -> PersonNotice | NoticesLost:
        while True:
            heard = await anext(self._subscription)
            if isinstance(heard, Gap):
                return NoticesLost()
            if isinstance(heard, _Own):
                return heard.notice
            if self._notices.is_own(heard.payload):
                continue
            notice = self._notices.opened(heard.payload)
            if notice is not None:
                return notice
