"""What the bytes in Redis stand for, remembered, since the same ones come back all the time."""

from __future__ import annotations

from typing import Final
from uuid import UUID

from divan_core.kernel.ids import UserId
from divan_core.presence.model import Cell, PersonKey

ID_BYTES: Final = 16

_SIZES: Final = 1 << 12
_SPAN: Final = 1 << 20
_HALF: Final = _SPAN // 2
_CELLS: Final = 65_536
_GROUPS: Final = 65_536
_IDS: Final = 262_144


class KnownCells(dict[int, Cell]):
    """Cells by their numbers, see :func:`cell_number`."""

    def __missing__(self, number: int) -> Cell:
        """Read and remember a number."""
        if len(self) >= _CELLS:
            self.clear()
        size_m, place = divmod(number, _SPAN * _SPAN)
        column, row = divmod(place, _SPAN)
        cell = self[number] = Cell(size_m, column - _HALF, row - _HALF)
        return cell


class KnownIds(dict[bytes, UserId]):
    """User ids by their 16 bytes; the same object for the same id."""

    def __missing__(self, data: bytes) -> UserId:
        """Read and remember an id."""
        if len(self) >= _IDS:
            self.clear()
        user_id = self[data] = UserId(UUID(bytes=data))
        return user_id

    def in_a_row(self, data: bytes) -> tuple[UserId, ...]:
        """Several ids that stand one after the other."""
        starts = range(0, len(data), ID_BYTES)
        return tuple([self[data[start : start + ID_BYTES]] for start in starts])


class KnownPeople(dict[bytes, tuple[UserId, ...]]):
    """Groups of people by their ids in a row."""

    def __init__(self) -> None:
        """Begin with nobody known."""
        super().__init__()
        self._ids = KnownIds()

    def __missing__(self, data: bytes) -> tuple[UserId, ...]:
        """Read and remember a group."""
        if len(self) >= _GROUPS:
            self.clear()
        group = self[data] = self._ids.in_a_row(data)
        return group


class KnownPlaces(dict[tuple[int, bytes], tuple[Cell, tuple[UserId, ...]]]):
    """Cells and who is there, by the cell's number and the ids in a row.

    What is still as it was is the same object again, so that whatever is made of it can be kept.
    """

    def __init__(self) -> None:
        """Begin with none known."""
        super().__init__()
        self._cells = KnownCells()
        self._ids = KnownIds()

    def __missing__(self, told: tuple[int, bytes]) -> tuple[Cell, tuple[UserId, ...]]:
        """Read and remember a cell and its people."""
        if len(self) >= _GROUPS:
            self.clear()
        number, data = told
        place = self[told] = self._cells[number], self._ids.in_a_row(data)
        return place


def cell_number(cell: Cell) -> int:
    """A cell as a positive number below 2⁵³, so that scripts can count with it.

    Size, column and row take 12, 20 and 20 binary digits, columns and rows raised by 2¹⁹: at one
    metre that is 524 km either way.

    Raises:
        ValueError: the cell is larger or farther away than that.
    """
    size_m, column, row = cell.size_m, cell.column + _HALF, cell.row + _HALF
    if not (0 < size_m < _SIZES and 0 <= column < _SPAN and 0 <= row < _SPAN):
        raise ValueError(f"no number stands for {cell}")
    return (size_m * _SPAN + column) * _SPAN + row


def person_name(key: PersonKey) -> bytes:
    """A person of a campus as 32 bytes, which dictionaries find ten times faster than the key."""
    return key.campus_id.bytes + key.user_id.bytes
