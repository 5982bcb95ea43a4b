"""Bans of the whole deployment: one admin proposes, another confirms, within a day."""

import anyio
import attrs
import pytest

from divan_core.errors import (
    Banned,
    CaseDecided,
    ConfirmationLapsed,
    InvalidInput,
    NotAllowed,
    NotFound,
    OwnDecision,
)
from divan_core.kernel.actor import ADMIN, Actor
from divan_core.moderation.actionmessages import (
    ActionView,
    Applied,
    ApplyAction,
    ConfirmAction,
    RevertAction,
)
from divan_core.moderation.messages import CaseView, DismissCase, OneCase
from tests.library.conftest import World
from tests.library.desk import Scene, a_scene, refused

pytestmark = pytest.mark.anyio

HOUR_S = 3_600


@pytest.fixture
async def scene(world: World) -> Scene:
    return await a_scene(world)


async def propose(scene: Scene, case: CaseView, who: Actor | None = None) -> Applied:
    """Propose to ban Ben everywhere, for an hour."""
    command = ApplyAction(case.id, "ban", "Because.", ttl_minutes=60, scope="deployment")
    return (await scene.world.divan.actions.apply(who or scene.root, command)).view


async def confirm(scene: Scene, case: CaseView, action: ActionView, who: Actor) -> Applied:
    """Confirm it."""
    command = ConfirmAction(case.id, action.id, "I agree.")
    return (await scene.world.divan.actions.confirm(who, command)).view


async def is_banned(world: World, who: Actor) -> bool:
    """Whether somebody hears that they are banned."""
    try:
        await world.divan.accounts.actor(who.user_id)
    except Banned:
        return True
    return False


async def test_a_second_admin_lets_it_take_force(scene: Scene) -> None:
    divan, case = scene.world.divan, await scene.case()
    done = await propose(scene, case)
    (action,) = done.actions
    assert (done.case.status, action.pending, action.scope) == ("escalated", True, "deployment")
    assert not await is_banned(scene.world, scene.ben)
    assert await scene.told() == ()
    again = await propose(scene, case, scene.rita)
    assert again.actions == done.actions
    await refused(OwnDecision, confirm(scene, case, action, scene.root))
    await refused(NotAllowed, confirm(scene, case, action, scene.mod))
    ben = attrs.evolve(scene.ben, roles=frozenset({ADMIN}))
    await refused(NotFound, confirm(scene, case, action, ben))
    confirmed = await confirm(scene, case, action, scene.rita)
    (now,) = confirmed.actions
    assert (confirmed.case.status, now.pending, now.confirmed_by) == (
        "actioned",
        False,
        scene.rita.user_id,
    )
    assert await is_banned(scene.world, scene.ben)
    assert (await confirm(scene, case, action, scene.rita)).actions == (now,)
    (told,) = await scene.told()
    assert (told.action, told.scope) == ("ban", "deployment")
    detail = await divan.cases.get(scene.root, OneCase(case.id))
    assert [(one.action, one.actor_id) for one in detail.timeline] == [
        ("action.proposed", scene.root.user_id),
        ("action.confirmed", scene.rita.user_id),
    ]
    scene.world.clock.advance(HOUR_S)
    assert await divan.actions.expire(9) == 1
    assert not await is_banned(scene.world, scene.ben)
    assert (await divan.audit.verify()).ok


async def test_only_admins_take_it_back(scene: Scene) -> None:
    divan, case = scene.world.divan, await scene.case()
    (action,) = (await propose(scene, case)).actions
    await confirm(scene, case, action, scene.rita)
    revert = RevertAction(case.id, action.id, "No.")
    await refused(NotAllowed, divan.actions.revert(scene.mod, revert))
    appeal = await scene.appeal(case)
    for one in (scene.root, scene.rita):
        await refused(OwnDecision, scene.resolve(appeal, "accepted", one))
    await divan.actions.revert(scene.root, revert)
    assert not await is_banned(scene.world, scene.ben)


async def test_it_lapses_after_a_day(scene: Scene) -> None:
    divan, case = scene.world.divan, await scene.case()
    (action,) = (await propose(scene, case)).actions
    scene.world.clock.advance(24 * HOUR_S - 0.001)
    assert await divan.actions.expire(9) == 0
    scene.world.clock.advance(0.001)
    await refused(ConfirmationLapsed, confirm(scene, case, action, scene.rita))
    (fresh,) = (await propose(scene, case)).actions
    assert fresh.id != action.id
    assert await divan.actions.expire(9) == 1
    await refused(ConfirmationLapsed, confirm(scene, case, action, scene.rita))
    detail = await divan.cases.get(scene.root, OneCase(case.id))
    assert [one.end for one in detail.actions] == ["lapsed", None]
    assert [one.action for one in detail.timeline][-1] == "action.lapsed"
    await confirm(scene, case, fresh, scene.rita)
    assert await is_banned(scene.world, scene.ben)


async def test_what_was_taken_back_is_not_confirmed(scene: Scene) -> None:
    divan, case = scene.world.divan, await scene.case()
    (action,) = (await propose(scene, case)).actions
    done = await divan.actions.revert(scene.root, RevertAction(case.id, action.id, "No."))
    assert (done.view.end, done.view.pending) == ("reverted", False)
    await refused(ConfirmationLapsed, confirm(scene, case, action, scene.rita))
    (other,) = (await propose(scene, case)).actions
    await divan.cases.dismiss(scene.rita, DismissCase(case.id, "Enough."))
    await refused(CaseDecided, confirm(scene, case, other, scene.rita))
    assert not await is_banned(scene.world, scene.ben)


async def test_what_cannot_be_proposed(scene: Scene) -> None:
    divan, case = scene.world.divan, await scene.case()
    for who, action, kind in (
        (scene.mod, "ban", NotAllowed),
        (scene.root, "mute", InvalidInput),
        (scene.root, "none", InvalidInput),
    ):
        command = ApplyAction(case.id, action, "So.", scope="deployment")  # type: ignore[arg-type]  # each is a name
        await refused(kind, divan.actions.apply(who, command))
    (plain,) = await scene.act(case, "ban")
    await refused(InvalidInput, confirm(scene, case, plain, scene.rita))
    targets = (scene.rita.user_id,)
    command = ApplyAction(case.id, "ban", "So.", targets=targets, scope="deployment")
    (pending,) = (await divan.actions.apply(scene.root, command)).view.actions
    await refused(InvalidInput, confirm(scene, case, pending, scene.rita))


async def test_a_ban_of_the_campus_goes_on_beside_it(scene: Scene) -> None:
    case = await scene.case()
    before = await scene.world.divan.audience.card(scene.ben.user_id)
    (plain,) = await scene.act(case, "ban")
    (wide,) = (await propose(scene, case)).actions
    await confirm(scene, case, wide, scene.rita)
    revert = scene.world.divan.actions.revert
    await revert(scene.mod, RevertAction(case.id, plain.id, "No."))
    assert await is_banned(scene.world, scene.ben)
    await revert(scene.rita, RevertAction(case.id, wide.id, "No."))
    assert await scene.world.divan.audience.card(scene.ben.user_id) == before


async def test_of_two_who_confirm_at_once_one_does(scene: Scene) -> None:
    case, third = await scene.case(), await scene.world.join("third")
    (action,) = (await propose(scene, case)).actions
    admins = (scene.rita, attrs.evolve(third, roles=frozenset({ADMIN})))

    async def one(who: Actor) -> None:
        await confirm(scene, case, action, who)

    async with anyio.create_task_group() as tasks:
        for who in admins:
            tasks.start_soon(one, who)
    detail = await scene.world.divan.cases.get(scene.root, OneCase(case.id))
    assert [one.action for one in detail.timeline].count("action.confirmed") == 1
