"""What the lines of rooms mean: a new room with its people, or what a known one is called."""

from __future__ import annotations

from collections.abc import Sequence

import attrs

from divan_core.bulk.lines import BadLine, RoomLine, parse
from divan_core.bulk.report import Fate
from divan_core.bulk.spool import NumberedLine
from divan_core.bulk.weighing import Findings, know_people
from divan_core.chat.model import Preset, Room, RoomVisibility
from divan_core.chat.roommessages import CreateRoom
from divan_core.chat.roompolicy import Shift, new_room
from divan_core.errors import DivanError
from divan_core.kernel.clock import Millis
from divan_core.kernel.ids import UserId
from divan_core.stores.bundle import StoreUnit


def room_of(line: RoomLine, now: Millis) -> Shift:
    """The room that a line describes, as it is when it is new.

    Raises:
        BadLine: a name that cannot be, or more people than the preset is for.
    """
    command = CreateRoom(line.name, line.preset, line.visibility, line.members)
    try:
        return new_room(command, line.id, line.campus_id, line.owner, now)
    except DivanError as fault:
        raise BadLine(fault.errors[0].message if fault.errors else fault.detail) from fault


async def weigh_rooms(
    unit: StoreUnit, batch: Sequence[NumberedLine], found: Findings
) -> list[Shift]:
    """The rooms that are new, or are called or seen otherwise than the lines say.

    Who is in a room that is there is not touched: people come and go.
    """
    lines = [(number, _room_line(raw)) for number, raw in batch]
    involved = {one for _, line in lines for one in (line.owner, *line.members)}
    await know_people(unit, involved, found)
    differing: list[Shift] = []
    for number, line in lines:
        known = await unit.rooms.get(line.id)
        try:
            shift = _shift(line, known, found)
        except BadLine as fault:
            found.faults[number] = str(fault)
            continue
        fate: Fate = "added" if known is None else "changed"
        if known is not None and shift.room == known:
            fate = "unchanged"
        else:
            differing.append(shift)
        found.fates[number] = ("room", fate)
    return differing


def _room_line(raw: bytes) -> RoomLine:
    line = parse(raw)
    assert isinstance(line, RoomLine)  # noqa: S101 - sorting put it here
    return line


def _shift(line: RoomLine, known: Room | None, found: Findings) -> Shift:
    for one in (line.owner, *line.members):
        _check_of(line, one, found)
    if known is None:
        return room_of(line, found.now)
    if known.campus_id != line.campus_id:
        raise BadLine(f"campus_id: this room belongs to the campus {known.campus_id}")
    preset, visibility = Preset(line.preset), RoomVisibility(line.visibility)
    if preset.capacity < known.members:
        raise BadLine(f"preset: there are {known.members} people in this room")
    name = room_of(line, found.now).room.name
    return Shift(attrs.evolve(known, name=name, preset=preset, visibility=visibility))


def _check_of(line: RoomLine, user_id: UserId, found: Findings) -> None:
    if user_id not in found.people:
        raise BadLine(f"there is no person {user_id}")
    if found.people[user_id] != line.campus_id:
        raise BadLine(f"the person {user_id} is on another campus")
