"""Whatever is done to a chain behind its back is found, and the first bad entry named."""

import hashlib
import hmac
from collections.abc import Callable, Sequence
from typing import Any
from uuid import UUID

import attrs
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from divan_core.kernel.clock import Millis
from divan_core.kernel.ids import CampusId, UserId
from divan_core.kernel.trail import Deed
from divan_core.moderation.chain import Chain, Entry, Link
from divan_core.moderation.checking import Checkpoint, Fault, FaultKind, Inspection, Signer

KEY, OTHER_KEY = bytes(32), bytes(31) + b"\1"
CHAIN, SIGNER = Chain(KEY), Signer(KEY)
CAMPUS, PERSON = CampusId(UUID(int=1)), UserId(UUID(int=2))


def deeds(count: int) -> list[tuple[Deed, bytes]]:
    return [(deed(number), bytes([number % 256]) * 16) for number in range(count)]


def deed(number: int) -> Deed:
    said = f"Because of {number}." if number % 2 else None
    whom = PERSON if number % 3 else None
    campus = CAMPUS if number % 4 else None
    return Deed("case.dismissed", f"case:{number}", Millis(number), campus, None, whom, {}, said)


def chain(count: int) -> list[Entry]:
    return CHAIN.entries(Link(), deeds(count))


def found(
    entries: Sequence[Entry],
    *checkpoints: Checkpoint,
    head: Link | None = None,
    beyond: int | None = None,
) -> Fault | None:
    inspection = Inspection(CHAIN, checkpoints)
    inspection.go_on(entries)
    inspection.finish(head or (entries[-1].link if entries else Link()), beyond)
    return inspection.fault


def at(entry: Entry) -> Checkpoint:
    return Checkpoint(entry.seq, entry.mac, Millis(5))


@given(st.integers(0, 12), st.integers(0, 12))
def test_a_whole_chain_is_right(count: int, split: int) -> None:
    entries = chain(count)
    inspection = Inspection(CHAIN, map(at, entries))
    assert inspection.go_on(entries[:split])
    assert inspection.go_on(entries[split:])
    inspection.finish(entries[-1].link if entries else Link(), None)
    assert (inspection.fault, inspection.end.seq, inspection.erased) == (None, count, 0)


@given(st.binary(min_size=32, max_size=130))
@example(bytes(64))
@example(bytes(65))
def test_seals_are_those_of_hmac(key: bytes) -> None:
    """Of the one that came before, the number, and what the entry says; by keys of any length."""
    _, second = Chain(key).entries(Link(), [(deed(0), bytes(16)), (deed(5), bytes(16))])
    first = Chain(key).entries(Link(), [(deed(0), bytes(16))])[0]
    said = hashlib.sha256(bytes(16) + b"Because of 5.").digest()
    parts = (first.mac, bytes([0] * 7 + [2]), CAMPUS.bytes, PERSON.bytes, said)
    whole = b"".join(parts) + b"case:5\x1f" + second.payload.encode()
    assert second.mac == hmac.digest(key, whole, "sha256")


@given(st.integers(1, 8), st.data())
def test_it_goes_on_where_it_ended(count: int, data: st.DataObject) -> None:
    split = data.draw(st.integers(0, count))
    begun = CHAIN.entries(Link(), deeds(count)[:split])
    rest = CHAIN.entries(begun[-1].link if begun else Link(), deeds(count)[split:])
    assert begun + rest == chain(count)


CHANGES: list[Callable[[Entry], dict[str, Any]]] = [
    lambda _: {"campus": UUID(int=9).bytes},
    lambda _: {"person": UUID(int=9).bytes},
    lambda entry: {"about": entry.about + "0"},
    lambda entry: {"payload": entry.payload.replace("dismissed", "escalated")},
    lambda entry: {"payload": entry.payload.replace('"at":', '"at":1')},
    lambda _: {"words": "Something else."},
    lambda _: {"salt": bytes(range(16))},
    lambda _: {"words_hash": bytes(range(32))},
    lambda _: {"words": None},
    lambda entry: {"mac": bytes(reversed(entry.mac))},
]


@pytest.mark.parametrize("change", CHANGES, ids=map(str, range(len(CHANGES))))
@given(count=st.integers(1, 9), data=st.data())
def test_a_changed_entry_is_named(
    change: Callable[[Entry], dict[str, Any]], count: int, data: st.DataObject
) -> None:
    entries = chain(count)
    place = data.draw(st.integers(0, count - 1))
    changed = attrs.evolve(entries[place], **change(entries[place]))
    if changed == entries[place]:
        return
    entries[place] = changed
    assert found(entries, head=chain(count)[-1].link) == Fault(FaultKind.CHANGED, place + 1)


@given(st.integers(2, 9), st.data())
def test_a_missing_entry_is_named(count: int, data: st.DataObject) -> None:
    entries, place = chain(count), data.draw(st.integers(0, count - 2))
    del entries[place]
    assert found(entries) == Fault(FaultKind.MISSING, place + 1)


@given(st.integers(2, 9), st.data())
def test_a_missing_entry_is_named_when_numbers_are_closed_up(
    count: int, data: st.DataObject
) -> None:
    entries, place = chain(count), data.draw(st.integers(0, count - 2))
    del entries[place]
    closed = [attrs.evolve(one, seq=number) for number, one in enumerate(entries, 1)]
    assert found(closed) == Fault(FaultKind.CHANGED, place + 1)


@given(st.integers(2, 9), st.data())
def test_two_that_changed_places_are_found(count: int, data: st.DataObject) -> None:
    entries = chain(count)
    one = data.draw(st.integers(0, count - 2))
    other = data.draw(st.integers(one + 1, count - 1))
    swapped = list(entries)
    swapped[one] = attrs.evolve(entries[other], seq=one + 1)
    swapped[other] = attrs.evolve(entries[one], seq=other + 1)
    assert found(swapped) == Fault(FaultKind.CHANGED, one + 1)


@given(st.integers(1, 9), st.data())
def test_a_cut_end_is_found_by_the_head(count: int, data: st.DataObject) -> None:
    entries, left = chain(count), data.draw(st.integers(0, count - 1))
    fault = Fault(FaultKind.TRUNCATED, left + 1)
    assert found(entries[:left], head=entries[-1].link) == fault


@given(st.integers(1, 9), st.data())
def test_a_cut_end_and_head_are_found_by_a_checkpoint(count: int, data: st.DataObject) -> None:
    entries, left = chain(count), data.draw(st.integers(0, count - 1))
    assert found(entries[:left], at(entries[-1])) == Fault(FaultKind.TRUNCATED, left + 1)


@given(st.integers(2, 9), st.data())
def test_a_state_that_was_brought_back_and_went_on_is_found(
    count: int, data: st.DataObject
) -> None:
    entries, back = chain(count), data.draw(st.integers(0, count - 1))
    kept = entries[:back]
    again = [(deed(number + 50), bytes(16)) for number in range(count - back + 1)]
    went_on = kept + CHAIN.entries(kept[-1].link if kept else Link(), again)
    marks = [at(one) for one in entries[max(back - 1, 0) :]]
    assert found(went_on, *marks) == Fault(FaultKind.ROLLED_BACK, back + 1)


def test_what_nobody_wrote_is_found() -> None:
    entries = chain(3)
    assert found(entries, beyond=4) == Fault(FaultKind.ADDED, 4)
    forged = Chain(OTHER_KEY).entries(entries[-1].link, deeds(1))
    assert found(entries + forged) == Fault(FaultKind.CHANGED, 4)


def test_a_head_that_says_something_else_is_found() -> None:
    entries = chain(3)
    assert found(entries, head=Link(3, bytes(32))) == Fault(FaultKind.CHANGED, 3)


@given(st.integers(1, 9))
def test_erased_words_leave_the_chain_whole(count: int) -> None:
    entries = [attrs.evolve(one, words=None, salt=None) for one in chain(count)]
    inspection = Inspection(CHAIN)
    assert inspection.go_on(entries)
    assert inspection.erased == count // 2


def test_the_first_fault_is_told() -> None:
    entries = chain(5)
    entries[3] = attrs.evolve(entries[3], payload="{}")
    entries[1] = attrs.evolve(entries[1], payload="{}")
    assert found(entries) == Fault(FaultKind.CHANGED, 2)


@given(st.integers(0, 2**40), st.binary(min_size=32, max_size=32), st.integers(0, 2**45))
def test_checkpoints_are_read_as_they_were_signed(count: int, head: bytes, at: int) -> None:
    checkpoint = Checkpoint(count, head, Millis(at))
    line = SIGNER.line(checkpoint)
    assert SIGNER.read([line, line]) == ((checkpoint, checkpoint), None)
    assert Signer(OTHER_KEY).read([line]) == ((), Fault(FaultKind.CHECKPOINT, 1))


@pytest.mark.parametrize(
    "spoilt",
    [
        "",
        "[]",
        "1",
        "not JSON",
        '{"count": 1}',
        '{"at": null, "count": "x", "head": "zz", "signature": 1}',
        SIGNER.line(Checkpoint(3, bytes(32), Millis(1))).replace('"count": 3', '"count": 2'),
        SIGNER.line(Checkpoint(3, bytes(32), Millis(1))).replace('"at": 1', '"at": 2'),
    ],
)
def test_a_spoilt_checkpoint_is_named(spoilt: str) -> None:
    good = Checkpoint(1, bytes(32), Millis(1))
    read = SIGNER.read([SIGNER.line(good), spoilt, spoilt])
    assert read == ((good,), Fault(FaultKind.CHECKPOINT, 2))
