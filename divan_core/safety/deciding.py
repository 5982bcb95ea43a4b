"""Deciding about what people write, once it is written."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping, Sequence
from typing import Any, Final, Generic, TypeVar
from uuid import UUID

import attrs

from divan_core.kernel.clock import Millis
from divan_core.kernel.events import Event, EventId
from divan_core.kernel.ids import Ids, UserId
from divan_core.kernel.ingress import Written
from divan_core.kernel.telemetry import Counter, Telemetry
from divan_core.safety.compiled import InForce
from divan_core.safety.facts import Facts, Values
from divan_core.safety.messages import DECISION_MADE, DECISIONS
from divan_core.safety.own import OwnSignals, measured
from divan_core.safety.pacing import Known, Lately, Recall, spans_of, velocity
from divan_core.safety.policies import Policy, decide
from divan_core.safety.ports import Author, DecidingUnit, Witness
from divan_core.safety.profanity import word_list
from divan_core.safety.signals import DAY_MS, Reading, Standing, facts_of, read
from divan_core.safety.trust import Merit
from divan_core.safety.trusting import Note, Trusting, first_trust
from divan_core.safety.verdicts import DecisionId, Verdict, Writing, is_offence, winner

UnitT = TypeVar("UnitT", bound=DecidingUnit)

KEPT_DAYS: Final = 400
"""How long decisions are kept, in days: a year, to try policies on, and a month to look at that."""

PRINT_BYTES: Final = 8
DECIDED: Final = Counter("divan_decisions_total", "Decisions by machine", ("action",))
SILENT: Final = Counter(
    "divan_silent_signals_total", "Times that a host's signal failed to tell anything", ("signal",)
)
SHADOWED: Final = Counter("divan_shadow_hits_total", "Decisions on which a shadow rule matched")


@attrs.frozen
class DecidingTools(Generic[UnitT]):
    """What deciding is built from, besides its store.

    ``key`` (secret, 32 bytes) is what repetitions are remembered by; ``denied`` are domains, and
    ``own`` are signals of the host.
    """

    witness: Witness[UnitT]
    trusting: Trusting[UnitT]
    telemetry: Telemetry
    ids: Ids
    key: bytes = attrs.field(repr=False)
    denied: Collection[str] = ()
    own: OwnSignals = attrs.field(factory=dict)


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
        return (await self.decide_all(unit, (event,)))[0]

    async def decide_all(self, unit: UnitT, events: Sequence[Event]) -> Sequence[Verdict | None]:
        """The same of events of different authors; as many statements as of one, or few more."""
        subjects = await self._subjects(unit, events)
        background = await unit.decisions.background(*(one.recall for one in subjects))
        if background is None or not subjects:
            return [None] * len(events)
        policy = await self._in_force.policy(unit, background.policy_id)
        verdicts = {
            one.event.id: one.verdict(policy, known)
            for one, known in zip(subjects, background.known, strict=True)
        }
        await unit.decisions.add(*verdicts.values())
        authors = {one.written.author_id: one.author for one in subjects}
        await self._follow(unit, list(verdicts.values()), authors)
        return [verdicts.get(one.id) for one in events]

    async def count(self, verdict: Verdict | None) -> None:
        """Tell operators of a decision that was made."""
        if verdict is not None:
            self._tools.telemetry.count(DECIDED, verdict.decision.action)
            if verdict.decision.shadow:
                self._tools.telemetry.count(SHADOWED)

    async def _subjects(self, unit: UnitT, events: Sequence[Event]) -> Sequence[_Subject]:
        """What can be decided about: what is there, of somebody who is."""
        witness = self._tools.witness
        told = [(one, _written(one)) for one in events]
        authors = await witness.authors(unit, [written.author_id for _, written in told])
        writings: dict[tuple[str, UUID], Writing] = {}
        for kind in sorted({written.subject_type for _, written in told}):
            ids = [written.subject_id for _, written in told if written.subject_type == kind]
            found = await witness.writings(unit, kind, ids)
            writings |= {(kind, one): writing for one, writing in found.items()}
        return [
            self._subject(event, written, writings[key], authors[written.author_id])
            for event, written in told
            if (key := (written.subject_type, written.subject_id)) in writings
            and written.author_id in authors
        ]

    def _subject(
        self, event: Event, written: Written, writing: Writing, author: Author
    ) -> _Subject:
        reading = read(writing.text, writing.urls, word_list(), self._tools.denied)
        text_print, spans = self._print(reading), spans_of(written.subject_type)
        recall = Recall(written.author_id, written.subject_type, event.at, text_print, spans)
        own = measured(self._tools.own, writing.text)
        for name in self._tools.own.keys() - own.keys():
            self._tools.telemetry.count(SILENT, name)
        return _Subject(event, written, author, reading, recall, own)

    async def _follow(
        self, unit: UnitT, verdicts: Sequence[Verdict], authors: Mapping[UserId, Author]
    ) -> None:
        """Let what follows from decisions be done, and be known of their authors."""
        acting = [one for one in verdicts if one.decision.action != "none"]
        if acting:
            new_id = self._tools.ids.uuid
            await unit.outbox.add(*(_decided(one, EventId(new_id())) for one in acting))
        offences = (one for one in acting if is_offence(one.decision))
        await self._tools.trusting.note(unit, *map(_note, offences), known=authors)

    def _print(self, reading: Reading) -> bytes | None:
        if reading.print is None:
            return None
        keyed = hashlib.blake2b(reading.print, digest_size=PRINT_BYTES, key=self._tools.key)
        return keyed.digest()


@attrs.frozen
class _Subject:
    """What is decided about."""

    event: Event
    written: Written
    author: Author
    reading: Reading
    recall: Recall
    own: Values

    def verdict(self, policy: Policy, known: Known) -> Verdict:
        """What a policy decides about it."""
        at, trust = self.event.at, known.trust or first_trust(self.author)
        standing = _standing(self.author, trust.drifted(at).score, at)
        facts = _facts(self.recall, self.reading, known.lately, standing)
        if self.own:
            facts = attrs.evolve(facts, signals={**facts.signals, **self.own})
        return Verdict(
            id=DecisionId(self.event.id),
            written=self.written,
            at=at,
            facts=facts.saying("", ""),
            decision=decide(policy, facts),
            print=self.recall.print,
        )


def _note(verdict: Verdict) -> Note:
    author_id, cause = verdict.written.author_id, f"decision:{verdict.id}"
    return Note(author_id, Merit.HIT, cause, verdict.at)


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
