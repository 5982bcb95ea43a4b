"""Policies: kept, tried and put in force, on every set of stores."""

from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID

import anyio
import attrs
import pytest

from divan_core import Divan, Settings, memory_stores
from divan_core.accounts.messages import CreateCampus
from divan_core.errors import (
    InvalidCursor,
    NotAllowed,
    NotFound,
    PolicyExists,
    ValidationFailed,
)
from divan_core.kernel.actor import ADMIN, MODERATOR, Actor
from divan_core.kernel.delivery import Group
from divan_core.kernel.events import Event
from divan_core.moderation.auditmessages import AuditQuery
from divan_core.safety.messages import (
    POLICY,
    CreatePolicy,
    DryRun,
    GivenEvent,
    PoliciesQuery,
    PolicyId,
    PolicyQuery,
)
from divan_core.safety.views import DEFAULT_ID
from divan_core.stores.bundle import StoreUnit
from divan_core.testing.clock import ManualClock
from divan_core.workers.subscription import Subscription

from .conftest import CAMPUS, CENTRE, World

pytestmark = pytest.mark.anyio

RULE = {
    "id": "r",
    "when": {"text.any_of": ["contains:free money"]},
    "then": {"action": "remove", "severity": 3, "reason": "Advertising"},
}
FREE = GivenEvent("post", text="FR3E money!")
DEFAULT = PolicyQuery(DEFAULT_ID)


def written(version: str, *rules: dict[str, Any]) -> CreatePolicy:
    return CreatePolicy(version, rules or (RULE,))


async def admin(world: World) -> Actor:
    return attrs.evolve(await world.join("ada"), roles=frozenset({ADMIN}))


async def test_what_happens_to_policies_is_on_record(world: World) -> None:
    policies, ada = world.divan.policies, await admin(world)
    made = (await policies.create(ada, written("1"), idempotency_key="k")).view
    await policies.create(ada, written("1"), idempotency_key="k")
    for _ in range(2):
        await policies.activate(ada, PolicyQuery(made.id))
    await policies.activate(ada, DEFAULT)
    entries = (await world.divan.audit.page(ada, AuditQuery())).items
    assert [(one.action, one.about, one.data["version"]) for one in entries] == [
        ("policy.created", f"policy:{made.id}", "1"),
        ("policy.activated", f"policy:{made.id}", "1"),
        ("policy.activated", f"policy:{DEFAULT_ID}", "default-1"),
    ]
    assert {one.actor_id for one in entries} == {ada.user_id}
    with pytest.raises(PolicyExists):
        await policies.create(ada, written("1"))
    assert (await world.divan.audit.verify()).count == 3


async def test_a_policy_is_kept_and_put_in_force(world: World) -> None:
    policies, ada = world.divan.policies, await admin(world)
    assert (await policies.in_force()).version == "default-1"
    made = (await policies.create(ada, written("mine"))).view
    assert (made.version, made.active, made.rules) == ("mine", False, (RULE,))
    assert (await policies.dry_run(ada, DryRun(FREE))).action == "none"
    assert await policies.show(ada, PolicyQuery(made.id)) == made
    world.clock.advance(5)
    active = await policies.activate(ada, PolicyQuery(made.id))
    assert (active.active, active.activated_by) == (True, ada.user_id)
    assert active.activated_at != active.created_at
    decision = await policies.dry_run(ada, DryRun(FREE))
    assert (decision.action, decision.version) == ("remove", "mine")
    assert decision.matched[0].signals == {"text": "contains:free money"}
    world.clock.advance(5)
    assert await policies.activate(ada, PolicyQuery(made.id)) == active
    default = await policies.activate(ada, DEFAULT)
    assert (default.active, default.id) == (True, DEFAULT_ID)
    assert await policies.activate(ada, DEFAULT) == default
    assert (await policies.in_force()).version == "default-1"


async def test_the_list(world: World) -> None:
    policies, ada = world.divan.policies, await admin(world)
    made = [(await policies.create(ada, written(f"v{number}"))).view.id for number in range(3)]
    expected = [*reversed(made), DEFAULT_ID]
    for limit in (1, 2, 3, 4, 9):
        found: list[PolicyId] = []
        cursor = None
        while True:
            page = await policies.listed(ada, PoliciesQuery(limit, cursor))
            assert len(page.items) <= limit
            found += [one.id for one in page.items]
            cursor = page.cursor
            if cursor is None:
                break
        assert found == expected
    assert [one.id for one in await policies.catalogue(2)] == expected[:2]
    with pytest.raises(InvalidCursor):
        await policies.listed(ada, PoliciesQuery(1, "x"))


async def test_who_may_what(world: World) -> None:
    policies, ada = world.divan.policies, await admin(world)
    mo = attrs.evolve(await world.join("moe"), roles=frozenset({MODERATOR}))
    ben = await world.join("ben")
    calls: dict[str, Callable[[Actor], Awaitable[Any]]] = {
        "listed": lambda actor: policies.listed(actor, PoliciesQuery()),
        "show": lambda actor: policies.show(actor, DEFAULT),
        "dry_run": lambda actor: policies.dry_run(actor, DryRun(FREE)),
        "create": lambda actor: policies.create(actor, written("x")),
        "activate": lambda actor: policies.activate(actor, DEFAULT),
    }
    for name, call in calls.items():
        await call(ada)
        with pytest.raises(NotAllowed):
            await call(ben)
        if name in {"create", "activate"}:
            with pytest.raises(NotAllowed):
                await call(mo)
        else:
            await call(mo)


async def test_what_cannot_be(world: World) -> None:
    policies, ada = world.divan.policies, await admin(world)
    await policies.create(ada, written("a"))
    for version in ("a", "default-1"):
        with pytest.raises(PolicyExists):
            await policies.create(ada, written(version))
    with pytest.raises(ValidationFailed) as refused:
        await policies.create(ada, written("b", RULE | {"when": {"x": 1}}))
    assert [one.path for one in refused.value.errors] == ["$.rules[0].when.x"]
    unknown = PolicyQuery(PolicyId(UUID(int=5)))
    for call in (policies.show, policies.activate):
        with pytest.raises(NotFound):
            await call(ada, unknown)
    with pytest.raises(ValidationFailed) as refused:
        await policies.dry_run(ada, DryRun(FREE, {"version": 1}))
    assert [one.path for one in refused.value.errors] == ["$.policy.rules"]
    event = GivenEvent("post", signals={"speed": 1, "links": -1.0})
    with pytest.raises(ValidationFailed) as wrong:
        await policies.dry_run(ada, DryRun(event))
    paths = ["$.event.signals.speed", "$.event.signals.links"]
    assert [one.path for one in wrong.value.errors] == paths


async def test_a_dry_run_goes_by_what_is_given(world: World) -> None:
    policies, ada = world.divan.policies, await admin(world)
    for event, action in (
        (GivenEvent("post", text="k y s"), "tombstone"),
        (GivenEvent("post", text="k y s", signals={"profanity": "low"}), "none"),
        (GivenEvent("post", signals={"nsfw": "high"}), "remove"),
        (GivenEvent("post", signals={"trust": 10}), "restrict_create"),
        (GivenEvent("post", signals={"duplicate_text": 2, "velocity": "high"}), "shadow_hide"),
        (GivenEvent("post", urls=("https://fine.test",), signals={"malicious": 3}), "tombstone"),
    ):
        assert (await policies.dry_run(ada, DryRun(event))).action == action


async def test_many_who_activate_at_once(world: World) -> None:
    policies, ada = world.divan.policies, await admin(world)
    made = [(await policies.create(ada, written(f"v{number}"))).view.id for number in range(4)]
    async with anyio.create_task_group() as tasks:
        for one in made * 2:
            tasks.start_soon(policies.activate, ada, PolicyQuery(one))
    active = [one for one in await policies.catalogue(9) if one.active]
    assert len(active) == 1


async def test_a_key_is_good_once(world: World) -> None:
    policies, ada = world.divan.policies, await admin(world)
    first = await policies.create(ada, written("a"), idempotency_key="k")
    again = await policies.create(ada, written("a"), idempotency_key="k")
    assert (again.replayed, again.body) == (True, first.body)


async def test_whoever_listens_hears_of_it(clock: ManualClock) -> None:
    heard: list[Event] = []

    async def note(_unit: StoreUnit, event: Event) -> None:
        heard.append(event)

    async with Divan.open(
        Settings(env="test", denied_domains=("evil.test",)),
        stores=memory_stores(clock),
        clock=clock,
        subscriptions=[Subscription(Group("listener", POLICY), note)],
    ) as divan:
        world = World(divan, clock)
        await divan.accounts.create_campus(CreateCampus("T", CENTRE.lat, CENTRE.lon, id=CAMPUS))
        ada = await admin(world)
        made = (await divan.policies.create(ada, written("a"))).view
        for _ in range(2):
            await divan.policies.activate(ada, PolicyQuery(made.id))
        await divan.policies.activate(ada, DEFAULT)
        await divan.drain()
        event = GivenEvent("message", text="see https://x.evil.test/a")
        assert (await divan.policies.dry_run(ada, DryRun(event))).action == "tombstone"
    assert [(one.name, one.data["policy_id"]) for one in heard] == [
        ("policy.activated", str(made.id)),
        ("policy.activated", str(DEFAULT_ID)),
    ]
