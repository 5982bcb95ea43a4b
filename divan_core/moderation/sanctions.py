"""What people learn of what was done to them: statements of reasons, and their appeals."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import attrs
import msgspec

from divan_core.kernel.actor import Actor
from divan_core.kernel.clock import rfc3339
from divan_core.kernel.ids import CampusId, UserId
from divan_core.kernel.notices import PersonNotice
from divan_core.kernel.paging import Page
from divan_core.kernel.units import Units
from divan_core.moderation import appealpolicy, policy
from divan_core.moderation.actionmodel import Action, ActionId
from divan_core.moderation.appealmessages import OneAppeal, OwnAppeal
from divan_core.moderation.appealmodel import Appeal, AppealId
from divan_core.moderation.model import Case
from divan_core.moderation.ports import AppealUnit
from divan_core.moderation.sanctionmessages import Sanction, SanctionsQuery
from divan_core.moderation.tools import DeskTools, Place

PORTION: Final = 200
"""How many are read at a time where all are."""


@attrs.frozen
class _Told:
    """An action, its case, and the appeal of whoever is told of it."""

    action: Action
    case: Case
    appeal: Appeal | None


class Sanctions:
    """Tells people what was done to them. Staff has no names here; a ban does not close this."""

    def __init__(self, units: Units[AppealUnit], tools: DeskTools) -> None:
        """Read through ``units``."""
        self._units = units
        self._tools = tools

    async def mine(self, actor: Actor, query: SanctionsQuery) -> Page[Sanction]:
        """What was done to the actor or to what is theirs, the newest first.

        What was to go unnoticed is left out, but on campuses that tell people of that as well.

        Raises:
            InvalidCursor: the cursor is not of this list.
        """
        place = Place(self._tools.sealer, b"sanctions:" + actor.user_id.bytes)
        last = place.open(query.cursor)
        before = None if last is None else ActionId(last)
        found = await self._page(actor, before, query.limit + 1)
        views = tuple(self._view(one) for one in found[: query.limit])
        more = len(found) > query.limit
        return Page(views, place.seal(views[-1].id) if more else None)

    async def every(self, actor: Actor) -> tuple[Sanction, ...]:
        """All of it, for whoever asks for their data."""
        found = list[_Told]()
        while True:
            before = found[-1].action.id if found else None
            portion = await self._page(actor, before, PORTION)
            found += portion
            if len(portion) < PORTION:
                return tuple(map(self._view, found))

    async def appeals(self, actor: Actor) -> tuple[OwnAppeal, ...]:
        """All appeals of the actor, the oldest first."""
        found = list[Appeal]()
        while True:
            after = found[-1].id if found else None

            async def body(unit: AppealUnit, after: AppealId | None = after) -> Sequence[Appeal]:
                return await unit.appeals.by(actor.user_id, after, PORTION)

            portion = await self._units.read(body)
            found += portion
            if len(portion) < PORTION:
                return tuple(map(self._own, found))

    async def shown(self, notice: PersonNotice) -> OwnAppeal | None:
        """The appeal that a notice is about, as it is now; None for what is not its person's.

        Raises:
            StoreUnavailable: it cannot be read now.
        """
        try:
            appeal_id = msgspec.convert(notice.data, OneAppeal).appeal_id
        except msgspec.ValidationError:  # of another version
            return None
        appeal = await self._units.look(lambda unit: unit.appeals.get(appeal_id))
        if appeal is None or appeal.appellant_id != notice.user_id:
            return None
        return self._own(appeal)

    def is_candid(self, campus_id: CampusId) -> bool:
        """Whether people of a campus are told also of what was to go unnoticed."""
        return campus_id in self._tools.candid

    async def _page(self, actor: Actor, before: ActionId | None, limit: int) -> Sequence[_Told]:
        """Some of what was done to somebody. Three statements."""
        me, hidden_too = actor.user_id, self.is_candid(actor.campus_id)

        async def body(unit: AppealUnit) -> Sequence[_Told]:
            actions = await unit.actions.felt_by(me, before, limit, hidden_too=hidden_too)
            ids = {one.case_id for one in actions}
            cases = {one.id: one for one in await unit.cases.get_many(ids)}
            appeals = {one.case_id: one for one in await unit.appeals.of_person(me, ids)}
            return [_Told(one, cases[one.case_id], appeals.get(one.case_id)) for one in actions]

        return await self._units.read(body)

    def _view(self, told: _Told) -> Sanction:
        action, case, appeal = told.action, told.case, told.appeal
        return Sanction(
            id=action.id,
            case_id=case.id,
            action=action.kind.value,
            subject_type=case.subject.kind.value,
            subject_id=policy.written(case.subject),
            facts=case.reason.value,
            reason=action.reason,
            automatic=action.cause is not None,
            rule_id=None if action.cause is None else action.cause.rule_id,
            by=None if action.by is None else self._called(case.campus_id, action.by),
            created_at=rfc3339(action.at),
            until=None if action.until is None else rfc3339(action.until),
            end=None if action.end is None else action.end.value,
            ended_at=None if action.ended_at is None else rfc3339(action.ended_at),
            scope=action.scope.value,
            may_appeal=appeal is None and self._may_appeal(action, case),
            appeal=None if appeal is None else self._own(appeal),
        )

    def _may_appeal(self, action: Action, case: Case) -> bool:
        person, hidden_too = action.person_id, self.is_candid(case.campus_id)
        return person is not None and appealpolicy.may_appeal(
            case, (action,), person, hidden_too=hidden_too
        )

    def _own(self, appeal: Appeal) -> OwnAppeal:
        by = appeal.resolver_id
        resolver = None if by is None else self._called(appeal.campus_id, by)
        return appealpolicy.own_appeal(appeal, resolver)

    def _called(self, campus_id: CampusId, user_id: UserId) -> str:
        return self._tools.pseudonyms.of(campus_id, user_id)
