"""What staff does about a case, and what of it is in force."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from typing import Final, NewType
from uuid import UUID

import attrs

from divan_core.kernel.clock import Millis
from divan_core.kernel.ids import CampusId, UserId
from divan_core.moderation.model import CaseId, Subject, SubjectKind

ActionId = NewType("ActionId", UUID)


class ActionKind(enum.Enum):
    """What can be done.

    ``NONE`` and ``WARN`` are on record and change nothing. ``TOMBSTONE``, ``REMOVE`` and
    ``SHADOW_HIDE`` hide what a case is about: from all but its author, who is told or not told, or
    from everybody. The others are about a person.
    """

    NONE = "none"
    WARN = "warn"
    TOMBSTONE = "tombstone"
    REMOVE = "remove"
    SHADOW_HIDE = "shadow_hide"
    MUTE = "mute"
    BAN = "ban"
    RESTRICT_CREATE = "restrict_create"
    RESTRICT_INVITES = "restrict_invites"

    @property
    def is_felt(self) -> bool:
        """Whether it changes anything, and so can end."""
        return self not in {ActionKind.NONE, ActionKind.WARN}

    @property
    def is_on_subject(self) -> bool:
        """Whether it is done to what the case is about, and not to whose that is."""
        return self in {ActionKind.TOMBSTONE, ActionKind.REMOVE, ActionKind.SHADOW_HIDE}


UNTOLD: Final = frozenset({ActionKind.NONE})
"""What is told to nobody: nothing was done."""

UNNOTICED: Final = frozenset({ActionKind.SHADOW_HIDE})
"""What is to go unnoticed; whom it is done to is told only where a campus wants that."""

FITTING: Final = {
    SubjectKind.MESSAGE: frozenset(ActionKind),
    SubjectKind.TURN: frozenset(ActionKind),
    SubjectKind.USER: frozenset(ActionKind) - {ActionKind.TOMBSTONE, ActionKind.REMOVE},
    SubjectKind.ROOM: frozenset(ActionKind) - {ActionKind.TOMBSTONE, ActionKind.SHADOW_HIDE},
}
"""Which actions a subject of each kind can have."""


class End(enum.Enum):
    """How an action ended; what lapsed had never begun."""

    REVERTED = "reverted"
    EXPIRED = "expired"
    LAPSED = "lapsed"


class Scope(enum.Enum):
    """How far an action reaches. What is for the whole deployment takes two admins."""

    CAMPUS = "campus"
    DEPLOYMENT = "deployment"


@attrs.frozen
class Cause:
    """Why a rule did something: the decision, the rule, and what it found by name.

    ``rule_id`` is None where no rule matched and the policy's default decided.
    """

    decision_id: UUID
    rule_id: str | None
    facts: Mapping[str, float | str] = attrs.field(factory=dict)


@attrs.frozen
class Action:
    """One action on one target, a subject or a person. ``by`` is None where a rule did it.

    It is in force until ``until``, for good where that is None, or until it is reverted.
    ``before`` is how a person's standing was when nothing of the desk was in force. ``cause`` is
    None where people did it.
    What is for the whole deployment begins when a second admin confirms it, for ``ttl_minutes``,
    and lapses at ``until`` where nobody does.
    """

    id: ActionId
    case_id: CaseId
    campus_id: CampusId
    kind: ActionKind
    target: Subject
    at: Millis
    person_id: UserId | None = None
    by: UserId | None = None
    until: Millis | None = None
    before: str | None = None
    reason: str | None = attrs.field(default=None, repr=False)
    note: str | None = attrs.field(default=None, repr=False)
    end: End | None = None
    ended_at: Millis | None = None
    ended_by: UserId | None = None
    cause: Cause | None = None
    scope: Scope = Scope.CAMPUS
    ttl_minutes: int | None = None
    confirmed_at: Millis | None = None
    confirmed_by: UserId | None = None

    @property
    def begun(self) -> bool:
        """Whether it has taken force, ever."""
        return self.scope is Scope.CAMPUS or self.confirmed_at is not None

    @property
    def is_pending(self) -> bool:
        """Whether it waits to be confirmed."""
        return self.end is None and not self.begun

    @property
    def in_force(self) -> bool:
        """Whether it has begun, and has not ended yet."""
        return self.end is None and self.kind.is_felt and self.begun
