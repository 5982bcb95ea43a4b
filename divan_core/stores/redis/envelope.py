"""Events as they lie in streams: signed JSON.

Whoever can write to Redis but does not have the deployment's key can repeat an event, which is
handled once all the same, and make none.
"""

from __future__ import annotations

from typing import Final

import msgspec

from divan_core.kernel.events import Event
from divan_core.stores.redis.notices import NoticeSeal

_encoder: Final = msgspec.json.Encoder()
_decoder: Final = msgspec.json.Decoder(Event)


class EventSeal:
    """Signs events, and reads those that are signed with the same key."""

    def __init__(self, seal: NoticeSeal) -> None:
        """Sign as notices are signed."""
        self._seal = seal

    def sealed(self, event: Event) -> bytes:
        """The event as a message."""
        return self._seal.signed(_encoder.encode(event))

    def opened(self, message: bytes) -> Event | None:
        """The event in a message; None unless it was made with this key."""
        body = self._seal.verified(message)
        if body is None:
            return None
        try:
            return _decoder.decode(body)
        except msgspec.DecodeError:
            return None
