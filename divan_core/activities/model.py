"""Activities: one game between two friends, from the lobby to its end."""

from __future__ import annotations

from typing import NewType
from uuid import UUID

ActivityId = NewType("ActivityId", UUID)
"""A game between two people."""
