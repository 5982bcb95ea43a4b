"""What other contexts know of what is decided about by machine, and what the desk sees of that."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Final
from uuid import UUID

from divan_core.accounts.model import Person
from divan_core.activities.passages import Passages
from divan_core.activities.texts import TURN
from divan_core.chat.model import Message, MessageId
from divan_core.kernel.clock import Millis, rfc3339
from divan_core.kernel.ids import RoomId, UserId
from divan_core.kernel.units import Units
from divan_core.kernel.visibility import Standing
from divan_core.moderation.actionmessages import CaseDecision, RuleHit
from divan_core.moderation.messages import ulid_text
from divan_core.moderation.model import CaseId
from divan_core.moderation.policy import LIGHT
from divan_core.safety.policies import Match
from divan_core.safety.ports import Author, Reported
from divan_core.safety.verdicts import DecisionId, Verdict, Writing
from divan_core.stores.bundle import StoreUnit

MOST_DECISIONS: Final = 200
"""How many decisions stand in one case."""

MOST_REPORTERS: Final = 500
"""Of how many reporters of a case it is remembered that they were right or wrong."""


class Testimony:
    """A :class:`~divan_core.safety.ports.Witness` over people, messages, rooms, games and cases."""

    def __init__(self, passages: Passages) -> None:
        """Know by ``passages`` what was written in games."""
        self._passages = passages

    async def writings(
        self, unit: StoreUnit, subject_type: str, subjects: Collection[UUID]
    ) -> Mapping[UUID, Writing]:
        """What these say now; those that are gone are left out."""
        if subject_type == "message":
            messages = await unit.messages.some([MessageId(one) for one in subjects])
            return {one.id: _of_message(one) for one in messages}
        if subject_type == "room":
            found = [await unit.rooms.get(RoomId(one)) for one in subjects]  # few are named
            return {room.conversation_id: Writing(room.name) for room in found if room is not None}
        if subject_type == TURN:
            turns = await self._passages.of(unit, subjects)
            return {one: Writing(text.content) for one, text in turns.items()}
        if subject_type == "user":
            people = await unit.people.get_many([UserId(one) for one in subjects])
            living = (one for one in people if one.standing is not Standing.DELETED)
            return {one.id: _of_person(one) for one in living}
        return {}

    async def authors(self, unit: StoreUnit, people: Sequence[UserId]) -> Mapping[UserId, Author]:
        """Who these are; those who are gone are left out."""
        found = await unit.logins.arrivals(people)
        return {one: Author(arrival.since, arrival.verified) for one, arrival in found.items()}

    async def reported(self, unit: StoreUnit, case_id: UUID, since: Millis) -> Reported | None:
        """What is known of a case, and how many have reported its owner whose word has weight."""
        case = await unit.cases.get(CaseId(case_id))
        if case is None:
            return None
        if case.owner_id is None:
            return Reported(None)
        return Reported(case.owner_id, await unit.cases.reporters_of(case.owner_id, since, LIGHT))

    async def reporters(self, unit: StoreUnit, case_id: UUID) -> Sequence[tuple[UUID, UserId]]:
        """The reports of a case with who sent them."""
        found = await unit.cases.reports(CaseId(case_id), MOST_REPORTERS)
        return [(one.id, one.reporter_id) for one in found]


class DeskDecisions:
    """A :class:`~divan_core.moderation.ports.Decided` over what was decided by machine."""

    def __init__(self, units: Units[StoreUnit]) -> None:
        """Read through ``units``."""
        self._units = units

    async def about(self, subject_id: UUID, others: Collection[UUID]) -> Sequence[CaseDecision]:
        """The decisions about something, and these others, the oldest first."""

        async def body(unit: StoreUnit) -> Sequence[Verdict]:
            ids = [DecisionId(one) for one in others]
            return await unit.decisions.about(subject_id, ids, MOST_DECISIONS)

        return [_decision_view(one) for one in await self._units.read(body)]


def _of_message(message: Message) -> Writing:
    attached = message.content.attachments
    return Writing(message.content.body, tuple(one.url for one in attached if one.url is not None))


def _of_person(person: Person) -> Writing:
    """What a profile says; an avatar is a link as any other."""
    profile = person.profile
    said = (person.display_name, profile.major, *(profile.passions or ()))
    links = () if person.avatar_url is None else (person.avatar_url,)
    return Writing("\n".join(one for one in said if one), links)


def _decision_view(verdict: Verdict) -> CaseDecision:
    written, decision = verdict.written, verdict.decision
    is_message = written.subject_type == "message"
    return CaseDecision(
        id=verdict.id,
        subject_type=written.subject_type,
        subject_id=ulid_text(written.subject_id) if is_message else str(written.subject_id),
        version=decision.version,
        action=decision.action,
        severity=decision.severity,
        reasons=decision.reasons,
        matched=_hits(decision.matched),
        shadow=_hits(decision.shadow),
        decided_at=rfc3339(verdict.at),
    )


def _hits(matches: Iterable[Match]) -> tuple[RuleHit, ...]:
    return tuple(
        RuleHit(one.rule_id, one.action, one.severity, dict(one.evidence)) for one in matches
    )
