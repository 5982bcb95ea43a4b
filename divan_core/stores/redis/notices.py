"""Notices between processes: signed JSON on one channel.

A message is 64 hexadecimal digits, the HMAC-SHA256 of the rest, and a JSON object. Whoever can
write to Redis but does not have the deployment's key can repeat a notice and make none.
"""

from __future__ import annotations

import hmac
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated, Final, Literal

import attrs
import msgspec
from msgspec import Meta

from divan_core.kernel.ids import CampusId
from divan_core.kernel.notices import NoticesLost
from divan_core.presence.model import Cell, Notice, PeopleChanged, PublicMove
from divan_core.stores.redis.keys import CHANNEL
from divan_core.stores.redis.lifecycle import RedisLifecycle
from divan_core.stores.redis.subscription import Gap, Subscription

_log = logging.getLogger(__name__)

MAC_DIGITS: Final = 64
"""How long the signature before a message is."""

_Place = tuple[Annotated[int, Meta(ge=1)], int, int]


@attrs.frozen
class _Told:
    """A notice as JSON: cells are size, column and row."""

    kind: Literal["move", "people"]
    campus: CampusId
    left: _Place | None = None
    entered: _Place | None = None


_encoder: Final = msgspec.json.Encoder()
_decoder: Final = msgspec.json.Decoder(_Told)


class NoticeSeal:
    """Signs notices, and reads those that are signed with the same key."""

    def __init__(self, key: bytes) -> None:
        """``key`` is the deployment's secret, at least 16 bytes."""
        self._key = key

    def sealed(self, notice: PublicMove | PeopleChanged) -> bytes:
        """The notice as a message."""
        if isinstance(notice, PublicMove):
            told = _Told("move", notice.campus_id, _place(notice.left), _place(notice.entered))
        else:
            told = _Told("people", notice.campus_id)
        return self.signed(_encoder.encode(told))

    def signed(self, body: bytes) -> bytes:
        """Any body with its signature before it."""
        return self._mac(body) + body

    def verified(self, message: bytes) -> bytes | None:
        """The body of a message; None unless it was signed with this key."""
        body = message[MAC_DIGITS:]
        genuine = hmac.compare_digest(message[:MAC_DIGITS], self._mac(body))
        return body if genuine else None

    def opened(self, message: bytes) -> Notice | None:
        """The notice in a message; None unless it was made with this key."""
        body = self.verified(message)
        if body is None:
            return None
        try:
            told = _decoder.decode(body)
        except msgspec.DecodeError:
            return None
        if told.kind == "people":
            return PeopleChanged(told.campus)
        return PublicMove(told.campus, _cell(told.left), _cell(told.entered))

    def _mac(self, body: bytes) -> bytes:
        return hmac.digest(self._key, body, "sha256").hex().encode()


class RedisNotices:
    """A :class:`~divan_core.presence.ports.PresenceNotices` for any number of processes.

    ``rejected`` counts messages that were not signed with this deployment's key.
    """

    def __init__(self, redis: RedisLifecycle, seal: NoticeSeal) -> None:
        """Listen to what is sealed with ``seal``."""
        self._redis = redis
        self._seal = seal
        self.rejected = 0

    @asynccontextmanager
    async def listen(self) -> AsyncIterator[AsyncIterator[Notice]]:
        """See the port. Each listener has a connection of its own."""
        async with self._redis.client.subscription() as subscription:
            await subscription.add(CHANNEL)
            yield _Listener(subscription, self)

    def opened(self, message: bytes) -> Notice | None:
        """The notice in a message, or None, counted, for one that is not ours."""
        notice = self._seal.opened(message)
        if notice is None:
            if not self.rejected:  # once: whoever sends these could fill the log
                _log.warning("Redis: a notice is not signed with this deployment's key; dropped")
            self.rejected += 1
        return notice


class _Listener:
    """A subscription's messages as notices."""

    def __init__(self, subscription: Subscription, notices: RedisNotices) -> None:
        self._subscription = subscription
        self._notices = notices

    def __aiter__(self) -> AsyncIterator[Notice]:
        return self

    async def __anext__(self) -> Notice:
        while True:
            heard = await anext(self._subscription)
            if isinstance(heard, Gap):
                return NoticesLost()
            notice = self._notices.opened(heard.payload)
            if notice is not None:
                return notice


def _place(cell: Cell | None) -> _Place | None:
    return None if cell is None else (cell.size_m, cell.column, cell.row)


def _cell(place: _Place | None) -> Cell | None:
    return None if place is None else Cell(*place)
