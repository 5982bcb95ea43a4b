"""Appeals: what people say against what was done to them, and what an admin makes of it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final, Generic, TypeVar

import attrs

from divan_core.errors import NotFound
from divan_core.kernel.actor import Actor
from divan_core.kernel.ids import UserId
from divan_core.kernel.once import Attempt, Done, KeyGiven
from divan_core.kernel.paging import Page
from divan_core.kernel.texts import check_texts
from divan_core.kernel.units import Units
from divan_core.moderation import appealpolicy, policy
from divan_core.moderation.actionmessages import ACTION_REVERTED
from divan_core.moderation.actionmodel import Action, End
from divan_core.moderation.appealmessages import (
    APPEAL_OPENED,
    APPEAL_RESOLVED,
    APPEALS,
    AppealOutcome,
    AppealsQuery,
    AppealView,
    OneAppeal,
    OwnAppeal,
    ResolveAppeal,
    SendAppeal,
)
from divan_core.moderation.appealmodel import (
    Appeal,
    AppealFilter,
    AppealId,
    AppealStatus,
    Verdict,
)
from divan_core.moderation.effects import Effects, Fact, Hand, people_of
from divan_core.moderation.messages import CASE_CLOSED, REPORTS
from divan_core.moderation.model import Case, CaseId, CaseStatus, SubjectKind
from divan_core.moderation.ports import AppealUnit
from divan_core.moderation.tools import DeskTools, Place, deed, event

UnitT = TypeVar("UnitT", bound=AppealUnit)

SEND: Final = "appeals.send"
RESOLVE: Final = "appeals.resolve"
MOST: Final = 1_000
"""How many actions, and how many appeals, of one case are looked at."""


@attrs.frozen
class _Affair:
    """A case with all that was done about it, and everybody's appeals."""

    case: Case
    actions: Sequence[Action]
    appeals: Sequence[Appeal]

    @property
    def locks(self) -> tuple[str, ...]:
        """What is locked to undo it."""
        return (self.case.subject.lock, *(one.target.lock for one in self.actions))

    @property
    def people(self) -> tuple[UserId, ...]:
        """Whom it may concern: those it was done to, and whom the case is about."""
        subject = self.case.subject
        named = (UserId(subject.id),) if subject.kind is SubjectKind.USER else ()
        return tuple(dict.fromkeys((*named, *people_of(self.actions))))


class Appeals(Generic[UnitT]):
    """A second look, by an admin who has not acted, once for each person and case.

    While an appeal waits, nothing more is done about its case. An accepted one takes back all that
    was done about it. Appeal, case, what is taken back, events and entries of the audit are one
    transaction.
    """

    def __init__(self, units: Units[UnitT], tools: DeskTools, hand: Hand[UnitT]) -> None:
        """Keep appeals through ``units``, and take actions back by ``hand``."""
        self._units = units
        self._tools = tools
        self._once = hand.once
        self._effects = Effects(tools, hand.enforcement)

    async def send(
        self, actor: Actor, command: SendAppeal, *, idempotency_key: KeyGiven = None
    ) -> Done[OwnAppeal]:
        """Appeal against what was done about a case to oneself or what is one's own.

        Raises:
            ValidationFailed: the note is no text that can be kept.
            NotFound: there is no such case to the actor: nothing was done to them, or nothing that
                they may know of.
            AlreadyAppealed: they have appealed.
            AppealClosed: the case is closed, or all that was done to them was taken back.
            Refusals of the key: see :class:`~divan_core.kernel.once.Once`.
        """
        check_texts(note=command.note)
        case = (await self._units.read(lambda unit: self._own(unit, actor, command.case_id))).case

        async def body(unit: UnitT) -> OwnAppeal:
            await unit.locks.take(case.subject.lock)
            affair = await self._own(unit, actor, command.case_id)
            appealpolicy.check_may_appeal(
                actor,
                affair.case,
                affair.actions,
                affair.appeals,
                hidden_too=self._candid(affair.case),
            )
            appeal_id, now = AppealId(self._tools.ids.uuid()), self._tools.clock.now()
            appeal = appealpolicy.new_appeal(appeal_id, affair.case, actor, command, now)
            waiting = appealpolicy.appealed(affair.case)
            await unit.cases.put(waiting)
            await unit.appeals.put(appeal)
            await self._tell(unit, actor, APPEAL_OPENED, waiting, [appeal])
            return appealpolicy.own_appeal(appeal, None)

        attempt = Attempt(actor, SEND, command, OwnAppeal, idempotency_key)
        return await self._once.once(attempt, body)

    async def resolve(
        self, actor: Actor, command: ResolveAppeal, *, idempotency_key: KeyGiven = None
    ) -> Done[AppealOutcome]:
        """Decide about an appeal; accepting it takes back all that was done about its case.

        Other appeals of the case are accepted along. The case closes, unless an appeal still waits
        or somebody to whom something was done has yet to appeal.

        Raises:
            ValidationFailed: the note is no text that can be kept.
            NotAllowed: the actor is no admin.
            NotFound: there is no such appeal to them, or it concerns them.
            OwnDecision: they have decided about the case, or acted on it.
            AppealResolved: somebody has decided.
            Refusals of the key: see :class:`~divan_core.kernel.once.Once`.
        """
        check_texts(note=command.note)
        affair, _ = await self._units.read(lambda unit: self._job(unit, actor, command.appeal_id))

        async def body(unit: UnitT) -> AppealOutcome:
            await unit.locks.take(*affair.locks)
            now, appeal = await self._job(unit, actor, command.appeal_id)
            appealpolicy.check_waits(appeal)
            at = self._tools.clock.now()
            verdict = Verdict(AppealStatus(command.status), actor.user_id, at, command.note)
            case = await self._decided(unit, actor, now, appeal, verdict)
            return appealpolicy.outcome(appealpolicy.resolved(appeal, verdict), verdict, case)

        attempt = Attempt(actor, RESOLVE, command, AppealOutcome, idempotency_key)
        async with self._effects.changing(affair.case.campus_id, affair.people):
            return await self._once.once(attempt, body)

    async def page(self, actor: Actor, query: AppealsQuery) -> Page[AppealView]:
        """Appeals of the actor's campus, to admins of all, the newest first.

        Raises:
            NotAllowed: the actor is not of the staff.
            InvalidCursor: the cursor is not of this list.
        """
        scope = policy.check_staff(actor)
        status = None if query.status is None else AppealStatus(query.status)
        wanted = AppealFilter(scope, status, actor.user_id)
        place = Place(self._tools.sealer, b"appeals:" + repr(wanted).encode())
        last = place.open(query.cursor)
        before = None if last is None else AppealId(last)

        async def body(unit: UnitT) -> Sequence[Appeal]:
            return await unit.appeals.page(wanted, before, query.limit + 1)

        found = await self._units.read(body)
        shown = found[: query.limit]
        cursor = place.seal(shown[-1].id) if len(found) > query.limit else None
        return Page(await self._views(shown), cursor)

    async def get(self, actor: Actor, query: OneAppeal) -> AppealView:
        """An appeal.

        Raises:
            NotAllowed: the actor is not of the staff.
            NotFound: there is no such appeal to them.
        """
        policy.check_staff(actor)

        async def body(unit: UnitT) -> Appeal:
            appeal = await unit.appeals.get(query.appeal_id)
            if appeal is None or appeal.appellant_id == actor.user_id:
                raise NotFound
            policy.check_case(actor, await unit.cases.get(appeal.case_id))
            return appeal

        (view,) = await self._views([await self._units.read(body)])
        return view

    async def _own(self, unit: UnitT, actor: Actor, case_id: CaseId) -> _Affair:
        """The case of somebody to whom something was done."""
        case = await unit.cases.get(case_id)
        actions = await unit.actions.of_case(case_id, MOST)
        hidden_too = case is not None and self._candid(case)
        found = appealpolicy.check_appellant(actor, case, actions, hidden_too=hidden_too)
        return _Affair(found, actions, await unit.appeals.of_case(case_id, MOST))

    async def _job(self, unit: UnitT, actor: Actor, appeal_id: AppealId) -> tuple[_Affair, Appeal]:
        """An appeal with its case, if this admin may decide about it."""
        appealpolicy.check_admin(actor)
        appeal = await unit.appeals.get(appeal_id)
        if appeal is None:
            raise NotFound
        case = policy.check_case(actor, await unit.cases.get(appeal.case_id))
        actions = await unit.actions.of_case(case.id, MOST)
        appealpolicy.check_second(actor, case, actions)
        return _Affair(case, actions, await unit.appeals.of_case(case.id, MOST)), appeal

    async def _decided(
        self, unit: UnitT, actor: Actor, affair: _Affair, appeal: Appeal, verdict: Verdict
    ) -> Case:
        """The case after a verdict about one of its appeals, and all that follows from it."""
        changed = [
            appealpolicy.resolved(appeal, verdict),
            *appealpolicy.along(affair.appeals, appeal, verdict),
        ]
        now = {one.id: one for one in (*affair.appeals, *changed)}
        actions = affair.actions
        if verdict.status is AppealStatus.ACCEPTED:
            actions = await self._undone(unit, actor, affair, verdict.note)
        case = appealpolicy.case_after(
            affair.case, list(now.values()), actions, hidden_too=self._candid(affair.case)
        )
        for one in changed:
            await unit.appeals.put(one)
        await unit.cases.put(case)
        await self._tell(unit, actor, APPEAL_RESOLVED, case, changed)
        if case.status is CaseStatus.CLOSED:
            await unit.outbox.add(event(self._tools, REPORTS, CASE_CLOSED, case))
            await self._tools.trail.append(unit, deed(self._tools, actor, CASE_CLOSED, case))
        return case

    async def _undone(
        self, unit: UnitT, actor: Actor, affair: _Affair, words: str | None
    ) -> Sequence[Action]:
        """All actions of a case, once those that have not ended are taken back."""
        found = list[Action]()
        for action in affair.actions:
            if action.end is None:
                ended = await self._effects.end(unit, action, End.REVERTED, actor)
                fact = Fact(ACTION_REVERTED, affair.case, ended, words)
                await self._effects.record(unit, actor, fact)
                found.append(ended)
            else:
                found.append(action)
        return found

    async def _tell(
        self, unit: UnitT, actor: Actor, name: str, case: Case, appeals: Iterable[Appeal]
    ) -> None:
        """Tell what happened to appeals, by ids alone, and put it on record."""
        for one in appeals:
            whose = {"appeal_id": str(one.id), "appellant_id": str(one.appellant_id)}
            happened = event(self._tools, APPEALS, name, case)
            told = {**happened.data, **whose, "status": one.status.value}
            await unit.outbox.add(attrs.evolve(happened, data=told))
            done = deed(self._tools, actor, name, case, one.outcome_note)
            kept = {**done.data, **whose, "appeal_status": one.status.value}
            done = attrs.evolve(done, data=kept, person_id=one.appellant_id)
            await self._tools.trail.append(unit, done)

    async def _views(self, appeals: Sequence[Appeal]) -> tuple[AppealView, ...]:
        whose: set[UserId] = {one.appellant_id for one in appeals}
        people = await self._tools.people.introduced(whose)
        return tuple(appealpolicy.appeal_view(one, people[one.appellant_id]) for one in appeals)

    def _candid(self, case: Case) -> bool:
        """Whether the case's campus tells people of what was to go unnoticed."""
        return case.campus_id in self._tools.candid
