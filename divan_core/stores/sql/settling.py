"""Waiting to the end, whatever is cancelled."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from typing import TypeVar

import anyio

ResultT = TypeVar("ResultT")


async def settled(work: Awaitable[ResultT]) -> ResultT:
    """Await ``work`` to its end, then raise the cancellation that came meanwhile, if one did.

    A cancel scope's shield keeps out the cancellation of scopes around it, but not that of the
    task itself, which web servers and ``asyncio.timeout`` use; so the work is a task of its own.
    """
    task = asyncio.ensure_future(work)
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError as came:
        cancelled = came
    # Rare, from here on.
    with anyio.CancelScope(shield=True):
        while not task.done():
            try:
                await asyncio.wait((task,))
            except asyncio.CancelledError as came:
                cancelled = came
    if not task.cancelled():
        task.exception()  # it is known, so that nobody reports it as lost
    raise cancelled
