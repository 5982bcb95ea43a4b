"""What crosses the border of appeals."""

from __future__ import annotations

from typing import Annotated, Final, Literal

import attrs
from msgspec import Meta

from divan_core.kernel.ids import UserId
from divan_core.moderation.appealmodel import AppealId
from divan_core.moderation.messages import Limit, Note, StatusName
from divan_core.moderation.model import CaseId

APPEALS: Final = "mod:appeals"
"""The topic of appeals."""

APPEAL_OPENED: Final = "appeal.opened"
APPEAL_RESOLVED: Final = "appeal.resolved"
"""The names of events and of deeds on record."""

OWN: Final = "social"
"""The topic of notices about what is one's own, and so the namespace (``/social``)."""

APPEAL_UPDATE: Final = "appeal:update"
"""The notice to whoever appealed that it was decided."""

AppealStatusName = Literal["open", "accepted", "rejected"]
AppealNote = Annotated[str, Meta(min_length=10, max_length=2000)]


@attrs.frozen
class SendAppeal:
    """Say why what was done about a case should not stand."""

    case_id: CaseId
    note: AppealNote


@attrs.frozen
class ResolveAppeal:
    """Decide about an appeal. ``note`` is told to whoever appealed."""

    appeal_id: AppealId
    status: Literal["accepted", "rejected"]
    note: Note | None = None


@attrs.frozen
class AppealsQuery:
    """A page of appeals."""

    status: AppealStatusName | None = None
    limit: Limit = 20
    cursor: str | None = None


@attrs.frozen
class OneAppeal:
    """An appeal."""

    appeal_id: AppealId


@attrs.frozen
class Appellant:
    """Who appealed, to staff; without a name where they are gone."""

    user_id: UserId
    handle: str | None
    display_name: str | None


@attrs.frozen
class AppealView:
    """An appeal, to staff. ``outcome_note`` is what the appellant was told."""

    id: AppealId
    case_id: CaseId
    appellant: Appellant
    note: str | None
    status: AppealStatusName
    created_at: str
    resolved_at: str | None
    resolver_id: UserId | None
    outcome_note: str | None


@attrs.frozen
class AppealOutcome:
    """How an appeal ended, to the admin who decided, and where its case stands now."""

    id: AppealId
    case_id: CaseId
    status: AppealStatusName
    resolved_at: str
    resolver_id: UserId
    outcome_note: str | None
    case_status: StatusName


@attrs.frozen
class OwnAppeal:
    """One's own appeal. ``resolved_by`` is the name under which a moderator is known outside."""

    id: AppealId
    case_id: CaseId
    note: str | None
    status: AppealStatusName
    created_at: str
    resolved_at: str | None
    resolved_by: str | None
    outcome_note: str | None
