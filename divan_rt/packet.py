"""The wire format: packets of strangers read without trust, our own written once for many."""

from __future__ import annotations

import re
from typing import Any, Final

import attrs
import msgspec
from socketio.packet import BINARY_EVENT, CONNECT, DISCONNECT, EVENT
from socketio.packet import Packet as SocketPacket

from divan_core.codec.reader import encode
from divan_core.errors import DivanError, InvalidRequest, NotFound, TooLarge
from divan_rt.library import EnginePacket, text_packet

PRESENCE: Final = "/presence"

SOCIAL: Final = "/social"

CHAT: Final = "/chat"

ROOMS: Final = "/rooms"

ACTIVITIES: Final = "/activities"

MOD: Final = "/mod"

NAMESPACES: Final = frozenset({PRESENCE, SOCIAL, CHAT, ROOMS, ACTIVITIES, MOD})
"""Every namespace that can be connected to."""

ENVELOPE: Final = "envelope"
"""The one event name that python-socketio ever sees: a client cannot call its reserved ones."""

MAX_EVENT_BYTES: Final = 16_384

_FORM: Final = re.compile(
    r"(?P<type>[0-6])(?P<attachments>\d+-)?(?:(?P<namespace>/[^,]*)(?:,|$))?"
    r"(?P<id>\d{1,15})?(?P<json>.*)",
    re.ASCII | re.DOTALL,
)
_ANSWERED: Final = frozenset({EVENT, BINARY_EVENT})
_NO_JSON: Final = "The event is not a JSON list that begins with its name, or is nested too deeply."


@attrs.frozen
class Envelope:
    """An event as it came: its name and its first argument's JSON, empty without one.

    ``fault`` is set where it could not be read.
    """

    name: str = ""
    payload: bytes = b""
    fault: DivanError | None = None


class Json:
    """What python-engineio wants of a JSON module."""

    @staticmethod
    def dumps(value: object, **_options: object) -> str:
        """The value as JSON."""
        return encode(value).decode()

    @staticmethod
    def loads(text: str | bytes, **_options: object) -> object:
        """The value of a JSON text.

        Raises:
            ValueError: it is none, or is nested too deeply.
        """
        try:
            return msgspec.json.decode(text)
        except RecursionError as fault:
            raise ValueError("The JSON is nested too deeply.") from fault


class Packet(SocketPacket):
    """A Socket.IO packet whose reading never fails.

    Events become one :class:`Envelope`; whatever is no packet at all does too, so that it is
    counted like any event. Attachments are not awaited: no event of ours has any.
    """

    json: Any = Json

    def __init__(  # noqa: PLR0913, PLR0917 - python-socketio passes these
        self,
        packet_type: int = EVENT,
        data: object = None,
        namespace: str | None = None,
        id: int | None = None,  # noqa: A002 - python-socketio's name
        binary: object = None,
        encoded_packet: str | bytes | None = None,
    ) -> None:
        """Make a packet to send, or read ``encoded_packet``; nothing of ours is binary."""
        del binary
        begin: Any = super().__init__  # it has no types
        begin(packet_type, data, namespace, id, binary=False, encoded_packet=encoded_packet)
        if encoded_packet is not None and not encoded_packet:
            self.decode(encoded_packet)

    def decode(self, encoded_packet: str | bytes) -> int:
        """Read a packet; the answer is how many attachments follow it."""
        found = _FORM.fullmatch(encoded_packet) if isinstance(encoded_packet, str) else None
        if found is None:
            self._put(Envelope(fault=InvalidRequest("That is no Socket.IO packet.")))
            return 0
        kind = int(found["type"])
        namespace = (found["namespace"] or "/").partition("?")[0]
        if kind in {CONNECT, DISCONNECT}:
            self.packet_type, self.namespace = kind, namespace
            self.data = _credentials(found["json"]) if kind == CONNECT else None
        elif namespace not in NAMESPACES:
            self._put(Envelope(fault=NotFound("There is no such namespace.")))
        else:
            self._put(_envelope(found), namespace)
            self.id = int(found["id"]) if found["id"] and kind in _ANSWERED else None
        return 0

    def _put(self, envelope: Envelope, namespace: str = PRESENCE) -> None:
        self.packet_type, self.namespace, self.id = EVENT, namespace, None
        self.data = [ENVELOPE, envelope]


def _envelope(found: re.Match[str]) -> Envelope:
    if found["type"] != str(EVENT) or found["attachments"]:
        return Envelope(fault=InvalidRequest("Events are JSON, and nothing is to be acknowledged."))
    body = found["json"].encode(errors="replace")
    if len(body) > MAX_EVENT_BYTES:
        return Envelope(fault=TooLarge(f"An event has at most {MAX_EVENT_BYTES} bytes."))
    try:
        name, *arguments = msgspec.json.decode(body, type=list[msgspec.Raw])
        return Envelope(msgspec.json.decode(name, type=str), bytes(*arguments[:1]))
    except (ValueError, RecursionError):
        return Envelope(fault=InvalidRequest(_NO_JSON))


def _credentials(text: str) -> object:
    """What a handshake brings; what cannot be read is passed on as the text it is."""
    try:
        return Json.loads(text) if text else None
    except ValueError:
        return text


def event(namespace: str, name: str, view: object) -> EnginePacket:
    """An event to send, to any number of sockets."""
    return text_packet(f"{EVENT}{namespace},{encode((name, view)).decode()}")
