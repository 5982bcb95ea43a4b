"""Divan, running: stores opened, services wired, everything closed again at the end."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from pathlib import Path
from typing import Final

import anyio

from divan_core.accounts.service import Accounts
from divan_core.errors import StoreUnavailable
from divan_core.identity.service import Authenticator
from divan_core.kernel.audience import Audience
from divan_core.kernel.clock import Clock
from divan_core.kernel.ids import Entropy, Ids
from divan_core.presence.service import Presence
from divan_core.settings import MIN_SECRET_BYTES, Settings
from divan_core.social.service import Social
from divan_core.stores.bundle import StoreHealth, Stores
from divan_core.stores.factories import (
    embedded_stores,
    file_address,
    production_stores,
    sql_stores,
)
from divan_core.system import SystemClock, SystemEntropy, SystemIds
from divan_core.wiring import NOTICES, Ground, derived_key, wire

SWEEP_S: Final = 5.0
"""Seconds between two sweeps of ended presence."""

DATABASE_FILE: Final = "divan.sqlite3"
SECRET_FILE: Final = "secret.key"  # noqa: S105 - a file's name


class Divan:
    """A running Divan. Make one with :meth:`open`; services are attributes."""

    def __init__(self, settings: Settings, stores: Stores, ground: Ground) -> None:
        """Wire services over stores that somebody else keeps running."""
        services = wire(stores, settings, ground)
        self.settings = settings
        self.stores = stores
        self.clock: Clock = ground.clock
        self.ids: Ids = ground.ids
        self.accounts: Accounts = services.accounts
        self.social: Social = services.social
        self.presence: Presence = services.presence
        self.identity: Authenticator = services.identity
        self.audience: Audience = services.audience

    @classmethod
    @asynccontextmanager
    async def open(
        cls,
        settings: Settings | None = None,
        *,
        stores: Stores | None = None,
        clock: Clock | None = None,
        ids: Ids | None = None,
        entropy: Entropy | None = None,
    ) -> AsyncIterator[Divan]:
        """Open the stores, and run until the context ends.

        Without ``stores`` they follow from the settings: a SQLite file in the data folder unless
        ``database_url`` says otherwise, presence in this process unless ``redis_url`` does.

        Raises:
            ConfigurationError: the settings cannot work; the message says what to change.
            StoreUnavailable: a store cannot be reached.
        """
        settings = settings or Settings()
        settings.check()
        secret = _secret(settings, entropy or SystemEntropy(), keep=stores is None)
        ground = Ground(clock or SystemClock(), ids or SystemIds(), secret)
        opened = stores or stores_of(settings, ground)
        failure: Exception | None = None
        async with AsyncExitStack() as stack:
            for part in opened.lifecycle:
                await stack.enter_async_context(part.running())
            divan = cls(settings, opened, ground)
            tasks = await stack.enter_async_context(anyio.create_task_group())
            tasks.start_soon(_sweeping, divan.presence)
            try:
                yield divan
            except Exception as fault:  # noqa: BLE001 - a task group would wrap the caller's own
                failure = fault
            tasks.cancel_scope.cancel()
        if failure is not None:
            raise failure

    async def health(self) -> Mapping[str, StoreHealth]:
        """How each dependency is, by name."""
        found: dict[str, StoreHealth] = {}
        for part in self.stores.lifecycle:
            found |= await part.health()
        return found


async def _sweeping(presence: Presence) -> None:
    """Let nothing that has ended linger where nobody asks: exact fixes go with their lease."""
    while True:
        await anyio.sleep(SWEEP_S)
        with suppress(StoreUnavailable):
            await presence.sweep_all()


def stores_of(settings: Settings, ground: Ground) -> Stores:
    """The stores that settings ask for."""
    if not settings.database_url and not settings.redis_url:
        return embedded_stores(data_dir(settings) / DATABASE_FILE, ground.clock)
    database_url = settings.database_url or file_address(data_dir(settings) / DATABASE_FILE)
    if not settings.redis_url:
        return sql_stores(database_url, ground.clock)
    return production_stores(
        database_url,
        settings.redis_url,
        key=derived_key(ground.secret, NOTICES),
        clock=None if isinstance(ground.clock, SystemClock) else ground.clock,
    )


def data_dir(settings: Settings) -> Path:
    """The folder for the embedded database and the development secret; made when missing."""
    folder = Path(settings.data_dir) if settings.data_dir else Path.home() / ".local/share/divan"
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    return folder


def _secret(settings: Settings, entropy: Entropy, *, keep: bool) -> bytes:
    """The deployment's secret: as set, else made once and kept beside the database.

    With stores of the caller's own there may be no folder to keep it in; then it lasts as long as
    the process.
    """
    if settings.secret_key:
        return str(settings.secret_key).encode()
    if not keep:
        return entropy.bytes(MIN_SECRET_BYTES)
    return _kept_secret(data_dir(settings) / SECRET_FILE, entropy)


def _kept_secret(path: Path, entropy: Entropy) -> bytes:
    """Read the secret, or make it; of several processes that start at once, one makes it."""
    fresh = path.with_suffix(f".{os.getpid()}")
    if not path.exists():
        fresh.touch(mode=0o600)
        fresh.write_bytes(entropy.bytes(MIN_SECRET_BYTES))
        try:
            os.link(fresh, path)  # fails where another process was first
        except FileExistsError:
            pass
        finally:
            fresh.unlink()
    return path.read_bytes()
