"""Deciding about what people write, once it is written."""

from __future__ import annotations

import hashlib
from collections.abc import Collection
from typing import Any, Final, Generic, TypeVar
from uuid import UUID

import attrs

from divan_core.kernel.clock import Millis
from divan_core.kernel.events import Event, EventId
from divan_core.kernel.ids import Ids, UserId
from divan_core.kernel.ingress import Written
from divan_core.kernel.telemetry import Counter, Telemetry
from divan_core.safety.compiled import InForce
from divan_core.safety.facts import Facts
from divan_core.safety.messages import DECISION_MADE, DECISIONS
from divan_core.safety.pacing import Lately, Recall, spans_of, velocity
from divan_core.safety.policies import decide
from divan_core.safety.ports import Author, DecidingUnit, Witness
from divan_core.safety.profanity import word_list
from divan_core.safety.signals import DAY_MS, Reading, Standing, facts_of, read
from divan_core.safety.trust import Merit
from divan_core.safety.trusting import Note, Trusting
from divan_core.safety.verdicts import DecisionId, Verdict, is_offence, winner

UnitT = TypeVar("UnitT", bound=DecidingUnit)

KEPT_DAYS: Final = 400
"""How long decisions are kept, in days: a year, to try policies on, and a month to look at that."""

PRINT_BYTES: Final = 8
DECIDED: Final = Counter("divan_decisions_total", "Decisions by machine", ("action",))
SHADOWED: Final = Counter("divan_shadow_hits_total", "Decisions on which a shadow rule matched")


@attrs.frozen
class DecidingTools(Generic[UnitT]):
    """What deciding is built from, besides its store.

    ``key`` (secret, 32 bytes) is what repetitions are remembered by; ``denied`` are domains.
    """

    witness: Witness[UnitT]
    trusting: Trusting[UnitT]
    telemetry: Telemetry
    ids: Ids
    key: bytes = attrs.field(repr=False)
    denied: Collection[str] = ()


class Deciding(Generic[UnitT]):
    """Decides by the policy in force about each thing that is written, in the unit that keeps it.

    What was decided stands in a row of its own, also where nothing follows. Where something does,
    that is an event of the same transaction.
    """

    def __init__(self, tools: DecidingTools[UnitT]) -> None:
        """Ask those of ``tools``."""
        self._tools = tools
        self._in_force = InForce()

    async def decide(self, unit: UnitT, event: Event) -> Verdict | None:
        """Decide about what an event tells of; None where it is gone, or cannot be kept.

        The unit is a locking one. Events of one author come in their order.
        """
        tools, written = self._tools, _written(event)
        writing = await tools.witness.writing(unit, written.subject_type, written.subject_id)
        author = await tools.witness.author(unit, written.author_id)
        if writing is None or author is None:
            return None
        reading = read(writing.text, writing.urls, word_list(), tools.denied)
        recall = self._recall(written, event.at, reading)
        lately = await unit.decisions.lately(recall)
        if lately is None:
            return None
        trust = await tools.trusting.score(unit, written.author_id, author, event.at)
        facts = _facts(recall, reading, lately, _standing(author, trust, event.at))
        decision = decide(await self._in_force.policy(unit), facts)
        decision_id, kept = DecisionId(event.id), facts.saying("", "")
        verdict = Verdict(decision_id, written, event.at, kept, decision, recall.print)
        await unit.decisions.add(verdict)
        await self._follow(unit, verdict)
        return verdict

    async def count(self, verdict: Verdict | None) -> None:
        """Tell operators of a decision that was made."""
        if verdict is not None:
            self._tools.telemetry.count(DECIDED, verdict.decision.action)
            if verdict.decision.shadow:
                self._tools.telemetry.count(SHADOWED)

    async def _follow(self, unit: UnitT, verdict: Verdict) -> None:
        """Let what follows from a decision be done, and be known of its author."""
        if verdict.decision.action != "none":
            await unit.outbox.add(_decided(verdict, EventId(self._tools.ids.uuid())))
        if is_offence(verdict.decision):
            author_id = verdict.written.author_id
            note = Note(author_id, Merit.HIT, f"decision:{verdict.id}")
            await self._tools.trusting.note(unit, verdict.at, note)

    def _recall(self, written: Written, at: Millis, reading: Reading) -> Recall:
        spans = spans_of(written.subject_type)
        return Recall(written.author_id, written.subject_type, at, self._print(reading), spans)

    def _print(self, reading: Reading) -> bytes | None:
        if reading.print is None:
            return None
        keyed = hashlib.blake2b(reading.print, digest_size=PRINT_BYTES, key=self._tools.key)
        return keyed.digest()


def _written(event: Event) -> Written:
    data = event.data
    author_id = UserId(UUID(data["author_id"]))
    return Written(data["subject_type"], UUID(data["subject_id"]), author_id, event.campus_id)


def _standing(author: Author, trust: int, at: Millis) -> Standing:
    return Standing(trust, account_age_days=max(at - author.since, 0) // DAY_MS)


def _facts(recall: Recall, reading: Reading, lately: Lately, author: Standing) -> Facts:
    pace = velocity(recall.subject_type, lately.counts)
    return facts_of(recall.subject_type, reading, author, lately.duplicates, pace)


def _decided(verdict: Verdict, event_id: EventId) -> Event:
    """That something follows from a decision: ids, names and numbers, nothing that was written."""
    written, decision, rule = verdict.written, verdict.decision, winner(verdict.decision)
    data: dict[str, Any] = {
        "decision_id": str(verdict.id),
        "subject_type": written.subject_type,
        "subject_id": str(written.subject_id),
        "author_id": str(written.author_id),
        "version": decision.version,
        "action": decision.action,
        "severity": decision.severity,
        "reason": decision.reasons[0] if decision.reasons else "",
        "ttl_minutes": decision.payload.get("ttl_minutes"),
        "rule_id": None if rule is None else rule.rule_id,
        "facts": {} if rule is None else dict(rule.evidence),
    }
    return Event(
        id=event_id,
        topic=DECISIONS,
        name=DECISION_MADE,
        campus_id=written.campus_id,
        aggregate=f"person:{written.author_id}",
        at=verdict.at,
        data=data,
    )
