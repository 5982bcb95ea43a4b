"""Cases: the desk of the staff."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Sequence
from typing import Final
from uuid import UUID

import attrs

from divan_core.errors import DivanError, InvalidInput, NotFound
from divan_core.kernel.actor import Actor
from divan_core.kernel.clock import Millis
from divan_core.kernel.ids import UserId
from divan_core.kernel.once import Attempt, Done, KeyGiven
from divan_core.kernel.paging import Page
from divan_core.kernel.texts import check_texts
from divan_core.kernel.units import Units
from divan_core.moderation import actionpolicy, appealpolicy, policy
from divan_core.moderation.actionmessages import CaseDetail
from divan_core.moderation.actionmodel import Action
from divan_core.moderation.appealmodel import Appeal
from divan_core.moderation.audit import view
from divan_core.moderation.chain import Entry
from divan_core.moderation.messages import (
    CASE_ASSIGNED,
    CASE_CLOSED,
    CASE_DISMISSED,
    CASE_ESCALATED,
    ESCALATIONS,
    REPORTS,
    AssignCase,
    BatchAction,
    BatchError,
    BatchResult,
    BatchResults,
    CasesQuery,
    CaseView,
    DismissCase,
    EscalateCase,
    NextCase,
    OneCase,
    subject_uuid,
)
from divan_core.moderation.model import (
    Case,
    CaseFilter,
    CaseId,
    CaseStatus,
    Decision,
    Reason,
    Report,
    SubjectKind,
)
from divan_core.moderation.ports import AppealUnit, DeskUnit
from divan_core.moderation.tools import DeskTools, Place, deed, event

MOST_SHOWN: Final = 200
"""How many reports, and how many entries of the audit, stand in one case."""

MOST_EXPORTED: Final = 10_000
CANDIDATES: Final = 10
"""How many cases are looked at for whoever wants the next; others may have taken up the first."""

_FORMULAS: Final = ("=", "+", "-", "@", "\t", "\r")

Change = Callable[[Case], Case]
Check = Callable[[Case, Actor], None]


@attrs.frozen
class _Act:
    """Something that is done with a case: its name, how the case is then, why, and if it may be."""

    name: str
    change: Change
    words: str | None = None
    topic: str = REPORTS
    check: Check = policy.check_live


@attrs.frozen
class _Whole:
    """All that is known of a case."""

    case: Case
    reports: Sequence[Report]
    actions: Sequence[Action]
    appeals: Sequence[Appeal]
    entries: Sequence[Entry]


class Cases:
    """What staff does with cases: moderators with those of their campus, admins with all.

    Nobody sees a case about themselves or what is theirs.
    """

    def __init__(self, units: Units[AppealUnit], tools: DeskTools) -> None:
        """Keep cases through ``units``."""
        self._units = units
        self._tools = tools

    async def page(self, actor: Actor, query: CasesQuery) -> Page[CaseView]:
        """Cases, the newest first.

        Raises:
            NotAllowed: the actor is not of the staff.
            InvalidCursor: the cursor is not of this list.
        """
        wanted = await self._wanted(actor, query)
        asked = attrs.evolve(query, cursor=None, limit=1)
        binding = b"cases:" + actor.user_id.bytes + repr((wanted.campus_id, asked)).encode()
        place = Place(self._tools.sealer, binding)
        last = place.open(query.cursor)
        before = None if last is None else CaseId(last)
        found = await self._found(wanted, before, query.limit + 1)
        shown = found[: query.limit]
        cursor = place.seal(shown[-1].id) if len(found) > query.limit else None
        return Page(tuple(map(policy.case_view, shown)), cursor)

    async def get(self, actor: Actor, query: OneCase) -> CaseDetail:
        """A case, with its reports, what was done, and appeals.

        Raises:
            NotAllowed: the actor is not of the staff.
            NotFound: there is no such case to them.
        """
        policy.check_staff(actor)

        async def body(unit: AppealUnit) -> _Whole:
            case = policy.check_case(actor, await unit.cases.get(query.case_id))
            return _Whole(
                case,
                await unit.cases.reports(case.id, MOST_SHOWN),
                await unit.actions.of_case(case.id, MOST_SHOWN),
                await unit.appeals.of_case(case.id, MOST_SHOWN),
                await unit.audit.about(case.about, MOST_SHOWN),
            )

        found = await self._units.read(body)
        people = await self._tools.people.introduced({one.appellant_id for one in found.appeals})
        behind = [one.cause.decision_id for one in found.actions if one.cause is not None]
        decisions = await self._tools.decided.about(found.case.subject.id, behind)
        return CaseDetail(
            case=policy.case_view(found.case),
            content=await self._tools.subjects.content(found.case.subject),
            reports=tuple(map(policy.case_report, found.reports)),
            actions=tuple(map(actionpolicy.action_view, found.actions)),
            appeals=tuple(
                appealpolicy.appeal_view(one, people[one.appellant_id]) for one in found.appeals
            ),
            timeline=tuple(map(view, found.entries)),
            decisions=tuple(decisions),
        )

    async def next(self, actor: Actor) -> NextCase:
        """The case on the actor's desk; if there is none, the most urgent one is put there.

        It stays for 15 minutes, and is nobody else's meanwhile. To admins, appeals against what
        others have done are among them.

        Raises:
            NotAllowed: the actor is not of the staff.
        """
        scope, now = policy.check_staff(actor), self._tools.clock.now()

        async def body(unit: AppealUnit) -> Case | None:
            held = await unit.cases.held(actor.user_id, now)
            if held is not None and scope in {None, held.campus_id}:
                return held
            for one in await _candidates(unit, actor, now):
                await unit.locks.take(one.subject.lock)
                case = await unit.cases.get(one.id)
                if case is not None and policy.is_for(case, actor.user_id, now):
                    case = policy.leased(case, actor.user_id, now)
                    await unit.cases.put(case)
                    return case
            return None

        case = await self._units.write(body, locking=True)
        return NextCase(None if case is None else policy.case_view(case))

    async def assign(
        self, actor: Actor, command: AssignCase, *, idempotency_key: KeyGiven = None
    ) -> Done[CaseView]:
        """Give a live case, or one with an appeal, to a member of staff, to oneself by default.

        Raises:
            NotAllowed: the actor is not of the staff, or the case was left to admins.
            NotFound: there is no such case to them, or no such person.
            CaseDecided: it is decided.
            Refusals of the key: see :class:`~divan_core.kernel.once.Once`.
        """
        act = await self._assigning(actor, command.assignee_id)
        attempt = Attempt(actor, "cases.assign", command, CaseView, idempotency_key)
        return await self._do(attempt, command.case_id, act)

    async def escalate(
        self, actor: Actor, command: EscalateCase, *, idempotency_key: KeyGiven = None
    ) -> Done[CaseView]:
        """Leave a live case to admins. As :meth:`assign` otherwise."""
        check_texts(reason=command.reason)
        act = _escalating(command.reason)
        attempt = Attempt(actor, "cases.escalate", command, CaseView, idempotency_key)
        return await self._do(attempt, command.case_id, act)

    async def dismiss(
        self, actor: Actor, command: DismissCase, *, idempotency_key: KeyGiven = None
    ) -> Done[CaseView]:
        """Decide that nothing is to be done. As :meth:`assign` otherwise."""
        check_texts(reason=command.reason)
        act = self._dismissing(actor, command.reason)
        attempt = Attempt(actor, "cases.dismiss", command, CaseView, idempotency_key)
        return await self._do(attempt, command.case_id, act)

    async def batch(
        self, actor: Actor, command: BatchAction, *, idempotency_key: KeyGiven = None
    ) -> Done[BatchResults]:
        """Assign, escalate or dismiss up to a hundred cases; each succeeds or fails by itself.

        ``Actions.batch`` applies actions.

        Raises:
            NotAllowed: the actor is not of the staff.
            InvalidInput: the payload does not fit the action.
            Refusals of the key: see :class:`~divan_core.kernel.once.Once`.
        """
        check_texts(reason=command.reason)
        policy.check_staff(actor)
        act = await self._batched(actor, command)

        async def body(unit: DeskUnit) -> BatchResults:
            results, acted = list[BatchResult](), list[Case]()
            await _lock(unit, command.case_ids)
            for case_id in dict.fromkeys(command.case_ids):
                try:
                    acted.append(await self._changed(unit, actor, case_id, act))
                    results.append(BatchResult(case_id, ok=True))
                except DivanError as refusal:
                    error = BatchError(refusal.code, refusal.detail)
                    results.append(BatchResult(case_id, ok=False, error=error))
            if not command.dry_run:
                await self._keep(unit, actor, act, acted)
            return BatchResults(tuple(results))

        attempt = Attempt(actor, "cases.batch_action", command, BatchResults, idempotency_key)
        return await self._tools.once.once(attempt, body)

    async def export(self, actor: Actor, query: CasesQuery) -> str:
        """Up to 10,000 cases as CSV (RFC 4180), the newest first; ``limit`` does not matter.

        Raises:
            NotAllowed: the actor is not of the staff.
        """
        wanted = await self._wanted(actor, query)
        found = await self._found(wanted, None, MOST_EXPORTED)
        columns = [field.name for field in attrs.fields(CaseView)]
        text = io.StringIO()
        rows = csv.writer(text)
        rows.writerow(columns)
        for one in map(policy.case_view, found):
            rows.writerow(_cell(getattr(one, name)) for name in columns)
        return text.getvalue()

    async def close_over(self, most: int) -> int:
        """Close up to ``most`` cases that were decided 30 days ago; how many it were."""
        before = Millis(self._tools.clock.now() - policy.CLOSES_AFTER_MS)

        async def body(unit: DeskUnit) -> int:
            over = await unit.cases.over(before, most)
            if over:
                await unit.locks.take(*(one.subject.lock for one in over))
            found = [case for one in over if (case := await unit.cases.get(one.id)) is not None]
            acted = [policy.closed(one) for one in found if policy.is_over(one, before)]
            await self._keep(unit, None, _Act(CASE_CLOSED, policy.closed), acted)
            return len(acted)

        return await self._units.write(body, locking=True)

    async def _do(self, attempt: Attempt[CaseView], case_id: CaseId, act: _Act) -> Done[CaseView]:
        policy.check_staff(attempt.actor)

        async def body(unit: DeskUnit) -> CaseView:
            case = await self._changed(unit, attempt.actor, case_id, act)
            await self._keep(unit, attempt.actor, act, [case])
            return policy.case_view(case)

        return await self._tools.once.once(attempt, body)

    async def _changed(self, unit: DeskUnit, actor: Actor, case_id: CaseId, act: _Act) -> Case:
        """The case after an act, if it may be done; nobody else changes it until the unit's end."""
        case = policy.check_case(actor, await unit.cases.get(case_id))
        await unit.locks.take(case.subject.lock)
        case = policy.check_case(actor, await unit.cases.get(case_id))
        act.check(case, actor)
        return act.change(case)

    async def _keep(
        self, unit: DeskUnit, actor: Actor | None, act: _Act, cases: Sequence[Case]
    ) -> None:
        for case in cases:
            await unit.cases.put(case)
        if cases:
            tools = self._tools
            await unit.outbox.add(*(event(tools, act.topic, act.name, one) for one in cases))
            deeds = (deed(tools, actor, act.name, one, act.words) for one in cases)
            await tools.trail.append(unit, *deeds)

    async def _assigning(
        self, actor: Actor, assignee: UserId | None, words: str | None = None
    ) -> _Act:
        policy.check_staff(actor)
        chosen = assignee or actor.user_id
        if chosen != actor.user_id and not await self._tools.people.is_staff(chosen, actor):
            raise NotFound("There is no such member of staff.")
        change, check = (lambda case: policy.assigned(case, chosen)), policy.check_assignable
        return _Act(CASE_ASSIGNED, change, words, check=check)

    def _dismissing(self, actor: Actor, words: str) -> _Act:
        now = self._tools.clock.now()
        decision, me = Decision.DISMISSED, actor.user_id
        return _Act(CASE_DISMISSED, lambda case: policy.decided(case, decision, me, now), words)

    async def _batched(self, actor: Actor, command: BatchAction) -> _Act:
        if command.action == "escalate":
            return _escalating(command.reason)
        if command.action == "dismiss":
            return self._dismissing(actor, command.reason)
        if command.action == "apply":
            raise InvalidInput("Actions are applied by Actions.batch.")
        given = (command.payload or {}).get("assignee_id")
        assignee = None if given is None else subject_uuid(str(given))
        if given is not None and assignee is None:
            raise InvalidInput("payload.assignee_id must be a person's id.")
        chosen = None if assignee is None else UserId(assignee)
        return await self._assigning(actor, chosen, command.reason)

    async def _wanted(self, actor: Actor, query: CasesQuery) -> CaseFilter:
        scope = policy.check_staff(actor)
        return CaseFilter(
            campus_id=scope,
            status=None if query.status is None else CaseStatus(query.status),
            severity_min=query.severity_min,
            severity_max=query.severity_max,
            assigned_to=query.assigned_to,
            kind=None if query.subject_type is None else SubjectKind(query.subject_type),
            reason=None if query.reason is None else Reason(query.reason),
            opened_from=None if query.opened_from is None else Millis(query.opened_from),
            opened_before=None if query.opened_before is None else Millis(query.opened_before),
            appeal_open=query.appeal_open,
            not_of=actor.user_id,
            ids=None if query.q is None else await self._ids(query.q),
        )

    async def _ids(self, text: str) -> tuple[UUID, ...]:
        """What a text names: an id, or somebody by their handle; nothing at all otherwise."""
        one = subject_uuid(text) or await self._tools.people.named(text)
        return () if one is None else (one,)

    async def _found(self, wanted: CaseFilter, before: CaseId | None, limit: int) -> Sequence[Case]:
        async def body(unit: DeskUnit) -> Sequence[Case]:
            return await unit.cases.page(wanted, before, limit)

        return await self._units.read(body)


async def _candidates(unit: AppealUnit, actor: Actor, now: Millis) -> Sequence[Case]:
    """What may be put on the desk of a member of staff, the most urgent first."""
    scope, me = policy.check_staff(actor), actor.user_id
    found = await unit.cases.urgent(scope, me, now, CANDIDATES)
    if scope is not None:
        return found
    return sorted([*found, *await unit.appeals.urgent(me, now, CANDIDATES)], key=policy.urgency)


async def _lock(unit: DeskUnit, case_ids: Sequence[CaseId]) -> None:
    """Be alone with these, all at once, so that two who want the same never wait for each other."""
    found = [await unit.cases.get(one) for one in case_ids]
    await unit.locks.take(*(one.subject.lock for one in found if one is not None))


def _escalating(words: str) -> _Act:
    return _Act(CASE_ESCALATED, policy.escalated, words, ESCALATIONS)


def _cell(value: object) -> str:
    """A value of CSV; no spreadsheet takes it for a formula."""
    text = "" if value is None else str(value)
    return f"'{text}" if text.startswith(_FORMULAS) else text
