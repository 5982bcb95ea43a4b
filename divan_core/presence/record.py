"""A presence record as bytes: what every store keeps, so that all keep the same."""

from __future__ import annotations

from typing import Final

import msgspec

from divan_core.presence.model import PresenceRecord

DEVICE_BYTES: Final = 8
"""Length of a device's fingerprint."""

_encode: Final = msgspec.msgpack.Encoder().encode
_decode: Final = msgspec.msgpack.Decoder(PresenceRecord).decode


def packed(record: PresenceRecord) -> bytes:
    """The record as MessagePack, of which its values are arrays: some 37 bytes for a fix."""
    return _encode(record)


def unpacked(data: bytes) -> PresenceRecord:
    """The record that :func:`packed` made into these bytes.

    Raises:
        msgspec.DecodeError: it made none of them.
    """
    return _decode(data)
