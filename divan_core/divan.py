"""Divan, running: stores opened, services wired, everything closed again at the end."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Final

import attrs

from divan_core.accounts.service import Accounts
from divan_core.activities.games.game import AnyGame
from divan_core.activities.service import Activities
from divan_core.auth.ports import Mailer, PasswordHasher
from divan_core.auth.service import Auth
from divan_core.chat.live import Listening
from divan_core.chat.rooms import Rooms
from divan_core.chat.service import Chat
from divan_core.discovery.service import Discovery
from divan_core.discovery.upkeep import IndexUpkeep
from divan_core.errors import NotAllowed
from divan_core.ground import NOTICES, Ground, derived_key
from divan_core.idempotency.service import Idempotency
from divan_core.identity.service import Authenticator
from divan_core.kernel.audience import Audience
from divan_core.kernel.clock import Clock
from divan_core.kernel.ids import Entropy, Ids
from divan_core.kernel.traces import Beginning, Traces
from divan_core.kernel.urgency import Foreground, patient
from divan_core.leaderboards.service import Leaderboards
from divan_core.moderation.actions import Actions
from divan_core.moderation.appeals import Appeals
from divan_core.moderation.audit import Audit
from divan_core.moderation.cases import Cases
from divan_core.moderation.dashboard import Dashboard
from divan_core.moderation.ports import Checkpoints, NoCheckpoints
from divan_core.moderation.reports import Reports
from divan_core.moderation.sanctions import Sanctions
from divan_core.moderation.watching import Watching
from divan_core.observability.metrics import Metrics
from divan_core.personal.service import Personal
from divan_core.presence.service import Presence
from divan_core.readiness import Readiness, readiness
from divan_core.rollover.chores import Chore
from divan_core.rollover.service import Rollover
from divan_core.safety.own import OwnSignals, checked
from divan_core.safety.service import Policies
from divan_core.settings import MIN_SECRET_BYTES, Settings
from divan_core.social.service import Social
from divan_core.staffing import inside, staff
from divan_core.stores.bundle import Measured, ReplicaAddress, StoreHealth, Stores, StoreUnit
from divan_core.stores.factories import (
    embedded_stores,
    file_address,
    production_stores,
    sql_stores,
)
from divan_core.stores.files.checkpoints import FileCheckpoints
from divan_core.system import SystemClock, SystemEntropy, SystemIds
from divan_core.tracing.opening import traced_stores, tracing
from divan_core.wiring import Services, wire
from divan_core.workers.crew import KEY_PURGE, Workers
from divan_core.workers.subscription import Subscription

TRACE_TEST: Final = "divan.trace.test"
DATABASE_FILE: Final = "divan.sqlite3"
SECRET_FILE: Final = "secret.key"  # noqa: S105 - a file's name


class Divan:
    """A running Divan. Make one with :meth:`open`; services are attributes."""

    def __init__(  # noqa: PLR0915 - one line for each service
        self,
        settings: Settings,
        stores: Stores,
        ground: Ground,
        subscriptions: Iterable[Subscription] = (),
    ) -> None:
        """Wire services over stores that somebody else keeps running."""
        services = wire(stores, settings, ground)
        self.settings = settings
        self.stores = stores
        self.clock: Clock = ground.clock
        self.ids: Ids = ground.ids
        self.traces: Traces | None = ground.traces
        self.foreground: Foreground = ground.foreground
        self.accounts: Accounts = services.accounts
        self.social: Social = services.social
        self.presence: Presence = services.presence
        self.chat: Chat = services.chat
        self.rooms: Rooms = services.rooms
        self.listening: Listening = services.listening
        self.activities: Activities = services.activities
        self.discovery: Discovery = services.discovery
        self.identity: Authenticator = services.identity
        self.auth: Auth[StoreUnit] = services.auth
        self.hasher: PasswordHasher = services.hasher
        self.personal: Personal = services.personal
        self.audit: Audit = services.audit
        self.reports: Reports = services.reports
        self.cases: Cases = services.cases
        self.actions: Actions[StoreUnit] = services.actions
        self.appeals: Appeals[StoreUnit] = services.appeals
        self.sanctions: Sanctions = services.sanctions
        self.desk: Dashboard = services.desk
        self.watching: Watching = services.watching
        self.audience: Audience = services.audience
        self.idempotency: Idempotency[StoreUnit] = services.idempotency
        self.policies: Policies[StoreUnit] = services.policies
        self.leaderboards: Leaderboards[StoreUnit] = services.boards.leaderboards
        self._add_up = services.boards.scoring.settle_all
        self.metrics: Metrics = _measuring(services, stores, ground.traces)
        self.search_index: IndexUpkeep = services.search_index
        self.workers: Workers = staff(stores, services, settings, ground, subscriptions)
        counts = {KEY_PURGE: stores.keys.expired}
        tidying = (
            Chore(one.name, one.act, counts.get(one.name)) for one in self.workers.housekeeping
        )
        self.rollover: Rollover = services.boards.rollover.with_chores(*tidying)

    @classmethod
    @asynccontextmanager
    async def open(  # noqa: PLR0913 - a program opens one, and names what it gives
        cls,
        settings: Settings | None = None,
        *,
        stores: Stores | None = None,
        clock: Clock | None = None,
        ids: Ids | None = None,
        entropy: Entropy | None = None,
        hasher: PasswordHasher | None = None,
        mailer: Mailer | None = None,
        subscriptions: Iterable[Subscription] = (),
        games: Iterable[AnyGame] = (),
        signals: OwnSignals | None = None,
    ) -> AsyncIterator[Divan]:
        """Open the stores, and run until the context ends.

        Without ``stores`` they follow from the settings: a SQLite file in the data folder unless
        ``database_url`` says otherwise, presence in this process unless ``redis_url`` does.
        ``hasher`` and ``mailer`` replace argon2id and the mail server of the settings.
        ``subscriptions`` are the caller's reactions to events, ``games`` and ``signals`` its own
        beside Divan's (every process has the same). Workers run inside, unless the settings say
        that another process has them (``workers_enabled``), or those that decide by machine
        (``moderation.workers_enabled``); what belongs to this process alone always does.

        Raises:
            ConfigurationError: the settings cannot work; the message says what to change.
            StoreUnavailable: a store cannot be reached.
        """
        settings = _checked(settings)
        entropy = entropy or SystemEntropy()
        ground = Ground(
            clock=clock or SystemClock(),
            ids=ids or SystemIds(),
            secret=_secret(settings, entropy, keep=stores is None),
            entropy=entropy,
            hasher=hasher,
            mailer=mailer,
            checkpoints=_checkpoints(settings, beside=stores is None),
            games=tuple(games),
            signals=checked(signals or {}),
        )
        async with AsyncExitStack() as stack:
            traces = await stack.enter_async_context(tracing(settings, ground.clock))
            ground = attrs.evolve(ground, traces=traces)
            found = stores or stores_of(settings, ground)
            opened = traced_stores(found, traces, settings, given=stores is not None)
            for part in opened.lifecycle:
                await stack.enter_async_context(part.running())
            yield await _staffed(cls(settings, opened, ground, subscriptions), stack)

    async def drain(self, timeout_s: float = 30.0) -> None:
        """Deliver every recorded event now, and return when nothing is left to do about any.

        Works whether workers run or not. Events whose handling failed are tried again without
        delay until they are handled or given up; what other processes have in hand is waited for.

        Raises:
            TimeoutError: something is left after ``timeout_s`` seconds.
            StoreUnavailable: a store is away.
        """
        await self.workers.drain(timeout_s)
        await self._add_up()

    def trace_test(self) -> str | None:
        """Make the span ``divan.trace.test``; its trace's id, or None where there are no traces.

        Raises:
            NotAllowed: this is production.
        """
        if self.settings.env == "prod":
            raise NotAllowed("Traces are not tried out in production.")
        if self.traces is None:
            return None
        with self.traces.span(Beginning(TRACE_TEST)) as span:
            return span.trace_id

    async def health(self) -> Mapping[str, StoreHealth]:
        """How each dependency is, by name."""
        found: dict[str, StoreHealth] = {}
        for part in self.stores.lifecycle:
            found |= await part.health()
        return found

    async def ready(self) -> Readiness:
        """Whether requests can be served, as ``GET /health/ready`` tells."""
        return readiness(await self.health(), self.settings)


def _checked(settings: Settings | None) -> Settings:
    """The settings, or those of one process on a developer's machine, if they may run."""
    settings = settings or Settings()
    settings.check()
    return settings


def _measuring(services: Services, stores: Stores, traces: Traces | None) -> Metrics:
    """The metrics, with what services and stores count for themselves."""
    metrics = services.metrics
    metrics.watch(services.presence.tell)
    metrics.watch(stores.outbox.tally.tell)
    for part in stores.lifecycle:
        if isinstance(part, Measured):
            metrics.watch(part.tell)
    if traces is not None:
        metrics.watch(traces.tell)
    return metrics


async def _staffed(divan: Divan, stack: AsyncExitStack) -> Divan:
    """Let workers be at work until the stack ends: those that run inside, in no hurry."""
    only = inside(divan.settings, divan.workers.names)
    with patient():
        await stack.enter_async_context(divan.workers.running(only))
    return divan


def stores_of(settings: Settings, ground: Ground) -> Stores:
    """The stores that settings ask for; they go by their own clocks where nobody sets another."""
    clock = None if isinstance(ground.clock, SystemClock) else ground.clock
    replica = _replica(settings)
    if not settings.database_url and not settings.redis_url and replica is None:
        return embedded_stores(data_dir(settings) / DATABASE_FILE, clock)
    database_url = settings.database_url or file_address(data_dir(settings) / DATABASE_FILE)
    if not settings.redis_url:
        return sql_stores(database_url, clock, replica)
    key, redis_url = derived_key(ground.secret, NOTICES), settings.redis_url
    return production_stores(database_url, redis_url, key=key, clock=clock, replica=replica)


def _replica(settings: Settings) -> ReplicaAddress | None:
    url = settings.database_replica_url
    return ReplicaAddress(url, settings.database_replica_lag_s) if url else None


def data_dir(settings: Settings) -> Path:
    """The folder for the embedded database and the development secret; made when missing."""
    folder = data_path(settings)
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    return folder


def data_path(settings: Settings) -> Path:
    """Where :func:`data_dir` is or would be."""
    return Path(settings.data_dir) if settings.data_dir else Path.home() / ".local/share/divan"


def _checkpoints(settings: Settings, *, beside: bool) -> Checkpoints:
    """Where checkpoints of the audit are kept: as set, else ``beside`` a SQLite file."""
    if settings.audit_checkpoints:
        return FileCheckpoints(Path(settings.audit_checkpoints))
    if not beside or settings.database_url.partition(":///")[0] not in {"", "sqlite"}:
        return NoCheckpoints()
    path = settings.database_url.partition(":///")[2]
    database = Path(path) if path else data_dir(settings) / DATABASE_FILE
    return FileCheckpoints(database.with_name(f"{database.name}.checkpoints"))


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
