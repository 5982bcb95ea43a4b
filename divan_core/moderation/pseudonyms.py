"""What a moderator is called where people are not of the staff."""

from __future__ import annotations

import base64
import hmac
from typing import Final

from divan_core.kernel.ids import CampusId, UserId

_BYTES: Final = 10


class Pseudonyms:
    """Names for moderators: the same on one campus always, and telling nothing of who it is.

    A name is an HMAC (RFC 2104) with SHA-256 over the ids of campus and person, of which 80 bits
    are kept, in the alphabet of RFC 4648: ``mod-`` and 16 letters and digits. Without the key
    nobody can find out whose it is, nor whether two names of two campuses are one person's.
    """

    def __init__(self, key: bytes) -> None:
        """Make names with ``key``, which is secret and at least 32 bytes long."""
        self._key = key

    def of(self, campus_id: CampusId, user_id: UserId) -> str:
        """What somebody of the staff is called on a campus."""
        digest = hmac.digest(self._key, campus_id.bytes + user_id.bytes, "sha256")[:_BYTES]
        return f"mod-{base64.b32encode(digest).decode().lower()}"
