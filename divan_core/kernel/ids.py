"""Identifiers, and the port that makes new ones."""

from __future__ import annotations

from typing import NewType, Protocol
from uuid import UUID

UserId = NewType("UserId", UUID)
"""A person, the same in every context."""

CampusId = NewType("CampusId", UUID)
"""A bounded community."""


RoomId = NewType("RoomId", UUID)
"""A room, in which people talk."""


class Ids(Protocol):
    """Makes new identifiers."""

    def uuid(self) -> UUID:
        """A new UUIDv7 (RFC 9562): unique, and increasing with time within a process."""
        ...


class Entropy(Protocol):
    """Unpredictable bytes, for secrets and starting numbers."""

    def bytes(self, count: int) -> bytes:
        """``count`` bytes nobody can guess."""
        ...
