"""What only the demo's page may ask: rows for the operation table, never part of ``divan serve``.

They show what no client of Divan is ever told, the public squares of others, so that a visitor
can see what privacy does.
"""

from __future__ import annotations

import contextlib
from collections import defaultdict
from collections.abc import Iterable, Mapping
from types import NoneType
from typing import Final

import attrs

from divan_cli.demo.drawing import Draughtsman
from divan_cli.demo.messages import (
    Befriend,
    BlockedPeople,
    BlockedPerson,
    CellsQuery,
    CellsView,
    CellView,
    SceneView,
)
from divan_core.divan import Divan
from divan_core.errors import NotFound, PresenceRequired, StoreUnavailable
from divan_core.kernel.actor import Actor
from divan_core.kernel.ids import UserId
from divan_core.presence.messages import Cell
from divan_http.operation import Nothing, Operation, PersonOperation, PublicOperation

MOST_BLOCKED: Final = 200


@attrs.frozen
class DemoOperations:
    """The rows and what they do, for one scene."""

    scene: SceneView
    draughtsman: Draughtsman

    def table(self) -> tuple[Operation, ...]:
        """The rows."""
        return (
            PublicOperation(
                method="GET",
                path="/demo/scene",
                name="demo.scene",
                command=Nothing,
                view=SceneView,
                perform=self._scene,
            ),
            PersonOperation(
                method="GET",
                path="/demo/cells",
                name="demo.cells",
                command=CellsQuery,
                view=CellsView,
                perform=self._cells,
            ),
            PersonOperation(
                method="GET",
                path="/demo/blocked",
                name="demo.blocked",
                command=Nothing,
                view=BlockedPeople,
                perform=self._blocked,
                errors=(StoreUnavailable,),
            ),
            PersonOperation(
                method="POST",
                path="/demo/befriend/{user_id}",
                name="demo.befriend",
                command=Befriend,
                view=NoneType,
                status=204,
                perform=self._befriend,
                errors=(NotFound, StoreUnavailable),
            ),
        )

    async def _scene(self, divan: Divan, _: Nothing) -> SceneView:
        """Describe the campus and who the visitor is."""
        return attrs.evolve(self.scene, now=divan.clock.now())

    async def _cells(self, divan: Divan, actor: Actor, query: CellsQuery) -> CellsView:
        """Show the squares of people: of those listed for the caller, or of everybody."""
        here, listed = None, frozenset[UserId]()
        with contextlib.suppress(PresenceRequired):
            around = await divan.presence.surroundings(actor, query.radius_m)
            here = self.draughtsman.degrees((around.east, around.north))
            listed = frozenset(person.user_id for person in around.items)
        found = await divan.stores.presence.everybody(actor.campus_id, divan.clock.now())
        others = found.keys() - {actor.user_id} if query.everyone else found.keys() & listed
        mine = self._gathered(found, found.keys() & {actor.user_id})
        return CellsView(here, mine[0] if mine else None, self._gathered(found, others))

    def _gathered(
        self, found: Mapping[UserId, Cell], shown: Iterable[UserId]
    ) -> tuple[CellView, ...]:
        """The squares of these people, each once."""
        people: dict[Cell, list[UserId]] = defaultdict(list)
        for user_id in sorted(shown):
            people[found[user_id]].append(user_id)
        return tuple(self._square(cell, some) for cell, some in people.items())

    def _square(self, cell: Cell, people: list[UserId]) -> CellView:
        half = cell.size_m / 2
        west, east = cell.east - half, cell.east + half
        south, north = cell.north - half, cell.north + half
        corners = ((west, south), (east, south), (east, north), (west, north))
        return CellView(
            id=f"{cell.size_m}/{cell.column}/{cell.row}",
            size_m=cell.size_m,
            corners=self.draughtsman.line(corners),
            people=tuple(people),
        )

    async def _blocked(self, divan: Divan, actor: Actor, _: Nothing) -> BlockedPeople:
        """List whom the caller has blocked."""
        people = await divan.stores.units.read(
            lambda unit: unit.relations.blocked_by(actor.user_id, None, MOST_BLOCKED)
        )
        cards = await divan.audience.cards(people)
        return BlockedPeople(
            tuple(BlockedPerson(card.user_id, card.display_name) for card in cards if card)
        )

    async def _befriend(self, divan: Divan, actor: Actor, command: Befriend) -> None:
        """Make the caller and somebody friends."""
        await divan.social.befriend(actor, command.user_id)
