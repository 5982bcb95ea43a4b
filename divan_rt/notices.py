"""What other processes, and this one, tell of changes."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from typing import Final, Protocol, TypeVar

import anyio

from divan_core.errors import StoreUnavailable
from divan_core.kernel.notices import NoticesLost

NoticeT_co = TypeVar("NoticeT_co", covariant=True)
NoticeT = TypeVar("NoticeT")

AGAIN_S: Final = 1.0
"""How long to wait before listening again when it failed."""

_LOG: Final = logging.getLogger("divan.rt")


class Notices(Protocol[NoticeT_co]):
    """Where notices of a kind come from."""

    def listen(self) -> AbstractAsyncContextManager[AsyncIterator[NoticeT_co]]:
        """All notices from now on."""
        ...


async def relay(
    notices: Notices[NoticeT], hear: Callable[[NoticeT | NoticesLost], Awaitable[None] | None]
) -> None:
    """Pass every notice on until cancelled; where some may have been missed, say so."""
    while True:
        try:
            async with notices.listen() as heard:
                if (first := hear(NoticesLost())) is not None:
                    await first
                async for notice in heard:
                    if (done := hear(notice)) is not None:
                        await done
        except StoreUnavailable:
            _LOG.warning("notices are not heard; trying again")
        await anyio.sleep(AGAIN_S)
