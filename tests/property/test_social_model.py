"""The social graph on every kind of store against a model made of dictionaries.

Any sequence of invites, replies, removals, blocks, sanctions and days is played on both.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any, Final, TypeVar

import anyio
import attrs
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from divan_core import Divan, Settings, memory_stores
from divan_core.accounts.messages import CreateCampus, CreatePerson
from divan_core.errors import DivanError
from divan_core.kernel.actor import Actor
from divan_core.kernel.delivery import Group
from divan_core.kernel.visibility import Standing
from divan_core.settings import LimitSettings
from divan_core.social.messages import FriendsQuery, InviteId, InvitesQuery, SendInvite
from divan_core.stores.bundle import Stores
from divan_core.stores.factories import embedded_stores, sql_stores
from divan_core.testing.clock import ManualClock
from tests.sanctions import sentence
from tests.servers.databases import Databases
from tests.servers.sqlite import migrated
from tests.thorough import examples

AnswerT = TypeVar("AnswerT")

NAMES: Final = ("ana", "ben", "cyd")
DAY_S: Final = 86_400
OPEN_DAYS: Final = 7
ROOMY: Final = LimitSettings(
    invite_per_minute=10_000, invite_per_day=10_000, block_per_minute=10_000
)
WATCHING: Final = Group("watching", "social")

pairs = st.permutations(NAMES).map(lambda names: tuple(names[:2]))
replies = st.sampled_from(["accept", "decline", "cancel"])
standings = st.sampled_from(["active", "shadowed", "banned", "deleted"])
actions = st.one_of(
    st.tuples(st.just("invite"), pairs),
    st.tuples(st.just("invite"), pairs),
    st.tuples(st.just("reply"), replies, st.sampled_from(NAMES), st.integers(0, 5)),
    st.tuples(st.just("reply"), replies, st.sampled_from(NAMES), st.integers(0, 1)),
    st.tuples(st.sampled_from(["remove", "block", "unblock", "befriend"]), pairs),
    st.tuples(st.just("sentence"), st.sampled_from(NAMES), standings),
    st.tuples(st.just("wait"), st.sampled_from([1, 3, 7])),
)
stories = st.lists(actions, min_size=5, max_size=40)

SHOULD_BE: Final = {"accept": "accepted", "decline": "declined", "cancel": "cancelled"}


@attrs.define
class Asked:
    """An invite, by names and in days."""

    sender: str
    recipient: str
    day: int
    state: str = "open"


@attrs.define
class Model:
    """What must be true, kept as simply as possible. Its answers are codes of refusals, or ''."""

    day: int = 0
    friends: set[frozenset[str]] = attrs.field(factory=set)
    blocks: dict[tuple[str, str], bool] = attrs.field(factory=dict)
    invites: list[Asked] = attrs.field(factory=list)
    standing: dict[str, str] = attrs.field(factory=lambda: dict.fromkeys(NAMES, "active"))
    events: Counter[str] = attrs.field(factory=Counter)

    def is_open(self, one: Asked) -> bool:
        return one.state == "open" and self.day < one.day + OPEN_DAYS

    def between(self, one: str, other: str) -> list[Asked]:
        ends = {one, other}
        return [asked for asked in self.invites if {asked.sender, asked.recipient} == ends]

    def apart(self, one: str, other: str) -> bool:
        return (one, other) in self.blocks or (other, one) in self.blocks

    def begin(self, one: str, other: str) -> None:
        if frozenset((one, other)) not in self.friends:
            self.friends.add(frozenset((one, other)))
            self.events["friendship.begun"] += 1

    def expire(self, one: str, other: str) -> None:
        for asked in self.between(one, other):
            if asked.state == "open" and not self.is_open(asked):
                asked.state = "expired"

    def close(self, asked: Asked, state: str) -> None:
        asked.state = state
        self.events[f"invite.{state}"] += 1

    def invite(self, sender: str, recipient: str) -> str:
        if self.apart(sender, recipient) or self.standing[recipient] != "active":
            return "not_found"
        if frozenset((sender, recipient)) in self.friends:
            return "already_friends"
        there = [asked for asked in self.between(sender, recipient) if self.is_open(asked)]
        if any(asked.sender == sender for asked in there):
            return "invite_exists"
        self.expire(sender, recipient)
        new = Asked(sender, recipient, self.day)
        self.invites.append(new)
        if not there:
            self.events["invite.sent"] += 1
            return ""
        new.state = "accepted"
        for asked in there:
            self.close(asked, "accepted")
        self.begin(sender, recipient)
        return ""

    def reply(self, reply: str, by: str, asked: Asked) -> str:
        mine, other = asked.recipient, asked.sender
        if reply == "cancel":
            mine, other = other, mine
        hidden = self.standing[other] != "active"
        if by != mine or self.apart(by, other) or (hidden and reply != "cancel"):
            return "not_found"
        refusal = ""
        if self.is_open(asked):
            self.close(asked, SHOULD_BE[reply])
            if reply == "accept":
                self.begin(by, other)
        elif asked.state in {"open", "expired"}:
            refusal = "invite_expired"
        elif asked.state != SHOULD_BE[reply]:
            refusal = "invite_closed"
        return "not_found" if hidden else refusal

    def remove(self, one: str, other: str) -> str:
        if frozenset((one, other)) in self.friends:
            self.friends.remove(frozenset((one, other)))
            self.events["friendship.ended"] += 1
        return ""

    def block(self, one: str, other: str) -> str:
        seen = not self.apart(one, other) and self.standing[other] == "active"
        self.expire(one, other)
        asked = [each for each in self.between(one, other) if each.state == "open"]
        has_asked = any(each.sender == other for each in asked)
        self.remove(one, other)
        for each in asked:
            self.close(each, "cancelled")
        self.blocks.setdefault((one, other), seen or has_asked)
        return ""

    def unblock(self, one: str, other: str) -> str:
        self.blocks.pop((one, other), None)
        return ""

    def befriend(self, one: str, other: str) -> str:
        if self.apart(one, other):
            return "not_found"
        self.expire(one, other)
        for asked in self.between(one, other):
            if self.is_open(asked):
                self.close(asked, "accepted")
        self.begin(one, other)
        return ""

    def lists(self, viewer: str) -> dict[str, list[str]]:
        """Whom this person is shown, by list."""
        seen = [name for name in NAMES if name != viewer and self.standing[name] == "active"]
        still_open = [one for one in self.invites if self.is_open(one)]
        received = [one.sender for one in still_open if one.recipient == viewer]
        sent = [one.recipient for one in still_open if one.sender == viewer]
        return {
            "accepted": [name for name in seen if frozenset((viewer, name)) in self.friends],
            "blocked": [name for name in seen if self.blocks.get((viewer, name))],
            "inbox": [name for name in seen if name in received],
            "outbox": [name for name in seen if name in sent],
            "pending": [name for name in seen if name in received + sent],
        }


class Story:
    """Plays actions on Divan and on the model, and compares after each of them."""

    def __init__(self, divan: Divan, clock: ManualClock) -> None:
        self.divan = divan
        self.clock = clock
        self.model = Model()
        self.actors: dict[str, Actor] = {}
        self.ids: list[InviteId] = []
        self.events: Counter[str] = Counter()

    async def begin(self) -> None:
        accounts = self.divan.accounts
        campus = await accounts.create_campus(CreateCampus("Test", 45.5, -73.5))
        for name in NAMES:
            person = await accounts.create_person(CreatePerson(campus.id, name, name))
            self.actors[name] = await accounts.actor(person.user_id)

    async def play(self, story: list[tuple[Any, ...]]) -> None:
        for action, *values in story:
            if action == "wait":
                self.clock.advance(values[0] * DAY_S)
                self.model.day += values[0]
            elif action == "sentence":
                await self._sentence(*values)
            elif action == "reply":
                await self._reply(*values)
            elif action == "invite":
                await self._invite(*values[0])
            else:
                await self._relate(action, *values[0])
            await self._compare()
        await self._compare_events()

    async def _sentence(self, name: str, standing: str) -> None:
        await sentence(self.divan, self.actors[name], Standing(standing))
        self.model.standing[name] = standing

    async def _invite(self, sender: str, recipient: str) -> None:
        if self.model.standing[sender] in {"banned", "deleted"}:
            return  # they cannot come in
        expected = self.model.invite(sender, recipient)
        command = SendInvite(self.actors[recipient].user_id)
        social, actor = self.divan.social, self.actors[sender]
        done = await answered(expected, social.invite(actor, command))
        if done is not None:
            assert done.view.state == self.model.invites[-1].state
            self.ids.append(done.view.id)

    async def _reply(self, reply: str, by: str, back: int) -> None:
        if self.model.standing[by] in {"banned", "deleted"} or back >= len(self.ids):
            return
        asked, invite_id = self.model.invites[-1 - back], self.ids[-1 - back]
        expected = self.model.reply(reply, by, asked)
        act: Callable[..., Any] = getattr(self.divan.social, reply)
        view = await answered(expected, act(self.actors[by], invite_id))
        assert view is None or view.state == asked.state

    async def _relate(self, action: str, one: str, other: str) -> None:
        if self.model.standing[one] in {"banned", "deleted"}:
            return
        expected = getattr(self.model, action)(one, other)
        act: Callable[..., Any] = getattr(self.divan.social, action)
        await answered(expected, act(self.actors[one], self.actors[other].user_id))

    async def _compare(self) -> None:
        for name, actor in self.actors.items():
            if self.model.standing[name] in {"banned", "deleted"}:
                continue
            assert await self._lists(actor) == self.model.lists(name)
            relations = await self.divan.stores.people.relations(actor.user_id)
            assert not relations.friends & relations.blocked
            if any(self.model.apart(name, other) for other in NAMES):
                apart = {other for other in NAMES if self.model.apart(name, other)}
                assert {self._name(one) for one in relations.blocked} == apart

    async def _lists(self, actor: Actor) -> dict[str, list[str]]:
        social, query = self.divan.social, InvitesQuery(limit=2)
        found = {
            only: [one.handle for one in (await social.friends(actor, FriendsQuery(only))).items]
            for only in ("accepted", "blocked", "pending")
        }
        found["inbox"] = [one.person.handle for one in (await social.inbox(actor, query)).items]
        found["outbox"] = [one.person.handle for one in (await social.outbox(actor, query)).items]
        for handles in found.values():
            assert len(set(handles)) == len(handles)  # one open invite at most
        return {name: sorted(handles) for name, handles in found.items()}

    async def _compare_events(self) -> None:
        """Each happening once, and of each pair one more beginning than endings while it lasts."""
        stores, found, balance = self.divan.stores, Counter[str](), Counter[frozenset[str]]()
        while claimed := await stores.outbox.claim("test", 100, 1000):
            for event in claimed:
                found[event.name] += 1
                if event.name.startswith("friendship."):
                    ends = frozenset(self._named(event.data[end]) for end in ("low_id", "high_id"))
                    balance[ends] += 1 if event.name.endswith("begun") else -1
                    assert balance[ends] in {0, 1}
            await stores.outbox.published("test", [one.id for one in claimed])
        assert found == self.model.events
        assert {ends for ends, count in balance.items() if count} == self.model.friends

    def _name(self, user_id: object) -> str:
        return next(name for name, actor in self.actors.items() if actor.user_id == user_id)

    def _named(self, text: str) -> str:
        return next(name for name, actor in self.actors.items() if str(actor.user_id) == text)


async def answered(expected: str, asked: Awaitable[AnswerT]) -> AnswerT | None:
    """The answer, or None where the expected refusal came instead."""
    if not expected:
        return await asked
    with pytest.raises(DivanError) as refused:
        await asked
    assert refused.value.code == expected
    return None


async def tell(stores: Stores, clock: ManualClock, story: list[tuple[Any, ...]]) -> None:
    given_settings = Settings(env="test", limit=ROOMY, workers_enabled=False)
    async with Divan.open(given_settings, stores=stores, clock=clock) as divan:
        told = Story(divan, clock)
        await told.begin()
        await told.play(story)


def shared(most: int) -> Mapping[str, Any]:
    checks = [HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
    return {"max_examples": most, "deadline": None, "suppress_health_check": checks}


@settings(**shared(150))
@given(stories)
def test_in_memory(story: list[tuple[Any, ...]]) -> None:
    clock = ManualClock()
    anyio.run(tell, memory_stores(clock), clock, story)


@settings(**shared(examples(25)))
@given(stories)
def test_in_sqlite(tmp_path_factory: pytest.TempPathFactory, story: list[tuple[Any, ...]]) -> None:
    clock, folder = ManualClock(), Path(tmp_path_factory.mktemp("story"))
    anyio.run(tell, embedded_stores(migrated(folder / "divan.sqlite3"), clock), clock, story)


@settings(**shared(examples(8)))
@given(stories)
def test_in_postgres(databases: Databases, story: list[tuple[Any, ...]]) -> None:
    clock = ManualClock()
    with databases.migrated() as url:
        anyio.run(tell, sql_stores(url, clock), clock, story)
