"""What crosses the border of actions."""

from __future__ import annotations

from typing import Annotated, Final, Literal
from uuid import UUID

import attrs
from msgspec import Meta

from divan_core.kernel.ids import UserId
from divan_core.moderation.actionmodel import ActionId
from divan_core.moderation.appealmessages import AppealView
from divan_core.moderation.auditmessages import AuditView
from divan_core.moderation.messages import CaseReport, CaseView, Note, SubjectName
from divan_core.moderation.model import CaseId

ACTIONS: Final = "mod:actions"
"""The topic of what staff has done."""

ACTION_APPLIED: Final = "action.applied"
ACTION_REVERTED: Final = "action.reverted"
ACTION_EXPIRED: Final = "action.expired"
ACTION_PROPOSED: Final = "action.proposed"
ACTION_CONFIRMED: Final = "action.confirmed"
ACTION_LAPSED: Final = "action.lapsed"
"""The names of events and of deeds on record."""

ActionName = Literal[
    "none",
    "warn",
    "tombstone",
    "remove",
    "shadow_hide",
    "mute",
    "ban",
    "restrict_create",
    "restrict_invites",
]
ScopeName = Literal["campus", "deployment"]
LONGEST_TTL_MINUTES: Final = 5 * 365 * 24 * 60
Minutes = Annotated[int, Meta(ge=1, le=LONGEST_TTL_MINUTES)]
Targets = Annotated[tuple[UserId, ...], Meta(min_length=1, max_length=20)]


@attrs.frozen
class ApplyAction:
    """Do something about a case; it is actioned then.

    Without ``ttl_minutes`` it stands until it is reverted. What is done to a person is done to
    whose the subject is, or to these ``targets``. ``note`` is for staff alone. A ban with the
    ``scope`` of the deployment waits for a second admin.
    """

    case_id: CaseId
    action: ActionName
    reason: Note
    ttl_minutes: Minutes | None = None
    targets: Targets | None = None
    note: Note | None = None
    scope: ScopeName = "campus"


@attrs.frozen
class ConfirmAction:
    """Let something take force that another admin has proposed."""

    case_id: CaseId
    action_id: ActionId
    reason: Note | None = None


@attrs.frozen
class RevertAction:
    """Take an action back."""

    case_id: CaseId
    action_id: ActionId
    reason: Note


@attrs.frozen
class ActionView:
    """An action, to staff. ``target_id`` is of what or to whom it was done.

    ``end`` is ``reverted``, ``expired`` or ``lapsed``, null while it stands. ``pending``: it waits
    for a second admin, until ``until``. An ``automatic`` one was done by a rule, ``rule_id``,
    because of ``facts``: what it looked at, and the values that it found there.
    """

    id: ActionId
    action: ActionName
    target_type: SubjectName
    target_id: str
    by: UserId | None
    reason: str | None
    note: str | None
    created_at: str
    until: str | None
    end: str | None
    ended_at: str | None
    ended_by: UserId | None
    scope: ScopeName
    pending: bool
    confirmed_at: str | None
    confirmed_by: UserId | None
    automatic: bool = False
    rule_id: str | None = None
    decision_id: UUID | None = None
    facts: dict[str, float | str] = attrs.field(factory=dict)


@attrs.frozen
class Applied:
    """The case after an action, and what was done, by target; twice is as once."""

    case: CaseView
    actions: tuple[ActionView, ...]


@attrs.frozen
class RuleHit:
    """A rule that matched, what it would do by itself, and the values that it found."""

    rule_id: str
    action: str
    severity: int
    signals: dict[str, float | str]


@attrs.frozen
class CaseDecision:
    """What was decided by machine about what a case is about, by which version of a policy.

    ``matched`` are the rules that counted; ``shadow`` those that never act.
    """

    id: UUID
    subject_type: str
    subject_id: str
    version: str
    action: str
    severity: int
    reasons: tuple[str, ...]
    matched: tuple[RuleHit, ...]
    shadow: tuple[RuleHit, ...]
    decided_at: str


@attrs.frozen
class CaseDetail:
    """A case with its reports, actions and appeals, oldest first, and all that is on record of it.

    ``content`` is what the subject says now, or how it is called; null where it is gone.
    ``decisions`` are those by machine, about the subject or behind its actions.
    """

    case: CaseView
    content: str | None
    reports: tuple[CaseReport, ...]
    actions: tuple[ActionView, ...]
    appeals: tuple[AppealView, ...]
    timeline: tuple[AuditView, ...]
    decisions: tuple[CaseDecision, ...] = ()
