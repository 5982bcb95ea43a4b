"""Policies of moderation, in SQL."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row, Select, insert, select, update

from divan_core.kernel.clock import Millis
from divan_core.kernel.ids import UserId
from divan_core.safety.model import KeptPolicy, PolicyId
from divan_core.stores.sql.catalogue import OptionalTables
from divan_core.stores.sql.connection import SqlConnection
from divan_core.stores.sql.safetytables import POLICIES


class SqlPolicies:
    """Keeps policies, where the database has the table for them."""

    def __init__(self, connection: SqlConnection, tables: OptionalTables) -> None:
        """Work in the transaction of ``connection``."""
        self._connection = connection
        self._tables = tables

    async def add(self, policy: KeptPolicy) -> None:
        """Keep a new one."""
        await self._connection.execute(insert(POLICIES), [_row(policy)])

    async def get(self, policy_id: PolicyId) -> KeptPolicy | None:
        """The policy, or None."""
        return next(
            iter(await self._found(select(POLICIES).where(POLICIES.c.id == policy_id))), None
        )

    async def page(self, before: PolicyId | None, limit: int) -> Sequence[KeptPolicy]:
        """Up to ``limit`` policies by id descending, below ``before``."""
        query = select(POLICIES).order_by(POLICIES.c.id.desc()).limit(limit)
        return await self._found(query if before is None else query.where(POLICIES.c.id < before))

    async def active(self) -> KeptPolicy | None:
        """The one that is active, or None."""
        return next(iter(await self._found(select(POLICIES).where(POLICIES.c.active))), None)

    async def activate(self, policy_id: PolicyId | None, by: UserId, at: Millis) -> None:
        """From now on this one is active and no other."""
        of = POLICIES.c
        await self._connection.execute(update(POLICIES).where(of.active).values(active=False))
        if policy_id is not None:
            now = {"active": True, "activated_by": by, "activated_at": at}
            activated = update(POLICIES).where(of.id == policy_id).values(now)
            await self._connection.execute(activated)

    async def _found(self, query: Select[Any]) -> Sequence[KeptPolicy]:
        if not self._tables.safety:
            return ()
        return [_policy(row) for row in await self._connection.execute(query)]


def _policy(row: Row[Any]) -> KeptPolicy:
    return KeptPolicy(
        id=row.id,
        version=row.version,
        document=row.document,
        created_by=row.created_by,
        created_at=row.created_at,
        active=row.active,
        activated_by=row.activated_by,
        activated_at=row.activated_at,
    )


def _row(policy: KeptPolicy) -> dict[str, Any]:
    return {
        "id": policy.id,
        "version": policy.version,
        "document": policy.document,
        "created_by": policy.created_by,
        "created_at": policy.created_at,
        "active": policy.active,
        "activated_by": policy.activated_by,
        "activated_at": policy.activated_at,
    }
