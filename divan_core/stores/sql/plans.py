"""When PostgreSQL is to make its plans anew.

What is prepared keeps a plan that was right for its tables as they were, and one that reads a table
of a few pages from end to end is. PostgreSQL makes it anew once the table was analysed: a minute
later at the earliest, and never where autovacuum is off. A new database has tens of thousands of
events by then, and each batch of them read all there had ever been.
"""

from __future__ import annotations

import time
from typing import Any, Final

import attrs

DISCARD: Final = "DISCARD PLANS"
"""Statements stay prepared, which costs round trips; planning costs none."""

FIRST_S: Final = 1.0
"""How old a connection is when its plans are made anew for the first time."""

_NAME: Final = "divan plans"


@attrs.define
class Plans:
    """Those of one connection. They are as old as half of it at most.

    So what has grown evenly since it began has no more than doubled since they were made.
    """

    _since: float
    _age_s: float = FIRST_S

    @classmethod
    def of(cls, info: dict[Any, Any]) -> Plans:
        """Those of the connection of which a pool notes this."""
        found: Plans | None = info.get(_NAME)
        if found is None:
            found = info[_NAME] = cls(time.monotonic())
        return found

    def are_over(self) -> bool:
        """Whether they are to be made anew, which is said once."""
        age_s = time.monotonic() - self._since
        if age_s < self._age_s:
            return False
        self._age_s = 2 * age_s
        return True
