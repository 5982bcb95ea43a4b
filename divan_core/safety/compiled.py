"""The policy in force, read once."""

from __future__ import annotations

from divan_core.errors import StoreUnavailable, ValidationFailed
from divan_core.safety.model import KeptPolicy, PolicyId
from divan_core.safety.policies import Policy
from divan_core.safety.ports import DecidingUnit
from divan_core.safety.reading import read_policy
from divan_core.safety.shipped import default_policy


class InForce:
    """Remembers the last policy that was in force. They never change, so its id is all to ask."""

    def __init__(self) -> None:
        """Know of none yet."""
        self._known: tuple[PolicyId, Policy] | None = None

    async def policy(self, unit: DecidingUnit, active: PolicyId | None) -> Policy:
        """The policy of an id, or the default one. No statement, but one where it is new here.

        Raises:
            StoreUnavailable: this process cannot read it; it may lack an extra. What is to be
                decided waits.
        """
        if active is None:
            return default_policy()
        if self._known is None or self._known[0] != active:
            kept = await unit.policies.get(active)
            if kept is None:
                return default_policy()
            self._known = active, _read(kept)
        return self._known[1]


def _read(kept: KeptPolicy) -> Policy:
    try:
        return read_policy(kept.document)
    except ValidationFailed as fault:
        raise StoreUnavailable("The policy in force cannot be read here.") from fault
