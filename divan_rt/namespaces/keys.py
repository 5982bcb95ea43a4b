"""The keys of writes that come by sockets: a ``client_msg_id`` is one."""

from __future__ import annotations

import hashlib
from uuid import UUID

from divan_core.settings import Settings


def key_of(settings: Settings, target: UUID, client_msg_id: str | None) -> str | None:
    """The idempotency key of a message to somebody or to a room.

    A ``client_msg_id`` keeps a message from being sent twice by itself, for ever, and costs no
    second record. Only where a deployment insists on keys is one made of it.
    """
    if client_msg_id is None or not settings.idempotency.key_mandatory:
        return None
    return hashlib.sha256(target.bytes + client_msg_id.encode()).hexdigest()
