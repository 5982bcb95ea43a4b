"""Refusals of the moderation desk."""

from __future__ import annotations

from divan_core.errors.kinds import Conflict, NotAllowed


class OwnDecision(NotAllowed):
    """The caller has a hand in it, so somebody else is to decide."""

    code = "own_decision"
    title = "Somebody else has to decide about this"


class AlreadyReported(Conflict):
    """The caller has reported this, and nobody has decided about it yet."""

    code = "already_reported"
    title = "You have reported this already"


class CaseDecided(Conflict):
    """Somebody has decided about the case."""

    code = "case_decided"
    title = "This case is decided"


class CaseOpen(Conflict):
    """There is an open case about this. Never told to clients."""

    code = "case_open"
    title = "There is an open case about this"


class AlreadyAppealed(Conflict):
    """The caller has appealed about this case."""

    code = "already_appealed"
    title = "You have appealed already"


class AppealClosed(Conflict):
    """The case is closed, or nothing of it stands."""

    code = "appeal_closed"
    title = "There is nothing to appeal against any more"


class AppealResolved(Conflict):
    """Somebody has decided about the appeal."""

    code = "appeal_resolved"
    title = "This appeal is decided"


class PolicyExists(Conflict):
    """Another policy of moderation has this version; policies never change."""

    code = "policy_exists"
    title = "There is a policy of this version"
