"""What players write in games, to those who decide about it, in units of theirs."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from uuid import UUID

import attrs

from divan_core.activities import texts
from divan_core.activities.games.game import AnyGame, Text, Veil
from divan_core.activities.games.registry import Games
from divan_core.activities.model import Activity, ActivityId
from divan_core.activities.ports import ActivityUnit
from divan_core.activities.tools import ActivityTools, keep


@attrs.frozen
class Passages:
    """Finds texts by their ids, in the activities of these games."""

    games: Games

    async def of(self, unit: ActivityUnit, wanted: Collection[UUID]) -> Mapping[UUID, Text]:
        """Those of these texts that there are. One statement."""
        origins = {one for text_id in wanted for one in texts.origins(text_id)}
        known = [(one, self._game(one)) for one in await unit.activities.some(origins)]
        found = {text_id: texts.found(text_id, known) for text_id in wanted}
        return {text_id: one[1] for text_id, one in found.items() if one is not None}

    async def origin(self, unit: ActivityUnit, wanted: UUID) -> tuple[ActivityId, Text] | None:
        """A text, and in which activity it was written; None if there is none."""
        activities = await unit.activities.some(texts.origins(wanted))
        known = texts.found(wanted, [(one, self._game(one)) for one in activities])
        return None if known is None else (known[0].id, known[1])

    def _game(self, activity: Activity) -> AnyGame | None:
        return self.games.find(activity.kind)


class Veiling:
    """Hides texts of games, and shows them again."""

    def __init__(self, tools: ActivityTools) -> None:
        """Keep what changes as the service does."""
        self._tools = tools
        self._passages = Passages(tools.games)

    async def veil(self, unit: ActivityUnit, text_id: UUID, veil: Veil | None) -> None:
        """Let a text be seen by whom this leaves it; None by both players. Twice is as once.

        Their sockets are told. The unit is a locking one. Texts that are gone stay gone.
        """
        known = await self._passages.origin(unit, text_id)
        held = None if known is None else await unit.activities.hold(known[0])
        game = None if held is None else self._tools.game_of(held)
        if known is not None and held is not None and game is not None:
            await keep(unit, self._tools, texts.veiled(held, game, known[1].number, veil))
