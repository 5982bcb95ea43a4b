"""What the demo's page and its server say to each other, beyond what every client may."""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias

import attrs
from msgspec import Meta

from divan_cli.demo.drawing import Degrees, Drawing, Line
from divan_core.kernel.ids import CampusId, UserId
from divan_core.presence.messages import MAX_RADIUS_M

Relation: TypeAlias = Literal["friend", "stranger"]


@attrs.frozen
class Visitor:
    """The person whom the page acts for, and where they stand first."""

    user_id: UserId
    display_name: str
    place: Degrees


@attrs.frozen
class Watcher:
    """Somebody who stands on the campus and with whose eyes the visitor can look."""

    user_id: UserId
    display_name: str
    relation: Relation
    place: Degrees


@attrs.frozen
class SceneView:
    """What the page needs to begin.

    ``people`` walk, ``recorded`` or simulated. ``now`` is the server's clock in epoch
    milliseconds; it runs ``speed`` times as fast as others.
    ``floor_m`` is the smallest square there is.
    """

    name: str
    campus_id: CampusId
    people: int
    recorded: bool
    floor_m: int
    speed: float
    me: Visitor
    watchers: tuple[Watcher, ...]
    drawing: Drawing
    now: int = 0


@attrs.frozen
class CellsQuery:
    """Whose squares: of those within ``radius_m`` of me, or with ``everyone`` of everybody."""

    radius_m: Annotated[int, Meta(ge=1, le=MAX_RADIUS_M)]
    everyone: bool = False


@attrs.frozen
class CellView:
    """A square of ``size_m`` metres, its corners, and who is shown in it."""

    id: str
    size_m: int
    corners: Line
    people: tuple[UserId, ...]


@attrs.frozen
class CellsView:
    """Squares of others, the caller's own, and the caller's last exact fix."""

    here: Degrees | None
    mine: CellView | None
    cells: tuple[CellView, ...]


@attrs.frozen
class BlockedPerson:
    """Somebody whom the caller has blocked."""

    user_id: UserId
    display_name: str


@attrs.frozen
class BlockedPeople:
    """Everybody whom the caller has blocked."""

    items: tuple[BlockedPerson, ...]


@attrs.frozen
class Befriend:
    """Be friends with this person, as if both had agreed."""

    user_id: UserId
