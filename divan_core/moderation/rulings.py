"""What a policy has decided, as the desk hears of it, and which case it belongs to. Pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any, Final
from uuid import UUID

import attrs

from divan_core.kernel.clock import Millis
from divan_core.kernel.ids import CampusId, UserId
from divan_core.moderation import policy
from divan_core.moderation.actionmessages import ApplyAction
from divan_core.moderation.actionmodel import FITTING, ActionKind, Cause
from divan_core.moderation.model import (
    Case,
    CaseId,
    CaseStatus,
    Found,
    Reason,
    Standing,
    Subject,
    SubjectKind,
)

_KINDS: Final[Collection[str]] = frozenset(one.value for one in SubjectKind)
_REASONS: Final[tuple[tuple[Reason, tuple[str, ...]], ...]] = (
    (Reason.NSFW, ("image.", "text.sexual")),
    (Reason.HARASSMENT, ("text.harassment", "text.hate")),
    (Reason.ABUSE, ("text.profanity", "text.toxicity")),
    (Reason.SPAM, ("text.spam", "url.", "signals.duplicate_text", "signals.velocity")),
)
"""What a case is about, by the facts that a rule found; the first that fits."""


@attrs.frozen
class Ruling:
    """What is to be done about something, and why. ``subject`` is what it is done about.

    That is what was written, or its author where the action is about a person.
    """

    subject: Subject
    owner_id: UserId
    campus_id: CampusId
    action: ActionKind
    severity: int
    words: str
    ttl_minutes: int | None
    cause: Cause

    @property
    def people(self) -> tuple[UserId, ...]:
        """To whom it is done."""
        return (self.owner_id,) if self.subject.kind is SubjectKind.USER else ()

    @property
    def fits(self) -> bool:
        """Whether it can be done about such a subject; else people are to look at it."""
        return self.action in FITTING.get(self.subject.kind, frozenset())

    @property
    def reason(self) -> Reason:
        """What the case is about."""
        names = tuple(self.cause.facts)
        found = (one for one, beginnings in _REASONS if _any(names, beginnings))
        return next(found, Reason.OTHER)

    def command(self, case: Case) -> ApplyAction:
        """The same as a member of staff would say it."""
        return ApplyAction(case.id, self.action.value, self.words, self.ttl_minutes)


def ruling_of(campus_id: CampusId, data: Mapping[str, Any]) -> Ruling | None:
    """What an event of the topic ``mod:decisions`` says; None about what has no cases."""
    if data["subject_type"] not in _KINDS:
        return None
    action, owner_id = ActionKind(data["action"]), UserId(UUID(data["author_id"]))
    subject = Subject(SubjectKind(data["subject_type"]), UUID(data["subject_id"]))
    if action.is_felt and not action.is_on_subject:
        subject = Subject(SubjectKind.USER, owner_id)
    return Ruling(
        subject=subject,
        owner_id=owner_id,
        campus_id=campus_id,
        action=action,
        severity=data["severity"],
        words=data["reason"] or f"By the policy {data['version']}.",
        ttl_minutes=data["ttl_minutes"] if action.is_felt else None,
        cause=Cause(UUID(data["decision_id"]), data["rule_id"], data["facts"]),
    )


def is_settled(latest: Case | None, subject: Subject) -> bool:
    """Whether people have decided that nothing is to be done about what does not change."""
    if latest is None or subject.kind is SubjectKind.USER:
        return False
    return latest.status in {CaseStatus.DISMISSED, CaseStatus.CLOSED}


def joined(latest: Case | None, ruling: Ruling, case_id: CaseId, now: Millis) -> Case:
    """The case that a ruling belongs to, as grave as it is; a new one of this id if none is open.

    One that was actioned gathers what else is done, unless an appeal waits.
    """
    severity = min(max(ruling.severity, 1), policy.GRAVEST)
    over = {CaseStatus.DISMISSED, CaseStatus.CLOSED}
    if latest is None or latest.status in over or latest.appeal_open:
        found = Found(ruling.campus_id, ruling.owner_id)
        case = policy.new_case(case_id, ruling.subject, found, ruling.reason, now)
        return attrs.evolve(case, standing=Standing(severity=severity))
    graver = max(severity, latest.standing.severity)
    return attrs.evolve(latest, standing=attrs.evolve(latest.standing, severity=graver))


def _any(names: tuple[str, ...], beginnings: tuple[str, ...]) -> bool:
    return any(name.startswith(beginnings) for name in names)
