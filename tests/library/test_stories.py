"""What people write in stories is decided about, hidden where it is to be, and told why."""

import anyio
import attrs
import pytest

from divan_core.activities.games.story import ContinueStory
from divan_core.activities.messages import (
    ACTIVITIES,
    ActivityQuery,
    ActivityView,
    CreateActivity,
)
from divan_core.activities.telling import CHANGED
from divan_core.kernel.actor import MODERATOR, Actor
from divan_core.kernel.notices import PersonNotice
from divan_core.moderation.actionmessages import ApplyAction, RevertAction
from divan_core.moderation.messages import CasesQuery, OneCase, SendReport
from divan_core.moderation.sanctionmessages import SanctionsQuery

from .conftest import KINDS, World
from .play import Friends, befriended

pytestmark = [pytest.mark.anyio, pytest.mark.parametrize("stores", KINDS, indirect=True)]

FOUL = "You are such a fucking bitch, fuck you"


@attrs.frozen
class Tale:
    """A story that Ben has begun with something foul, to which Ana has written the next part."""

    friends: Friends
    view: ActivityView
    mod: Actor

    async def parts(self, viewer: Actor) -> list[tuple[str | None, str | None]]:
        """What somebody reads, with what they are told of it."""
        seen = (await self.friends.get(viewer, self.view.id)).game
        assert seen is not None
        return [(one["content"], one.get("notice")) for one in seen["parts"]]


@pytest.fixture
async def tale(world: World) -> Tale:
    friends = await befriended(world)
    mod = attrs.evolve(await world.join("mod"), roles=frozenset({MODERATOR}))
    command = CreateActivity(friends.ben.user_id, "story", {"turns": 3})
    view = (await world.divan.activities.create(friends.ana, command)).view
    await world.divan.activities.start(friends.ana, ActivityQuery(view.id))
    for player, content in ((friends.ben, FOUL), (friends.ana, "A fox slept.")):
        await world.divan.activities.play(player, ContinueStory(view.id, content))
    await world.divan.drain()
    return Tale(friends, view, mod)


async def test_a_foul_part_is_hidden_and_its_author_told_why(world: World, tale: Tale) -> None:
    divan, ana, ben = world.divan, tale.friends.ana, tale.friends.ben
    rest = ("A fox slept.", None)
    assert await tale.parts(ana) == [(None, None), rest]
    assert await tale.parts(ben) == [(FOUL, "tombstoned"), rest]
    (case,) = (await divan.cases.page(tale.mod, CasesQuery())).items
    assert (case.subject_type, case.owner_id, case.status) == ("turn", ben.user_id, "actioned")
    whole = await divan.cases.get(tale.mod, OneCase(case.id))
    assert whole.content == FOUL
    assert [one.matched[0].rule_id for one in whole.decisions] == ["profanity"]
    (told,) = (await divan.sanctions.mine(ben, SanctionsQuery())).items
    assert (told.action, told.subject_type, told.subject_id) == (
        "tombstone",
        "turn",
        case.subject_id,
    )
    assert (told.automatic, told.reason) == (True, "Offensive language")
    (action,) = whole.actions
    await divan.actions.revert(tale.mod, RevertAction(case.id, action.id, "It was meant well."))
    assert await tale.parts(ana) == [(FOUL, None), rest]


async def test_players_are_told_when_a_part_is_hidden_after_the_end(
    world: World, tale: Tale
) -> None:
    divan, ben = world.divan, tale.friends.ben
    await divan.activities.play(ben, ContinueStory(tale.view.id, "The end."))
    await divan.drain()
    (case,) = (await divan.cases.page(tale.mod, CasesQuery())).items
    heard: list[PersonNotice] = []
    async with divan.stores.person_notices.listen() as notices:
        await divan.actions.apply(tale.mod, ApplyAction(case.id, "remove", "Too foul."))
        await divan.drain()
        with anyio.fail_after(5):
            while len({one.user_id for one in heard}) < 2:
                notice = await anext(notices)
                if isinstance(notice, PersonNotice) and notice.topic == ACTIVITIES:
                    heard.append(notice)
    shown = [one for notice in heard for one in await divan.activities.shown(notice)]
    assert {one.name for one in shown} == {"activity:update"}
    assert heard[0].name == CHANGED
    assert await tale.parts(ben) == [(None, None), ("A fox slept.", None), ("The end.", None)]


async def test_whoever_has_played_can_report_whom_they_played_with(
    world: World, tale: Tale
) -> None:
    friends = tale.friends
    await world.divan.social.block(friends.ben, friends.ana.user_id)
    report = SendReport("user", str(friends.ben.user_id), "abuse")
    assert (await world.divan.reports.send(friends.ana, report)).view.outcome == "pending"
