"""Writes that happen once, whatever becomes of the connection to whoever asks for them."""

from __future__ import annotations

import hmac
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from typing import Any, Final, Generic, Protocol, TypeVar

import attrs

from divan_core.errors import (
    DivanError,
    IdempotencyInProgress,
    IdempotencyKeyInvalid,
    IdempotencyKeyMissing,
    IdempotencyKeyReused,
    IdempotencyUnavailable,
    MessageExists,
    OutcomeUnknown,
    RateLimited,
    StoreUnavailable,
)
from divan_core.idempotency.flights import Flights, Met, Turn
from divan_core.idempotency.model import KeyScope, StoredAnswer
from divan_core.idempotency.policy import fingerprint, parse_key, payload_of
from divan_core.idempotency.ports import KeyRepository, KeyStore
from divan_core.kernel.clock import Millis
from divan_core.kernel.limits import RateLimits
from divan_core.kernel.once import Attempt, Done, IdempotencyKey
from divan_core.kernel.telemetry import Counter, Telemetry
from divan_core.kernel.units import Units

WRITES: Final = Counter(
    "divan_idempotency_total",
    "Writes that may have a key, by what became of the key",
    ("operation", "outcome"),
)
UNPROTECTED: Final = "idempotency keys cannot be kept; writes go on without protection"

_OUTCOMES: Final[Mapping[type[DivanError], str]] = {
    IdempotencyInProgress: "in_progress",
    IdempotencyKeyInvalid: "invalid",
    IdempotencyKeyMissing: "missing",
    IdempotencyKeyReused: "reused",
    IdempotencyUnavailable: "unavailable",
    MessageExists: "replayed",
    OutcomeUnknown: "unknown",
}
_FAILED: Final = "failed"


class KeyedUnit(Protocol):
    """What idempotency uses of a unit of work."""

    @property
    def keys(self) -> KeyRepository:
        """Idempotency keys."""
        ...


ViewT = TypeVar("ViewT")
UnitT = TypeVar("UnitT", bound=KeyedUnit)


@attrs.frozen
class Answers:
    """How views become JSON, and views again of a class."""

    encode: Callable[[Any], bytes]
    decode: Callable[[bytes, type[Any]], Any]


@attrs.frozen
class IdempotencyTools:
    """What the service is built from, besides its units. ``secret`` keys the fingerprints."""

    keys: KeyStore
    limits: RateLimits
    answers: Answers
    telemetry: Telemetry
    warn: Callable[[str], None]
    secret: bytes = attrs.field(repr=False)


@attrs.frozen
class IdempotencyRules:
    """``required``: refuse a write whose key cannot be kept. ``mandatory``: refuse one without.

    A key lasts ``ttl_s`` seconds, and a duplicate waits ``wait_ms`` milliseconds for the first.
    """

    required: bool
    mandatory: bool
    ttl_s: int
    wait_ms: int


@attrs.frozen
class _Claim:
    """A key that is to be taken, for this payload."""

    scope: KeyScope
    fingerprint: bytes


@attrs.frozen
class _Written(Generic[ViewT]):
    """What a unit came to: an answer, and the view if this unit made it."""

    answer: StoredAnswer
    views: tuple[ViewT, ...] = ()


class _KeysAway(Exception):
    """The key could not be taken; nothing else was tried."""


class Idempotency(Generic[UnitT]):
    """A :class:`~divan_core.kernel.once.Once`: keeps a key with its write, or neither.

    A duplicate in this process waits for the first attempt and shares its answer. A key that this
    process has met lately is looked up first, which is one statement; any other goes straight
    into the write, where inserting it decides.
    """

    def __init__(
        self, units: Units[UnitT], tools: IdempotencyTools, rules: IdempotencyRules
    ) -> None:
        """Write through ``units``."""
        self._units = units
        self._tools = tools
        self._rules = rules
        self._flights = Flights()
        self._met = Met()

    async def once(
        self, attempt: Attempt[ViewT], body: Callable[[UnitT], Awaitable[ViewT]]
    ) -> Done[ViewT]:
        """See :class:`~divan_core.kernel.once.Once`."""
        try:
            done = await self._done(attempt, body)
        except DivanError as refusal:
            self._count(attempt.operation, _OUTCOMES.get(type(refusal), _FAILED))
            raise
        self._count(attempt.operation, _outcome(attempt, done))
        return done

    def checked(self, operation: str, given: Sequence[str]) -> str | None:
        """The key among what a request gave as one; None where it gave none.

        For transports, so that a key is refused before anything else is read.

        Raises:
            IdempotencyKeyInvalid: it is malformed, or there are several.
            IdempotencyKeyMissing: there is none, and this deployment insists on one.
        """
        try:
            return self._parsed(",".join(given) if given else None)
        except DivanError as refusal:
            self._count(operation, _OUTCOMES[type(refusal)])
            raise

    async def probe(self) -> None:
        """Try whether keys can be kept; nothing is.

        Raises:
            StoreUnavailable: they cannot.
        """
        await self._tools.keys.probe()

    async def _done(
        self, attempt: Attempt[ViewT], body: Callable[[UnitT], Awaitable[ViewT]]
    ) -> Done[ViewT]:
        key = attempt.key
        text = self._parsed(key.text if isinstance(key, IdempotencyKey) else key)
        if text is None:
            return await self._unkeyed(attempt, body)
        claim = self._claim(attempt, text)
        try:
            async with self._flights.turn(claim.scope, self._rules.wait_ms) as turn:
                if turn.answer is None and claim.scope in self._met:
                    turn.answer = await self._recalled(claim.scope)
                if turn.answer is None:
                    return await self._tried(attempt, body, claim, turn)
                return self._replayed(attempt, claim, turn.answer)
        finally:
            self._met.add(claim.scope)

    async def _unkeyed(
        self, attempt: Attempt[ViewT], body: Callable[[UnitT], Awaitable[ViewT]]
    ) -> Done[ViewT]:
        at = await self._admit(attempt)
        try:
            return await self._plain(attempt, body)
        except DivanError as refusal:
            await self._refused(attempt, at, refusal)
            raise

    def _parsed(self, text: str | None) -> str | None:
        if text is not None:
            return parse_key(text)
        if self._rules.mandatory:
            raise IdempotencyKeyMissing
        return None

    def _claim(self, attempt: Attempt[Any], text: str) -> _Claim:
        key, operation = attempt.key, attempt.operation
        given = key.payload if isinstance(key, IdempotencyKey) else None
        payload = payload_of(attempt.command) if given is None else given
        return _Claim(
            KeyScope(str(attempt.actor.user_id), operation, text),
            fingerprint(self._tools.secret, operation, payload),
        )

    async def _recalled(self, scope: KeyScope) -> StoredAnswer | None:
        """What the key's earlier use answered, where that can be read now."""
        with suppress(StoreUnavailable):
            return await self._tools.keys.recall(scope)
        return None

    async def _tried(
        self,
        attempt: Attempt[ViewT],
        body: Callable[[UnitT], Awaitable[ViewT]],
        claim: _Claim,
        turn: Turn,
    ) -> Done[ViewT]:
        """Write, unless the key turns out to be answered; only what is tried counts."""
        try:
            at = await self._admit(attempt)
        except RateLimited:
            turn.answer = await self._recalled(claim.scope)  # a replay is never too much
            if turn.answer is None:
                raise
            return self._replayed(attempt, claim, turn.answer)
        try:
            done = await self._written(attempt, body, claim, turn)
        except DivanError as refusal:
            await self._refused(attempt, at, refusal)
            raise
        if done.replayed:
            await self._withdraw(attempt, at)
        return done

    async def _written(
        self,
        attempt: Attempt[ViewT],
        body: Callable[[UnitT], Awaitable[ViewT]],
        claim: _Claim,
        turn: Turn,
    ) -> Done[ViewT]:
        taken = False

        async def keyed(unit: UnitT) -> _Written[ViewT]:
            nonlocal taken
            known = await _taken(unit, claim, turn.left_ms)
            if known is not None:
                return _Written(known)
            taken = True
            view = await body(unit)
            answer = StoredAnswer(claim.fingerprint, self._tools.answers.encode(view))
            await unit.keys.answer(claim.scope, answer.body, self._rules.ttl_s)
            return _Written(answer, (view,))

        try:
            written = await self._units.write(keyed, locking=True, brief=attempt.brief)
        except _KeysAway as fault:
            return await self._unprotected(attempt, body, claim, turn, fault)
        except StoreUnavailable as fault:
            if (taken and not attempt.brief) or not self._rules.required:
                raise
            raise IdempotencyUnavailable from fault
        turn.answer = written.answer
        if written.views:
            return Done(written.views[0], written.answer.body)
        return self._replayed(attempt, claim, written.answer)

    async def _unprotected(
        self,
        attempt: Attempt[ViewT],
        body: Callable[[UnitT], Awaitable[ViewT]],
        claim: _Claim,
        turn: Turn,
        fault: _KeysAway,
    ) -> Done[ViewT]:
        """Write without the key where that is allowed; those who wait share the answer."""
        if self._rules.required:
            raise IdempotencyUnavailable from fault
        self._tools.warn(UNPROTECTED)
        done = await self._plain(attempt, body)
        turn.answer = StoredAnswer(claim.fingerprint, done.body)
        return attrs.evolve(done, protected=False)

    async def _plain(
        self, attempt: Attempt[ViewT], body: Callable[[UnitT], Awaitable[ViewT]]
    ) -> Done[ViewT]:
        view = await self._units.write(body, locking=True, brief=attempt.brief)
        return Done(view, self._tools.answers.encode(view))

    def _replayed(self, attempt: Attempt[ViewT], claim: _Claim, known: StoredAnswer) -> Done[ViewT]:
        if not hmac.compare_digest(known.fingerprint, claim.fingerprint):
            raise IdempotencyKeyReused
        view: ViewT = self._tools.answers.decode(known.body, attempt.view)
        return Done(view, known.body, replayed=True)

    async def _admit(self, attempt: Attempt[Any]) -> Millis | None:
        """Count the attempt; the moment it is counted at, None where nothing limits it."""
        if attempt.limit is None:
            return None
        actor = attempt.actor
        return await self._tools.limits.admit(actor.campus_id, actor.user_id, attempt.limit)

    async def _refused(self, attempt: Attempt[Any], at: Millis | None, refusal: DivanError) -> None:
        """Do not count what was refused; what may have been done counts."""
        if not isinstance(refusal, OutcomeUnknown):
            await self._withdraw(attempt, at)

    async def _withdraw(self, attempt: Attempt[Any], at: Millis | None) -> None:
        """Do not count what was not done; where that cannot be told, it counts."""
        if attempt.limit is None or at is None:
            return
        actor = attempt.actor
        with suppress(StoreUnavailable):
            await self._tools.limits.withdraw(actor.campus_id, actor.user_id, attempt.limit, at)

    def _count(self, operation: str, outcome: str) -> None:
        self._tools.telemetry.count(WRITES, operation, outcome)


async def _taken(unit: KeyedUnit, claim: _Claim, wait_ms: int) -> StoredAnswer | None:
    """Take the key, or learn what it was answered.

    Raises:
        _KeysAway: keys cannot be kept.
        IdempotencyInProgress: another process is at it.
    """
    try:
        return await unit.keys.claim(claim.scope, claim.fingerprint, wait_ms)
    except StoreUnavailable as fault:
        raise _KeysAway from fault


def _outcome(attempt: Attempt[Any], done: Done[Any]) -> str:
    if attempt.key is None:
        return "unkeyed"
    if not done.protected:
        return "unprotected"
    return "replayed" if done.replayed else "first"
