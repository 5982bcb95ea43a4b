"""Who is told of an event, by what has become of it since."""

from __future__ import annotations

import attrs
import pytest

from divan_core.kernel.events import Event, EventId
from divan_core.kernel.notices import PersonNotice
from divan_core.social import policy
from divan_core.social.model import Between, Invite, InviteId, InviteState
from divan_core.social.telling import notices_of
from divan_core.stores.bundle import RelationalStores
from divan_core.stores.memory.unit import open_memory
from divan_core.testing.clock import ManualClock
from divan_core.testing.contracts.samples import campus_id, populate, user_id

pytestmark = pytest.mark.anyio

NOW = ManualClock().now()
ANA, BEN = user_id(1), user_id(2)
ASKED = policy.new_invite(InviteId(user_id(9)), ANA, BEN, NOW)


def event(name: str, **data: object) -> Event:
    given = {key: str(value) for key, value in data.items()}
    return Event(EventId(user_id(7)), "social", name, campus_id(1), "pair", NOW, given)


async def told(one: Event, *invites: Invite) -> list[tuple[str, object]]:
    """The names of the notices, and whom they are for."""
    stores: RelationalStores = open_memory()
    await populate(stores, 2)
    await stores.units.write(lambda unit: unit.invites.put(invites))
    found: tuple[PersonNotice, ...] = await stores.units.read(lambda unit: notices_of(unit, one))
    return [(notice.name, notice.user_id) for notice in found]


async def test_an_open_invite_is_told_to_its_recipient() -> None:
    sent = event("invite.sent", invite_id=ASKED.id)
    assert await told(sent, ASKED) == [("invite:new", BEN)]


async def test_one_that_was_answered_meanwhile_is_told_by_its_answer() -> None:
    declined = attrs.evolve(ASKED, state=InviteState.DECLINED)
    assert await told(event("invite.sent", invite_id=ASKED.id), declined) == []
    answer = event("invite.declined", invite_id=ASKED.id)
    assert await told(answer, declined) == [("invite:update", ANA), ("invite:update", BEN)]


async def test_one_that_is_gone_is_not_told() -> None:
    assert await told(event("invite.accepted", invite_id=ASKED.id)) == []


async def test_a_beginning_is_told_to_both_and_an_end_to_whoever_made_it() -> None:
    ends = {"low_id": ANA, "high_id": BEN}
    begun, ended = event("friendship.begun", **ends), event("friendship.ended", **ends, by_id=BEN)
    assert await told(begun) == [("friend:update", ANA), ("friend:update", BEN)]
    assert await told(ended) == [("friend:update", BEN)]
    assert await told(event("friendship.renamed", **ends)) == []


def test_relations_of_two() -> None:
    assert policy.relations_of(Between(), BEN).friends == frozenset()
    assert policy.relations_of(Between(friends=True), BEN).friends == {BEN}
    assert policy.relations_of(Between(blocked=True), BEN).blocked == {BEN}
