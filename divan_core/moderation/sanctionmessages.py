"""What people are told of what was done to them: a statement of reasons."""

from __future__ import annotations

import attrs

from divan_core.moderation.actionmessages import ActionName, ScopeName
from divan_core.moderation.actionmodel import ActionId
from divan_core.moderation.appealmessages import OwnAppeal
from divan_core.moderation.messages import Limit, ReasonName, SubjectName
from divan_core.moderation.model import CaseId


@attrs.frozen
class SanctionsQuery:
    """A page of what was done to oneself."""

    limit: Limit = 20
    cursor: str | None = None


@attrs.frozen
class Sanction:
    """Something that was done to its reader or to what is theirs, and why.

    ``facts`` is the class of what was found wrong with the subject, ``reason`` what was decided.
    ``automatic``: a rule did it, the one called ``rule_id``; otherwise ``by`` is the name under
    which a moderator is known outside the staff. Times are RFC 3339; without ``until`` it stands
    until it is taken back. ``end`` is ``reverted`` or ``expired``, null while it stands.
    ``may_appeal`` is whether its reader can appeal against the case now, ``appeal`` what they have
    said and what came of it.
    """

    id: ActionId
    case_id: CaseId
    action: ActionName
    subject_type: SubjectName
    subject_id: str
    facts: ReasonName
    reason: str | None
    automatic: bool
    rule_id: str | None
    by: str | None
    created_at: str
    until: str | None
    end: str | None
    ended_at: str | None
    scope: ScopeName
    may_appeal: bool
    appeal: OwnAppeal | None
