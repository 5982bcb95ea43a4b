"""Games of Ana's that each operation of activities works on."""

from collections.abc import Mapping
from typing import Any, Final

import attrs

from divan_core.accounts.messages import CreatePerson
from divan_core.activities.games.rps import Commit, Reveal, commitment_of
from divan_core.activities.messages import ActivityQuery, CreateActivity
from divan_core.activities.model import ActivityId
from divan_core.kernel.actor import Actor
from divan_core.kernel.ids import UserId
from tests.http.world import World

NONCE: Final = "0" * 32
COMMITMENT: Final = "a" * 64
CREATE: Final = "activities.create"

LOBBIES: Final = {
    "activities.show": "rps",
    "activities.start": "rps",
    "activities.cancel": "rps",
    "activities.trivia.seed": "trivia",
}
STARTED: Final[Mapping[str, tuple[str, Mapping[str, Any]]]] = {
    "activities.prompt": ("typing_duel", {}),
    "activities.move": ("rps", {"name": "commit", "body": {"round": 1, "commitment": COMMITMENT}}),
    "activities.typing_duel.submit": ("typing_duel", {"round": 1, "text": "All of it"}),
    "activities.story.continue": ("story", {"content": "Once"}),
    "activities.trivia.answer": ("trivia", {"round": 1, "choice": 0}),
    "activities.rps.commit": ("rps", {"round": 1, "commitment": COMMITMENT}),
}
REVEAL: Final = "activities.rps.reveal"


@attrs.frozen
class Plays:
    """Which activity each operation is about, and its valid input; ``peer_id`` is a friend."""

    peer_id: UserId
    ids: Mapping[str, ActivityId]
    given: Mapping[str, Mapping[str, Any]]


async def plays_of(world: World) -> Plays:
    """A friend of Ana's and a game with them for each operation."""
    ids, given = dict[str, ActivityId](), dict[str, Mapping[str, Any]]()
    for name, kind in LOBBIES.items():
        _, ids[name] = await _asked(world, kind)
    for name, (kind, body) in STARTED.items():
        _, ids[name] = await _asked(world, kind, start=True)
        if body:
            given[name] = {"json": {**body, "activity_id": str(ids[name])}}
    ids[REVEAL], shown = await _committed(world)
    given[REVEAL] = {"json": shown}
    given[CREATE] = {"json": {"kind": "rps"}}
    return Plays((await _friend(world)).user_id, ids, given)


async def _friend(world: World) -> Actor:
    accounts = world.divan.accounts
    number = world.divan.ids.uuid().hex[-12:]
    made = await accounts.create_person(CreatePerson(world.campus, f"f{number}", "A friend"))
    friend = await accounts.actor(made.user_id)
    await world.divan.social.befriend(friend, world.ana)
    return friend


async def _asked(world: World, kind: str, *, start: bool = False) -> tuple[Actor, ActivityId]:
    """A game that a friend asks Ana for, so that she begins where turns are taken."""
    friend = await _friend(world)
    done = await world.divan.activities.create(friend, CreateActivity(world.ana, kind))
    if start:
        await world.divan.activities.start(friend, ActivityQuery(done.view.id))
    return friend, done.view.id


async def _committed(world: World) -> tuple[ActivityId, Mapping[str, Any]]:
    """A game in which both have committed, and what Ana is to reveal."""
    friend, activity_id = await _asked(world, "rps", start=True)
    ana = await world.divan.accounts.actor(world.ana)
    reveal = Reveal(activity_id, 1, "rock", NONCE)
    for actor in (ana, friend):
        commitment = commitment_of(reveal, actor.user_id)
        await world.divan.activities.play(actor, Commit(activity_id, 1, commitment))
    shown = {"activity_id": str(activity_id), "round": 1, "choice": "rock", "nonce": NONCE}
    return activity_id, shown
