"""Whether requests can be served: every dependency, the schema, and what is not there."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Literal

import attrs

from divan_core.settings import Settings
from divan_core.stores.bundle import REPLICA, StoreHealth

OPTIONAL: Final = ("moderation", "profile")
"""Branches of the migrations that a deployment may do without."""

BRANCHES: Final = ("core", *OPTIONAL)

SCHEMA: Final = "schema"
"""The check that the revisions which ``HEALTH_MIN_MIGRATION`` names are there."""


BESIDE: Final = frozenset({REPLICA})
"""Dependencies without which everything works, only not as well."""


@attrs.frozen
class Check:
    """How one dependency answered; ``latency_ms`` is how long that took."""

    ok: bool
    latency_ms: float


@attrs.frozen
class Readiness:
    """Whether requests can be served.

    ``down``: a dependency does not answer, or the schema is older than it has to be. ``degraded``:
    all is well otherwise, and the features listed are not there, or away. ``migrations`` holds the
    newest revision of each branch.
    """

    status: Literal["ok", "degraded", "down"]
    checks: dict[str, Check]
    migrations: dict[str, str]
    degraded: tuple[str, ...] = ()


def readiness(found: Mapping[str, StoreHealth], settings: Settings) -> Readiness:
    """What the probes of the dependencies come to."""
    told = [one.detail for one in found.values() if one.ok]
    migrations = {name: one[name] for one in told for name in BRANCHES if name in one}
    checks = {name: Check(one.ok, round(one.latency_ms, 3)) for name, one in found.items()}
    if wanted := settings.health.min_migration:
        checks[SCHEMA] = Check(all(_has(migrations, one) for one in wanted), 0.0)
    absent = [one for one in OPTIONAL if migrations and one not in migrations]
    failing = [name for name, one in checks.items() if not one.ok]
    degraded = (*absent, *(one for one in failing if one in BESIDE))
    down = not BESIDE.issuperset(failing)
    return Readiness(
        status="down" if down else "degraded" if degraded else "ok",
        checks=checks,
        migrations=migrations,
        degraded=degraded,
    )


def _has(migrations: Mapping[str, str], revision: str) -> bool:
    """Whether a revision of a branch, or a later one, is there: they are numbered in order."""
    found = migrations.get(revision.partition("_")[0], "")
    return found[: len(revision)] >= revision
