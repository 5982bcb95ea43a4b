"""Divan for programs that are not asynchronous: Flask, Django, scripts.

An event loop runs in a thread of its own; every call waits for its answer and may come from any
thread.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import partial

from anyio.from_thread import BlockingPortal, start_blocking_portal

from divan_core.activities.games.game import AnyGame
from divan_core.auth.ports import Mailer, PasswordHasher
from divan_core.divan import Divan
from divan_core.kernel.clock import Clock
from divan_core.safety.own import OwnSignals
from divan_core.settings import Settings
from divan_core.stores.bundle import Stores
from divan_core.sync.accounts import SyncAccounts
from divan_core.sync.activities import SyncActivities
from divan_core.sync.appeals import SyncAppeals, SyncSanctions
from divan_core.sync.audit import SyncAudit
from divan_core.sync.auth import SyncAuth
from divan_core.sync.chat import SyncChat
from divan_core.sync.desk import SyncActions, SyncCases, SyncDashboard, SyncReports
from divan_core.sync.discovery import SyncDiscovery
from divan_core.sync.leaderboards import SyncLeaderboards, SyncRollover
from divan_core.sync.personal import SyncPersonal
from divan_core.sync.policies import SyncPolicies
from divan_core.sync.presence import SyncPresence
from divan_core.sync.rooms import SyncRooms
from divan_core.sync.social import SyncSocial
from divan_core.sync.waiting import Waiting
from divan_core.workers.subscription import Subscription

__all__ = [
    "SyncAccounts",
    "SyncActions",
    "SyncActivities",
    "SyncAppeals",
    "SyncAudit",
    "SyncAuth",
    "SyncCases",
    "SyncChat",
    "SyncDashboard",
    "SyncDiscovery",
    "SyncDivan",
    "SyncLeaderboards",
    "SyncPersonal",
    "SyncPolicies",
    "SyncPresence",
    "SyncReports",
    "SyncRollover",
    "SyncRooms",
    "SyncSanctions",
    "SyncSocial",
]


class SyncDivan:
    """A running Divan for synchronous programs. Make one with :meth:`open`."""

    def __init__(self, divan: Divan, portal: BlockingPortal) -> None:
        """Wrap a Divan that runs in the portal's loop."""
        waiting = Waiting(portal)
        self._divan, self._run = divan, waiting.run
        self.settings = divan.settings
        self.accounts = SyncAccounts(divan.accounts, waiting)
        self.auth = SyncAuth(divan.auth, waiting)
        self.personal = SyncPersonal(divan.personal, waiting)
        self.social = SyncSocial(divan.social, waiting)
        self.policies = SyncPolicies(divan.policies, waiting)
        self.presence = SyncPresence(divan.presence, waiting)
        self.chat = SyncChat(divan.chat, waiting)
        self.rooms = SyncRooms(divan.rooms, waiting)
        self.activities = SyncActivities(divan.activities, waiting)
        self.audit = SyncAudit(divan.audit, waiting)
        self.reports = SyncReports(divan.reports, waiting)
        self.cases = SyncCases(divan.cases, waiting)
        self.actions = SyncActions(divan.actions, waiting)
        self.appeals = SyncAppeals(divan.appeals, waiting)
        self.sanctions = SyncSanctions(divan.sanctions, waiting)
        self.desk = SyncDashboard(divan.desk, waiting)
        self.discovery = SyncDiscovery(divan.discovery, waiting)
        self.leaderboards = SyncLeaderboards(divan.leaderboards, waiting)
        self.rollover = SyncRollover(divan.rollover, waiting)

    @classmethod
    @contextmanager
    def open(  # noqa: PLR0913 - as Divan.open
        cls,
        settings: Settings | None = None,
        *,
        stores: Stores | None = None,
        clock: Clock | None = None,
        hasher: PasswordHasher | None = None,
        mailer: Mailer | None = None,
        subscriptions: Iterable[Subscription] = (),
        games: Iterable[AnyGame] = (),
        signals: OwnSignals | None = None,
    ) -> Iterator[SyncDivan]:
        """Open the stores and run until the context ends; see :meth:`Divan.open`."""
        opened = partial(
            Divan.open,
            settings,
            stores=stores,
            clock=clock,
            hasher=hasher,
            mailer=mailer,
            subscriptions=subscriptions,
            games=games,
            signals=signals,
        )
        with (
            start_blocking_portal() as portal,
            portal.wrap_async_context_manager(opened()) as divan,
        ):
            yield cls(divan, portal)

    def drain(self, timeout_s: float = 30.0) -> None:
        """See :meth:`Divan.drain`."""
        self._run(self._divan.drain, timeout_s)
