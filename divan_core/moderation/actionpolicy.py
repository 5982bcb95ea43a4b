"""Pure rules of actions: what fits a case, whom it is done to, and how it ends."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

import attrs

from divan_core.errors import (
    CaseDecided,
    ConfirmationLapsed,
    InvalidInput,
    NotAllowed,
    OwnDecision,
)
from divan_core.kernel.actor import ADMIN, Actor
from divan_core.kernel.clock import Millis, rfc3339
from divan_core.kernel.ids import UserId
from divan_core.moderation.actionmessages import ActionView, ApplyAction
from divan_core.moderation.actionmodel import (
    FITTING,
    Action,
    ActionId,
    ActionKind,
    End,
    Scope,
)
from divan_core.moderation.model import Case, CaseStatus, Subject, SubjectKind
from divan_core.moderation.policy import written

MINUTE_MS: Final = 60_000
CONFIRM_MS: Final = 24 * 60 * MINUTE_MS
"""How long what one admin proposes waits for another, in milliseconds."""


def check_open_to_actions(case: Case, actor: Actor) -> None:
    """Refuse to act on what was dismissed or is over, and moderators what is left to admins.

    Raises:
        CaseDecided: it is dismissed or closed, or an appeal waits, which comes first.
        NotAllowed: it was escalated, and the actor is no admin.
    """
    if case.status in {CaseStatus.DISMISSED, CaseStatus.CLOSED}:
        raise CaseDecided
    if case.appeal_open:
        raise CaseDecided("An appeal waits; decide about that first.")
    if case.status is CaseStatus.ESCALATED and ADMIN not in actor.roles:
        raise NotAllowed("This case was left to admins.")


def check_fits(case: Case, command: ApplyAction) -> ActionKind:
    """What is to be done, if it can be done about this case.

    Raises:
        InvalidInput: not about such a subject, to nobody, or with an end that it cannot have.
    """
    kind = ActionKind(command.action)
    if kind not in FITTING.get(case.subject.kind, frozenset()):
        raise InvalidInput(f"There is no {kind.value} for a {case.subject.kind.value}.")
    if command.ttl_minutes is not None and not kind.is_felt:
        raise InvalidInput(f"A {kind.value} has no end.")
    if command.targets is not None and (kind.is_on_subject or not kind.is_felt):
        raise InvalidInput(f"A {kind.value} is done to what the case is about.")
    if kind.is_felt and not kind.is_on_subject and not people_of(case, command):
        raise InvalidInput("There is nobody to do it to; name targets.")
    return kind


def check_scope(actor: Actor, command: ApplyAction) -> None:
    """Let admins propose bans of the whole deployment.

    Raises:
        NotAllowed: the actor is none.
        InvalidInput: something else than a ban.
    """
    if Scope(command.scope) is Scope.CAMPUS:
        return
    if ADMIN not in actor.roles:
        raise NotAllowed("Only admins act on the whole deployment.")
    if ActionKind(command.action) is not ActionKind.BAN:
        raise InvalidInput(f"There is no {command.action} of the whole deployment.")


def check_over(actor: Actor, action: Action) -> None:
    """Let admins alone take back what is for the whole deployment.

    Raises:
        NotAllowed: the actor is none.
    """
    if action.scope is Scope.DEPLOYMENT and ADMIN not in actor.roles:
        raise NotAllowed("Only admins act on the whole deployment.")


def check_confirmable(actor: Actor, action: Action, now: Millis) -> None:
    """Let a second admin confirm what waits for that.

    Raises:
        NotAllowed: the actor is no admin.
        OwnDecision: they have proposed it.
        InvalidInput: it needs nobody to confirm it, or is to be done to them.
        ConfirmationLapsed: its time is over, or it was taken back.
    """
    check_over(actor, action)
    if action.scope is Scope.CAMPUS:
        raise InvalidInput("This needs nobody to confirm it.")
    if actor.user_id == action.by:
        raise OwnDecision
    if actor.user_id == action.person_id:
        raise InvalidInput("Nobody acts on themselves.")
    if not action.begun and (not action.is_pending or _has_lapsed(action, now)):
        raise ConfirmationLapsed


def _has_lapsed(action: Action, now: Millis) -> bool:
    return action.until is not None and action.until <= now


def confirmed(action: Action, by: UserId, now: Millis) -> Action:
    """The action once it takes force."""
    return attrs.evolve(
        action, confirmed_at=now, confirmed_by=by, until=_until(action.ttl_minutes, now)
    )


def end_of(action: Action) -> End:
    """How an action ends whose time has come."""
    return End.LAPSED if action.is_pending else End.EXPIRED


def people_of(case: Case, command: ApplyAction) -> tuple[UserId, ...]:
    """To whom something is done."""
    if command.targets is not None:
        return tuple(dict.fromkeys(command.targets))
    return () if case.owner_id is None else (case.owner_id,)


def targets_of(case: Case, command: ApplyAction) -> tuple[Subject, ...]:
    """What or whom something is done to."""
    kind = ActionKind(command.action)
    if kind.is_on_subject or not kind.is_felt:
        return (case.subject,)
    return tuple(Subject(SubjectKind.USER, one) for one in people_of(case, command))


def until(command: ApplyAction, now: Millis) -> Millis | None:
    """When it ends by itself, or is no longer to be confirmed."""
    if Scope(command.scope) is Scope.DEPLOYMENT:
        return Millis(now + CONFIRM_MS)
    return _until(command.ttl_minutes, now)


def _until(minutes: int | None, now: Millis) -> Millis | None:
    return None if minutes is None else Millis(now + minutes * MINUTE_MS)


def standing_alike(
    actions: Iterable[Action], case: Case, command: ApplyAction, now: Millis
) -> Action | None:
    """The action that a case already has in force, or waiting, on a target; None for none."""
    wanted = (case.id, ActionKind(command.action), Scope(command.scope))
    alike = (one for one in actions if (one.case_id, one.kind, one.scope) == wanted)
    return next(
        (one for one in alike if one.in_force or (one.is_pending and not _has_lapsed(one, now))),
        None,
    )


def ended(action: Action, end: End, at: Millis, by: UserId | None) -> Action:
    """The action after its end."""
    return attrs.evolve(action, end=end, ended_at=at, ended_by=by)


def strongest(actions: Sequence[Action], *order: ActionKind) -> ActionKind | None:
    """The first of these kinds of which an action is in force."""
    kinds = {one.kind for one in actions if one.in_force}
    return next((one for one in order if one in kinds), None)


def base_of(actions: Sequence[Action], standing: str) -> str:
    """How a person's standing was before the desk did anything that is in force now."""
    before = (one.before for one in actions if one.in_force and one.before is not None)
    return next(before, standing)


def new_action(
    action_id: ActionId, case: Case, command: ApplyAction, target: Subject, at: Millis
) -> Action:
    """An action that nobody has done yet."""
    person = UserId(target.id) if target.kind is SubjectKind.USER else case.owner_id
    return Action(
        id=action_id,
        case_id=case.id,
        campus_id=case.campus_id,
        kind=ActionKind(command.action),
        target=target,
        at=at,
        person_id=person,
        until=until(command, at),
        reason=command.reason,
        note=command.note,
        scope=Scope(command.scope),
        ttl_minutes=command.ttl_minutes,
    )


def action_view(action: Action) -> ActionView:
    """An action as staff sees it."""
    cause = action.cause
    return ActionView(
        id=action.id,
        action=action.kind.value,
        target_type=action.target.kind.value,
        target_id=written(action.target),
        by=action.by,
        reason=action.reason,
        note=action.note,
        created_at=rfc3339(action.at),
        until=None if action.until is None else rfc3339(action.until),
        end=None if action.end is None else action.end.value,
        ended_at=None if action.ended_at is None else rfc3339(action.ended_at),
        ended_by=action.ended_by,
        scope=action.scope.value,
        pending=action.is_pending,
        confirmed_at=None if action.confirmed_at is None else rfc3339(action.confirmed_at),
        confirmed_by=action.confirmed_by,
        automatic=cause is not None,
        rule_id=None if cause is None else cause.rule_id,
        decision_id=None if cause is None else cause.decision_id,
        facts={} if cause is None else dict(cause.facts),
    )
