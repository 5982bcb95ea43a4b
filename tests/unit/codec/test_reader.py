"""Both readings of an input, the fast one and the one that explains, accept the same."""

from collections.abc import Callable, Mapping
from typing import Annotated, Any

import attrs
import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import UNSET, Meta, UnsetType

from divan_core.accounts.messages import ChangePrivacy, ChangeProfile, CreatePerson
from divan_core.codec.faults import faults
from divan_core.codec.reader import JsonReader
from divan_core.errors import DivanError, InvalidRequest, ValidationFailed
from divan_core.presence.messages import GoOffline, Heartbeat

UUID_TEXT = "00000000-0000-7000-8000-000000000001"


@attrs.frozen
class Inner:
    count: Annotated[int, Meta(ge=1, le=9)]
    note: str | None = None


def _even(_instance: object, _attribute: Any, value: int) -> None:
    if value % 2:
        raise ValueError("must be even")


@attrs.frozen
class Outer:
    """Everything that a command may be made of."""

    inner: Inner
    inners: Annotated[tuple[Inner, ...], Meta(max_length=2)] = ()
    maybe: Inner | None = None
    unset: Inner | UnsetType = UNSET
    lists: tuple[tuple[int, ...], ...] | None = None
    flags: frozenset[str] = frozenset()
    table: dict[str, int] = attrs.field(factory=dict)
    even: int = attrs.field(default=0, validator=_even)


GOOD: Mapping[type[Any], Mapping[str, Any]] = {
    Heartbeat: {"lat": 1.5, "lon": 2, "accuracy_m": 10, "device_id": "d", "ts_client": 5},
    GoOffline: {},
    ChangeProfile: {"display_name": "Ana", "passions": ["chess"], "graduation_year": None},
    ChangePrivacy: {"visibility": "everyone", "blur_distance_m": 20},
    CreatePerson: {"campus_id": UUID_TEXT, "handle": "ana", "display_name": "Ana", "privacy": {}},
    Inner: {"count": 1},
    Outer: {"inner": {"count": 1}, "inners": [{"count": 2, "note": "x"}], "lists": [[1], []]},
}

scalars = (
    st.none()
    | st.booleans()
    | st.integers(-3, 12)
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=5)
    | st.sampled_from([UUID_TEXT, "everyone", "none", "ana", "https://example.org/a.png", 20, 50.0])
)


def values(members: st.SearchStrategy[str]) -> st.SearchStrategy[Any]:
    return st.recursive(
        scalars,
        lambda inner: st.lists(inner, max_size=4) | st.dictionaries(members, inner, max_size=6),
        max_leaves=12,
    )


@st.composite
def inputs(draw: st.DrawFn) -> tuple[type[Any], Any]:
    """A command's class, and a JSON value that is one but for a member or two, or is anything."""
    command = draw(st.sampled_from([*GOOD]))
    names = [field.name for field in attrs.fields(command)]
    any_value = values(st.sampled_from([*names, "count", "note", "other"]))
    if draw(st.booleans()):
        return command, draw(any_value)
    members = st.sampled_from([*names, "other"])
    changed = {**GOOD[command], **draw(st.dictionaries(members, any_value, max_size=2))}
    for name in draw(st.sets(members, max_size=1)):
        changed.pop(name, None)
    return command, changed


def refused(read: Callable[..., object], *given_input: object) -> DivanError | None:
    """The refusal that reading ends in, if it does; anything else is a bug and raised."""
    try:
        read(*given_input)
    except (InvalidRequest, ValidationFailed) as refusal:
        return refusal
    return None


@settings(deadline=None)
@given(inputs())
def test_both_readings_accept_the_same(given_input: tuple[type[Any], Any]) -> None:
    command, value = given_input
    body = msgspec.json.encode(value)
    found = faults(msgspec.json.decode(body), command)
    refusal = refused(JsonReader(command).read, body)
    assert [*getattr(refusal, "errors", ())] == found
    assert bool(refusal) == bool(found)


@settings(deadline=None)
@given(st.binary(max_size=40) | st.text(max_size=40).map(str.encode), st.sampled_from([*GOOD]))
def test_no_bytes_are_beyond_refusal(body: bytes, command: type[Any]) -> None:
    refused(JsonReader(command).read, body)


@pytest.mark.parametrize(
    ("value", "paths"),
    [
        ({}, ["$.inner"]),
        ({"inner": 1}, ["$.inner"]),
        ({"inner": {"count": 10, "note": 5}}, ["$.inner.count", "$.inner.note"]),
        (
            {"inner": {"count": 1}, "inners": [{"count": 0}, 1]},
            ["$.inners[0].count", "$.inners[1]"],
        ),
        ({"inner": {"count": 1}, "inners": [{"count": 1}] * 3}, ["$.inners"]),
        ({"inner": {"count": 1}, "maybe": {"count": "x"}}, ["$.maybe.count"]),
        ({"inner": {"count": 1}, "unset": {}}, ["$.unset.count"]),
        ({"inner": {"count": 1}, "unset": None}, ["$.unset"]),
        (
            {"inner": {"count": 1}, "lists": [[1], ["x", 2, None]]},
            ["$.lists[1][0]", "$.lists[1][2]"],
        ),
        ({"inner": {"count": 1}, "flags": ["a", 1]}, ["$.flags[1]"]),
        ({"inner": {"count": 1}, "table": {"a": "x"}}, ["$.table[...]"]),
        ({"inner": {"count": 1}, "even": 3}, ["$"]),
    ],
)
def test_every_fault_has_its_path(value: object, paths: list[str]) -> None:
    assert [fault.path for fault in faults(value, Outer)] == paths


def test_a_validators_own_words_are_told() -> None:
    (fault,) = faults({"inner": {"count": 1}, "even": 3}, Outer)
    assert fault.message == "must be even"
