"""Pure rules of appeals: who may appeal against what, who decides, and what follows."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import attrs

from divan_core.errors import (
    AlreadyAppealed,
    AppealClosed,
    AppealResolved,
    NotAllowed,
    NotFound,
    OwnDecision,
)
from divan_core.kernel.actor import ADMIN, Actor
from divan_core.kernel.clock import Millis, rfc3339
from divan_core.kernel.ids import UserId
from divan_core.moderation.actionmodel import UNNOTICED, UNTOLD, Action, End
from divan_core.moderation.appealmessages import (
    AppealOutcome,
    AppealView,
    Appellant,
    OwnAppeal,
    SendAppeal,
)
from divan_core.moderation.appealmodel import Appeal, AppealId, AppealStatus, Verdict
from divan_core.moderation.model import Case, CaseStatus, Decision, Hold
from divan_core.moderation.policy import check_staff


def is_told(action: Action, *, hidden_too: bool) -> bool:
    """Whether whom an action is done to may know of it.

    Nobody is told of nothing, nor of what never took force; of what was to go unnoticed only where
    the campus wants that.
    """
    if not action.begun:
        return False
    if action.kind in UNNOTICED:
        return hidden_too
    return action.kind not in UNTOLD


def affected(actions: Iterable[Action], *, hidden_too: bool) -> frozenset[UserId]:
    """Whom actions are done to, and who may know of it."""
    told = (one for one in actions if is_told(one, hidden_too=hidden_too))
    return frozenset(one.person_id for one in told if one.person_id is not None)


def check_appellant(
    actor: Actor, case: Case | None, actions: Sequence[Action], *, hidden_too: bool
) -> Case:
    """The case, if something was done about it to this person, as far as they may know.

    Raises:
        NotFound: there is no such case to them.
    """
    if case is None or actor.user_id not in affected(actions, hidden_too=hidden_too):
        raise NotFound
    return case


def may_appeal(case: Case, actions: Iterable[Action], user_id: UserId, *, hidden_too: bool) -> bool:
    """Whether somebody who has not appealed yet can: something done to them was not taken back.

    A case that is closed is over.
    """
    standing = (one for one in actions if one.end is not End.REVERTED)
    over = case.status is CaseStatus.CLOSED
    return not over and user_id in affected(standing, hidden_too=hidden_too)


def check_may_appeal(
    actor: Actor,
    case: Case,
    actions: Sequence[Action],
    appeals: Iterable[Appeal],
    *,
    hidden_too: bool,
) -> None:
    """Refuse to appeal twice, and against what is over.

    Raises:
        AlreadyAppealed: the actor has appealed.
        AppealClosed: the case is closed, or nothing of it stands.
    """
    if any(one.appellant_id == actor.user_id for one in appeals):
        raise AlreadyAppealed
    if not may_appeal(case, actions, actor.user_id, hidden_too=hidden_too):
        raise AppealClosed


def new_appeal(
    appeal_id: AppealId, case: Case, actor: Actor, command: SendAppeal, at: Millis
) -> Appeal:
    """An appeal that waits."""
    return Appeal(
        id=appeal_id,
        case_id=case.id,
        campus_id=case.campus_id,
        appellant_id=actor.user_id,
        at=at,
        note=command.note,
    )


def appealed(case: Case) -> Case:
    """The case with an appeal that waits, on nobody's desk."""
    return attrs.evolve(case, appeal_open=True, hold=Hold())


def check_admin(actor: Actor) -> None:
    """Let admins decide about appeals.

    Raises:
        NotAllowed: the actor is none.
    """
    check_staff(actor)
    if ADMIN not in actor.roles:
        raise NotAllowed("Appeals are decided by admins.")


def check_second(actor: Actor, case: Case, actions: Iterable[Action]) -> None:
    """Refuse to judge what one has done oneself, or what was done to oneself.

    Raises:
        NotFound: something about the case was done to the actor.
        OwnDecision: the actor has decided about it, or acted on it.
    """
    done = tuple(actions)
    if actor.user_id in {one.person_id for one in done}:
        raise NotFound
    if actor.user_id in {case.decided_by, *_hands(done)}:
        raise OwnDecision


def _hands(actions: Iterable[Action]) -> Iterator[UserId | None]:
    for one in actions:
        yield one.by
        yield one.confirmed_by


def check_waits(appeal: Appeal) -> None:
    """Refuse to decide again.

    Raises:
        AppealResolved: somebody has decided.
    """
    if not appeal.is_open:
        raise AppealResolved


def resolved(appeal: Appeal, verdict: Verdict) -> Appeal:
    """The appeal after an admin has decided."""
    return attrs.evolve(
        appeal,
        status=verdict.status,
        resolved_at=verdict.at,
        resolver_id=verdict.by,
        outcome_note=verdict.note,
    )


def along(appeals: Iterable[Appeal], first: Appeal, verdict: Verdict) -> list[Appeal]:
    """The other appeals of the case that a verdict decides as well: all that wait, if accepted.

    What the first appellant is told is not for the others.
    """
    if verdict.status is not AppealStatus.ACCEPTED:
        return []
    silent = attrs.evolve(verdict, note=None)
    return [resolved(one, silent) for one in appeals if one.is_open and one.id != first.id]


def case_after(
    case: Case, appeals: Sequence[Appeal], actions: Sequence[Action], *, hidden_too: bool
) -> Case:
    """The case after an appeal of it was resolved; these are its appeals now.

    It closes, unless other appeals wait or others to whom something was done have yet to appeal.
    What comes of an accepted appeal is that nothing was to be done.
    """
    waits = any(one.is_open for one in appeals)
    accepted = any(one.status is AppealStatus.ACCEPTED for one in appeals)
    heard = {one.appellant_id for one in appeals}
    standing = [one for one in actions if one.end is not End.REVERTED]
    others = affected(standing, hidden_too=hidden_too) - heard
    over = not waits and (accepted or not others)
    return attrs.evolve(
        case,
        appeal_open=waits,
        hold=Hold(),
        status=CaseStatus.CLOSED if over else case.status,
        decision=Decision.DISMISSED if accepted else case.decision,
    )


def appeal_view(appeal: Appeal, appellant: Appellant) -> AppealView:
    """An appeal as staff sees it."""
    return AppealView(
        id=appeal.id,
        case_id=appeal.case_id,
        appellant=appellant,
        note=appeal.note,
        status=appeal.status.value,
        created_at=rfc3339(appeal.at),
        resolved_at=None if appeal.resolved_at is None else rfc3339(appeal.resolved_at),
        resolver_id=appeal.resolver_id,
        outcome_note=appeal.outcome_note,
    )


def outcome(appeal: Appeal, verdict: Verdict, case: Case) -> AppealOutcome:
    """How an appeal ended, to whoever has decided."""
    return AppealOutcome(
        id=appeal.id,
        case_id=appeal.case_id,
        status=appeal.status.value,
        resolved_at=rfc3339(verdict.at),
        resolver_id=verdict.by,
        outcome_note=verdict.note,
        case_status=case.status.value,
    )


def own_appeal(appeal: Appeal, resolver: str | None) -> OwnAppeal:
    """An appeal as its sender sees it; ``resolver`` is what the admin is called outside."""
    return OwnAppeal(
        id=appeal.id,
        case_id=appeal.case_id,
        note=appeal.note,
        status=appeal.status.value,
        created_at=rfc3339(appeal.at),
        resolved_at=None if appeal.resolved_at is None else rfc3339(appeal.resolved_at),
        resolved_by=resolver,
        outcome_note=appeal.outcome_note,
    )
