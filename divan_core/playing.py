"""Games, put together: Divan's own, those of the host, and what any of them is played with."""

from __future__ import annotations

from typing import Final

from divan_core.activities.games.game import AnyGame
from divan_core.activities.games.registry import Games
from divan_core.activities.games.rps import RockPaperScissors
from divan_core.activities.games.story import Story
from divan_core.activities.games.trivia import Trivia
from divan_core.activities.games.typing import TypingDuel
from divan_core.activities.passages import Passages
from divan_core.activities.tools import ActivityLimits, ActivityTools
from divan_core.ground import Ground
from divan_core.idempotency.service import Idempotency
from divan_core.kernel.audience import Audience
from divan_core.kernel.gate import WritersGate
from divan_core.kernel.paging import CursorSealer
from divan_core.presence.service import Presence
from divan_core.settings import Settings
from divan_core.stores.bundle import Stores, StoreUnit

GAMES: Final[tuple[AnyGame, ...]] = (TypingDuel(), Story(), Trivia(), RockPaperScissors())
"""Divan's own games."""

Shared = tuple[Audience, WritersGate, Idempotency[StoreUnit], CursorSealer, Presence]
"""What social, chat and activities have in common."""


def games_of(ground: Ground) -> Games:
    """All games of a deployment.

    Raises:
        ConfigurationError: two have the same name, or one has none.
    """
    return Games((*GAMES, *ground.games))


def passages_of(ground: Ground) -> Passages:
    """What is written in all games of a deployment."""
    return Passages(games_of(ground))


def activity_tools(
    stores: Stores, settings: Settings, ground: Ground, shared: Shared
) -> ActivityTools:
    """What activities are built from."""
    audience, gate, idempotency, sealer, _ = shared
    limit = settings.limit
    return ActivityTools(
        games=games_of(ground),
        audience=audience,
        limits=stores.limits,
        limit=ActivityLimits(limit.activity_create, limit.activity_action),
        once=idempotency,
        gate=gate,
        clock=ground.clock,
        ids=ground.ids,
        entropy=ground.entropy,
        sealer=sealer,
    )
