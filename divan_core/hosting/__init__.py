"""For host applications: the guarantee of idempotency keys for their own writes.

It needs SQLAlchemy, which the host has, and nothing else of Divan: no server, no running
``Divan``, and of its tables at most the one of keys.
"""

from divan_core.hosting.functions import AsyncKeyedFunction, KeyedFunction
from divan_core.hosting.idempotency import HostIdempotency
from divan_core.hosting.keys import idempotency_table
from divan_core.hosting.write import KeyedWrite, KeyedWriteMisused

__all__ = [
    "AsyncKeyedFunction",
    "HostIdempotency",
    "KeyedFunction",
    "KeyedWrite",
    "KeyedWriteMisused",
    "idempotency_table",
]
