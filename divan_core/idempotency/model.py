"""What is kept of a key."""

from __future__ import annotations

import attrs


@attrs.frozen
class KeyScope:
    """What a key is unique in: two subjects or two operations never collide.

    ``subject`` is who acts (up to 64 characters), ``operation`` what is done (up to 64), ``key``
    the caller's own word for this one time (1-255).
    """

    subject: str
    operation: str
    key: str


@attrs.frozen
class StoredAnswer:
    """A completed write: the fingerprint (32 bytes) of its payload, and its answer as JSON."""

    fingerprint: bytes
    body: bytes
