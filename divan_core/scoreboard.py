"""Leaderboards, put together: what counts, what it comes to, and the end of the day."""

from __future__ import annotations

import attrs

from divan_core.activities.service import Activities
from divan_core.auth.service import Auth
from divan_core.ground import Ground
from divan_core.kernel.audience import Audience
from divan_core.kernel.paging import CursorSealer
from divan_core.leaderboards.closing import Closing
from divan_core.leaderboards.scoring import Scoring
from divan_core.leaderboards.service import BoardsTools, Leaderboards
from divan_core.leaderboards.tools import ScoringTools
from divan_core.rollover.chores import chores
from divan_core.rollover.service import Rollover
from divan_core.scorekeeping import CampusCensus, Scorekeeping
from divan_core.stores.bundle import Stores, StoreUnit


@attrs.frozen
class Scoreboard:
    """The use cases of leaderboards, and the handlers of events that they follow from."""

    leaderboards: Leaderboards[StoreUnit]
    scoring: Scoring[StoreUnit]
    keeping: Scorekeeping
    rollover: Rollover


def scoreboard(
    stores: Stores,
    ground: Ground,
    shared: tuple[Audience, CursorSealer, Auth[StoreUnit], Activities],
) -> Scoreboard:
    """Build each of these once."""
    audience, sealer, auth, activities = shared
    census = CampusCensus()
    tools = ScoringTools[StoreUnit](census, ground.clock, ground.ids)
    scoring = Scoring(stores.units, tools)
    closing = Closing(stores.units, tools, scoring)
    return Scoreboard(
        leaderboards=Leaderboards(stores.units, BoardsTools(scoring, tools, audience, sealer)),
        scoring=scoring,
        keeping=Scorekeeping(scoring),
        rollover=Rollover(
            stores.units, census, closing, chores(stores, auth, activities, ground.clock)
        ),
    )
