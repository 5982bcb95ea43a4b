"""Whether units take the events that they handle for new.

Nearly all are: one that is not was delivered again. To ask first is a round trip, and to record it
first another one, so on PostgreSQL a unit records what it has handled as the last of it, together
with all else that it writes. Where that shows that an event was handled before, nothing of the unit
is kept, and it is run again in the ordinary way; which others do, too, for a while.
"""

from __future__ import annotations

import math
import time
from typing import Final

from divan_core.stores.sql.connection import DialectName

DOUBT_S: Final = 1.0
"""How long units ask first after one was wrong: what is delivered again comes in great number."""


class Hopes:
    """What the units of one process hope for."""

    def __init__(self, dialect: DialectName) -> None:
        """Begin hopefully, where a question is a round trip."""
        self._doubtful_until = math.inf if dialect == "sqlite" else -math.inf

    @property
    def are_up(self) -> bool:
        """Whether events are to be taken for new."""
        return time.monotonic() >= self._doubtful_until

    def were_wrong(self) -> None:
        """A unit was wrong, or may have been."""
        self._doubtful_until = time.monotonic() + DOUBT_S
