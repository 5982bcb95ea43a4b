"""What other processes, and this one, tell of changes."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from typing import Final, Protocol

import anyio

from divan_core.errors import StoreUnavailable
from divan_core.presence.messages import Notice, NoticesLost

AGAIN_S: Final = 1.0
"""How long to wait before listening again when it failed."""

_LOG: Final = logging.getLogger("divan.rt")


class Notices(Protocol):
    """Where notices come from."""

    def listen(self) -> AbstractAsyncContextManager[AsyncIterator[Notice]]:
        """All notices from now on."""
        ...


async def relay(notices: Notices, hear: Callable[[Notice], None]) -> None:
    """Pass every notice on until cancelled; where some may have been missed, say so."""
    while True:
        try:
            async with notices.listen() as heard:
                hear(NoticesLost())
                async for notice in heard:
                    hear(notice)
        except StoreUnavailable:
            _LOG.warning("notices are not heard; trying again")
        await anyio.sleep(AGAIN_S)
