"""Packets of strangers, and our own."""

import json
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from socketio.packet import CONNECT, DISCONNECT, EVENT
from socketio.packet import Packet as SocketPacket

from divan_core.errors import InvalidRequest, NotFound, TooLarge
from divan_rt.messages import Done
from divan_rt.packet import ENVELOPE, MAX_EVENT_BYTES, PRESENCE, Envelope, Json, Packet, event

PlainPacket: Any = SocketPacket  # it has no types
ALMOST = r"[0-7](\d+-)?(/presence,)?\d*[\[{\"].*"

frames = st.text(max_size=60) | st.from_regex(ALMOST, fullmatch=True)


def read(text: str | bytes) -> Packet:
    return Packet(encoded_packet=text)


@given(frames | st.binary(max_size=20))
@example("")
@example("2")
@example("²")
@example("2/presence,²[]")
def test_reading_never_fails(text: str | bytes) -> None:
    packet = read(text)
    assert packet.packet_type in {CONNECT, DISCONNECT, EVENT}
    assert packet.attachment_count == 0
    if packet.packet_type == EVENT:
        name, envelope = packet.data
        assert name == ENVELOPE
        assert isinstance(envelope, Envelope)
        assert packet.namespace == PRESENCE


json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)


@given(name=st.text(), arguments=st.lists(json_values, max_size=3), number=st.integers(0, 10**9))
def test_events_are_read_as_the_library_reads_them(
    name: str, arguments: list[object], number: int
) -> None:
    text = PlainPacket(EVENT, [name, *arguments], PRESENCE, number).encode()
    packet = read(text)
    assert (packet.namespace, packet.id) == (PRESENCE, number)
    _, envelope = packet.data
    assert envelope.name == name
    assert envelope.fault is None
    if arguments:
        assert json.loads(envelope.payload) == arguments[0]
    else:
        assert envelope.payload == b""


def test_handshakes_are_read() -> None:
    packet = read('0/presence?x=1,{"token":"t"}')
    assert (packet.packet_type, packet.namespace) == (CONNECT, "/presence")
    assert packet.data == {"token": "t"}
    assert read("0/presence,").data is None
    assert read("0/presence").data is None
    assert read("0/presence,{").data == "{"
    assert read("0").namespace == "/"
    assert read("1/presence,").packet_type == DISCONNECT


@pytest.mark.parametrize(
    ("text", "fault", "number"),
    [
        ("2/presence,5[", InvalidRequest, 5),
        ("2/presence,5[1]", InvalidRequest, 5),
        ("2/presence,5" + "[" * 9000, InvalidRequest, 5),
        ('51-/presence,5["x",{"_placeholder":true,"num":0}]', InvalidRequest, 5),
        ('61-/presence,5[{"_placeholder":true,"num":0}]', InvalidRequest, None),
        ("3/presence,5[]", InvalidRequest, None),
        ("4/presence,{}", InvalidRequest, None),
        ('2/nowhere,5["x"]', NotFound, None),
        ('25["x"]', NotFound, None),
        ("hello", InvalidRequest, None),
        (b"\x00", InvalidRequest, None),
    ],
)
def test_faults(text: str | bytes, fault: type[Exception], number: int | None) -> None:
    packet = read(text)
    assert isinstance(packet.data[1].fault, fault)
    assert packet.id == number


def test_the_length_of_an_event_is_counted_in_bytes() -> None:
    frame = '["x","' + "é" * ((MAX_EVENT_BYTES - 8) // 2) + '"]'
    assert len(frame.encode()) == MAX_EVENT_BYTES
    assert read(f"2/presence,{frame}").data[1].fault is None
    assert isinstance(read(f"2/presence,{frame} ").data[1].fault, TooLarge)


def test_events_to_send_are_what_the_library_would_send() -> None:
    packet = event(PRESENCE, "done", Done())
    plain = PlainPacket(EVENT, ["done", {"ok": True}], PRESENCE)
    assert packet.data == plain.encode()


def test_deep_json_is_a_value_error() -> None:
    with pytest.raises(ValueError, match="nested"):
        Json.loads("[" * 100_000)
    with pytest.raises(ValueError, match="malformed"):
        Json.loads("nonsense")
    assert Json.loads(Json.dumps({"a": [1, None]}, separators=(",", ":"))) == {"a": [1, None]}
