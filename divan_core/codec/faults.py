"""Every fault of a refused input, each with its path.

msgspec stops at the first fault, which is what makes it fast. Only when it has refused an input
does this module go over the same value again, part by part, and asks msgspec about each part
alone: so both readings accept exactly the same.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator
from itertools import islice
from types import UnionType
from typing import Annotated, Any, Final, Union, get_args, get_origin, get_type_hints

import attrs
import msgspec

from divan_core.errors import FieldError

MAX_FAULTS: Final = 100
"""How many faults one answer lists."""

MAX_ITEMS: Final = 1000
"""How many items of a list are looked at."""

_SEQUENCES: Final = (tuple, list, frozenset, set)
_AT: Final = " - at `$"


def faults(value: object, expected: object) -> list[FieldError]:
    """The faults of a decoded JSON value as an ``expected``; none when it is one."""
    return list(islice(_faults(value, expected, "$"), MAX_FAULTS))


def first_fault(refusal: msgspec.ValidationError, path: str = "$") -> FieldError:
    """What msgspec said, as a fault at or below ``path``."""
    cause = refusal.__cause__
    if cause is not None and cause.args:  # an attrs validator adds its workings to the message
        return FieldError(path, str(cause.args[0]))
    message, _, below = str(refusal).partition(_AT)
    return FieldError(path + below.rstrip("`"), message)


def _faults(value: object, expected: object, path: str) -> Iterator[FieldError]:
    try:
        msgspec.convert(value, expected)
    except msgspec.ValidationError as refusal:
        inside = _inside(value, _arm(value, expected), path)
        first = next(inside, None)
        yield first or first_fault(refusal, path)
        yield from inside


def _inside(value: object, expected: object, path: str) -> Iterator[FieldError]:
    """The faults of the members of an object or list; nothing for anything else."""
    if isinstance(value, dict) and _is_object(expected):
        yield from _members(value, expected, path)
    elif isinstance(value, list) and get_origin(expected) in _SEQUENCES:
        item = get_args(expected)[0]
        for index, one in enumerate(value[:MAX_ITEMS]):
            yield from _faults(one, item, f"{path}[{index}]")


def _members(value: dict[str, object], expected: Any, path: str) -> Iterator[FieldError]:  # noqa: ANN401 - any attrs class
    for field in attrs.fields(expected):
        if field.name in value:
            hint = _hints(expected)[field.name]
            yield from _faults(value[field.name], hint, f"{path}.{field.name}")
        elif field.default is attrs.NOTHING:
            yield FieldError(f"{path}.{field.name}", "is required")


def _arm(value: object, expected: object) -> object:
    """The part of a union that this value tries to be; constraints are taken off."""
    if get_origin(expected) is Annotated:
        return _arm(value, get_args(expected)[0])
    if get_origin(expected) not in {Union, UnionType}:
        return expected
    arms = [_arm(value, arm) for arm in get_args(expected)]
    fitting = (arm for arm in arms if _fits(value, arm))
    return next(fitting, expected)


def _fits(value: object, arm: object) -> bool:
    if isinstance(value, dict):
        return _is_object(arm)
    return isinstance(value, list) and get_origin(arm) in _SEQUENCES


def _is_object(expected: object) -> bool:
    return isinstance(expected, type) and attrs.has(expected)


@functools.cache
def _hints(expected: type) -> dict[str, Any]:
    return get_type_hints(expected, include_extras=True)
