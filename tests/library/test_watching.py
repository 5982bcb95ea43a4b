"""What the sockets of staff are told of cases, on every set of stores."""

from uuid import UUID

import anyio
import pytest

from divan_core.kernel.actor import ADMIN, MODERATOR, Actor
from divan_core.kernel.ids import CampusId
from divan_core.kernel.notices import PersonNotice
from divan_core.moderation.messages import DismissCase
from tests.library.conftest import EVERY_KIND, World
from tests.library.test_cases import about, moderator, only_case, staff

pytestmark = [pytest.mark.anyio, pytest.mark.parametrize("stores", EVERY_KIND, indirect=True)]

PATIENCE_S = 10


async def test_a_case_is_shown_to_those_who_may_see_it(world: World) -> None:
    ana, cyd, mod = await world.join("ana"), await world.join("cyd"), await moderator(world)
    await world.divan.reports.send(ana, about(cyd))
    case = await only_case(world, mod)
    found = await world.divan.watching.cases([case.id, UUID(int=1)])
    assert list(found) == [case.id]
    watched = found[case.id]
    assert watched.view == case
    elsewhere = CampusId(UUID(int=0xE1))
    seen = {
        "moderator": watched.shown_to(mod),
        "moderator of another campus": watched.shown_to(
            Actor(mod.user_id, elsewhere, frozenset({MODERATOR}))
        ),
        "admin of another campus": watched.shown_to(
            Actor(mod.user_id, elsewhere, frozenset({ADMIN}))
        ),
        "whom it is about": watched.shown_to(staff(cyd, ADMIN)),
        "anybody": watched.shown_to(ana),
    }
    assert [who for who, sees in seen.items() if sees] == ["moderator", "admin of another campus"]


async def test_what_happens_to_a_case_is_a_notice_without_words(world: World) -> None:
    ana, ben, cyd = [await world.join(name) for name in ("ana", "ben", "cyd")]
    mod, divan = await moderator(world), world.divan
    heard: list[tuple[str, str]] = []
    async with divan.stores.person_notices.listen() as notices:
        await divan.reports.send(ana, about(cyd, note="She wrote to me."))
        await divan.reports.send(ben, about(cyd))
        case = await only_case(world, mod)
        await divan.cases.dismiss(mod, DismissCase(case.id, "Nothing."))
        await divan.drain()
        with anyio.fail_after(PATIENCE_S):
            async for one in notices:
                if isinstance(one, PersonNotice) and one.topic == "mod":
                    assert set(one.data) == {"case_id", "change"}
                    assert one.data["case_id"] == str(case.id)
                    heard.append((one.name, one.data["change"]))
                if len(heard) == 3:
                    break
    assert heard == [
        ("case:new", "report.received"),
        ("case:update", "report.received"),
        ("case:update", "case.dismissed"),
    ]
