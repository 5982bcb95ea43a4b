"""The policy in force is read once."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

import pytest

from divan_core.errors import StoreUnavailable
from divan_core.kernel.clock import Millis
from divan_core.safety.compiled import InForce
from divan_core.safety.model import KeptPolicy, PolicyId
from divan_core.safety.policies import Policy
from divan_core.safety.shipped import default_policy
from divan_core.stores.bundle import RelationalStores, StoreUnit
from divan_core.stores.memory.unit import open_memory
from divan_core.testing.contracts.samples import populate, user_id

pytestmark = pytest.mark.anyio

ONE, OTHER = PolicyId(UUID(int=1)), PolicyId(UUID(int=2))


async def put(stores: RelationalStores, policy_id: PolicyId, document: Mapping[str, Any]) -> None:
    """Keep a policy and put it in force."""

    async def body(unit: StoreUnit) -> None:
        version = str(policy_id)
        await unit.policies.add(KeptPolicy(policy_id, version, document, user_id(1), Millis(0)))
        await unit.policies.activate(policy_id, user_id(1), Millis(0))

    await stores.units.write(body)


async def policy_of(stores: RelationalStores, in_force: InForce, active: PolicyId | None) -> Policy:
    return await stores.units.read(lambda unit: in_force.policy(unit, active))


async def test_it_is_read_again_only_where_another_is_in_force() -> None:
    stores, in_force = open_memory(), InForce()
    await populate(stores, 1)
    assert await policy_of(stores, in_force, None) == default_policy()
    for policy_id, version in ((ONE, "a"), (OTHER, "b")):
        await put(stores, policy_id, {"version": version, "rules": []})
        first = await policy_of(stores, in_force, policy_id)
        assert first.version == version
        assert await policy_of(stores, in_force, policy_id) is first
    assert await policy_of(stores, in_force, None) == default_policy()


async def test_what_cannot_be_read_here_is_waited_for() -> None:
    stores, in_force = open_memory(), InForce()
    await populate(stores, 1)
    await put(stores, ONE, {"version": "a", "rules": [{"id": "of a later version"}]})
    with pytest.raises(StoreUnavailable):
        await policy_of(stores, in_force, ONE)
