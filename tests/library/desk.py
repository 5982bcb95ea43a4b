"""Somebody who is reported, and the staff who look at it."""

from collections.abc import Awaitable
from typing import Any

import attrs
import pytest

from divan_core.errors import DivanError
from divan_core.kernel.actor import ADMIN, MODERATOR, Actor
from divan_core.moderation.actionmessages import ActionView, ApplyAction
from divan_core.moderation.appealmessages import OwnAppeal, ResolveAppeal, SendAppeal
from divan_core.moderation.messages import CasesQuery, CaseView, OneCase, SendReport
from divan_core.moderation.sanctionmessages import Sanction, SanctionsQuery
from tests.library.conftest import World

WHY = "I did nothing of the sort."


@attrs.define
class Scene:
    """Ben, whom Ana reports, a moderator who acts on it, and two admins who have not."""

    world: World
    ana: Actor
    ben: Actor
    cyd: Actor
    mod: Actor
    root: Actor
    rita: Actor

    async def case(self, kind: Any = "user", subject_id: object = None) -> CaseView:
        """The case that Ana's report makes."""
        named = self.ben.user_id if subject_id is None else subject_id
        await self.world.divan.reports.send(self.ana, SendReport(kind, str(named), "abuse"))
        return (await self.world.divan.cases.page(self.mod, CasesQuery())).items[0]

    async def act(self, case: CaseView, action: Any, **more: Any) -> tuple[ActionView, ...]:
        """Do something about a case as the moderator."""
        command = ApplyAction(case.id, action, "Because of that.", **more)
        return (await self.world.divan.actions.apply(self.mod, command)).view.actions

    async def appeal(self, case: CaseView, who: Actor | None = None) -> OwnAppeal:
        """Appeal as Ben, or somebody else."""
        command = SendAppeal(case.id, WHY)
        return (await self.world.divan.appeals.send(who or self.ben, command)).view

    async def resolve(
        self, appeal: OwnAppeal, status: Any, who: Actor | None = None, note: str | None = "So."
    ) -> Any:
        """Decide as the first admin, or somebody else."""
        command = ResolveAppeal(appeal.id, status, note)
        return (await self.world.divan.appeals.resolve(who or self.root, command)).view

    async def told(self, who: Actor | None = None) -> tuple[Sanction, ...]:
        """What Ben, or somebody else, is told."""
        return (await self.world.divan.sanctions.mine(who or self.ben, SanctionsQuery())).items

    async def status(self, case: CaseView) -> tuple[str, bool]:
        """Where a case stands."""
        found = (await self.world.divan.cases.get(self.root, OneCase(case.id))).case
        return found.status, found.appeal_open


async def a_scene(world: World) -> Scene:
    """Everybody of it, on a campus."""
    names = ("ana", "ben", "cyd", "mod", "root", "rita")
    ana, ben, cyd, mod, root, rita = [await world.join(name) for name in names]
    admin = frozenset({ADMIN})
    return Scene(
        world,
        ana,
        ben,
        cyd,
        attrs.evolve(mod, roles=frozenset({MODERATOR})),
        attrs.evolve(root, roles=admin),
        attrs.evolve(rita, roles=admin),
    )


async def refused(kind: type[DivanError], call: Awaitable[object]) -> None:
    """See that a call is refused so."""
    with pytest.raises(kind):
        await call
