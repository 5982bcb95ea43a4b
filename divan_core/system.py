"""The real clock, ids and entropy: what the composition root injects outside tests."""

from __future__ import annotations

import secrets
import time
from uuid import UUID

from uuid_utils.compat import uuid7

from divan_core.kernel.clock import Millis


class SystemClock:
    """The machine's clock, UTC."""

    def now(self) -> Millis:
        """See :class:`~divan_core.kernel.clock.Clock`."""
        return Millis(time.time_ns() // 1_000_000)


class SystemIds:
    """UUIDv7 of the machine's clock and randomness."""

    def uuid(self) -> UUID:
        """See :class:`~divan_core.kernel.ids.Ids`."""
        return uuid7()


class SystemEntropy:
    """The operating system's randomness."""

    def bytes(self, count: int) -> bytes:
        """See :class:`~divan_core.kernel.ids.Entropy`."""
        return secrets.token_bytes(count)
