"""Writes that happen once: what a service asks of idempotency, as one call around its unit."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, Generic, Protocol, TypeVar

import attrs

from divan_core.kernel.actor import Actor
from divan_core.kernel.limits import Limit

UnitT_co = TypeVar("UnitT_co", covariant=True)
ViewT = TypeVar("ViewT")


@attrs.frozen
class IdempotencyKey:
    """A caller's key, and the payload that it stands for where that is more than the command.

    ``payload`` is JSON as Python has it; a transport gives all it was sent, so that members which
    nobody reads count as well.
    """

    text: str
    payload: Any = None


KeyGiven = IdempotencyKey | str | None
"""How services take a key: ``idempotency_key="..."`` from programs, the class from transports."""


@attrs.frozen
class Attempt(Generic[ViewT]):
    """One try of a write.

    ``operation`` is its stable name, such as ``chat.send``; ``view`` is the class of the answer.
    ``limit`` counts it, unless it turns out to repeat an earlier one, or is refused. A ``brief``
    one keeps a message and little else; see :meth:`~divan_core.kernel.units.Units.write`.
    """

    actor: Actor
    operation: str
    command: Any
    view: type[ViewT]
    key: KeyGiven = None
    limit: Limit | None = None
    brief: bool = False


@attrs.frozen
class Done(Generic[ViewT]):
    """The answer to a write.

    ``body`` is the view as JSON, byte for byte the same whenever it is replayed. ``protected`` is
    False when a key was given and could not be kept.
    """

    view: ViewT
    body: bytes
    replayed: bool = False
    protected: bool = True


class Once(Protocol[UnitT_co]):
    """Performs writes with the guarantee of their key."""

    async def once(
        self, attempt: Attempt[ViewT], body: Callable[[UnitT_co], Awaitable[ViewT]]
    ) -> Done[ViewT]:
        """Run ``body`` in a unit of work that keeps its effect, its events and its answer as one.

        The unit is a locking one: the body takes locks on what it decides by. With a key that was
        answered before, the body does not run and the answer is that one.
        An error of the body leaves the key unused; if it is one of Divan's, the attempt does not
        count.

        Raises:
            IdempotencyKeyInvalid, IdempotencyKeyMissing, IdempotencyKeyReused,
            IdempotencyInProgress, IdempotencyUnavailable: see their texts.
            RateLimited: the attempt's limit is reached.
            OutcomeUnknown: repeat with the same key to learn it.
            StoreUnavailable: nothing was done.
        """
        ...
