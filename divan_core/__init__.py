"""Divan: presence, proximity and people for a bounded community.

``Divan.open`` runs it inside any asyncio program, ``SyncDivan.open`` inside any other. Importing
this package loads no database driver and no web framework.
"""

from divan_core.divan import Divan
from divan_core.errors import DivanError
from divan_core.settings import Settings
from divan_core.stores.bundle import Stores
from divan_core.stores.factories import embedded_stores, memory_stores, production_stores
from divan_core.sync import SyncDivan
from divan_core.workers.subscription import Subscription

__all__ = [
    "Divan",
    "DivanError",
    "Settings",
    "Stores",
    "Subscription",
    "SyncDivan",
    "embedded_stores",
    "memory_stores",
    "production_stores",
]
