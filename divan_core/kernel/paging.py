"""Keyset pages, and cursors that nobody can read or forge."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from typing import Final, Generic, TypeVar

from divan_core.errors import InvalidCursor
from divan_core.kernel.values import value

ItemT = TypeVar("ItemT")

_VERSION: Final = b"\x01"
_TAG_BYTES: Final = 16
_LONGEST: Final = 64


@value
class Page(Generic[ItemT]):
    """Some items in order, and the cursor of the rest (None at the end)."""

    items: tuple[ItemT, ...]
    cursor: str | None = None


class CursorSealer:
    """Seals a list's position into URL-safe text bound to its viewer, list and parameters.

    Deterministic authenticated encryption in the SIV construction (Rogaway and Shrimpton, 2006;
    compare RFC 5297) with keyed BLAKE2b (RFC 7693) as its two pseudo-random functions: the tag
    over binding and position is also the nonce of the key stream. Positions are at most 64 bytes.
    """

    def __init__(self, key: bytes) -> None:
        """Derive both keys from ``key``, which is secret and at least 32 bytes long."""
        tag_key = hashlib.blake2b(b"cursor tag", key=key[:64]).digest()
        stream_key = hashlib.blake2b(b"cursor stream", key=key[:64]).digest()
        # Copies of a hash that has its key already take half the time.
        self._tags = hashlib.blake2b(digest_size=_TAG_BYTES, key=tag_key)
        self._streams = hashlib.blake2b(digest_size=_LONGEST, key=stream_key)

    def seal(self, position: bytes, binding: bytes) -> str:
        """The cursor for ``position``, good only together with the same ``binding``."""
        tag = self._tag(position, binding)
        return (
            base64.urlsafe_b64encode(_VERSION + tag + self._mask(position, tag))
            .rstrip(b"=")
            .decode()
        )

    def open(self, cursor: str, binding: bytes) -> bytes:
        """The position inside.

        Raises:
            InvalidCursor: not made here, changed, or made for another viewer, list or parameters.
        """
        sealed = _unarmoured(cursor)
        if sealed[:1] != _VERSION or not 0 <= len(sealed) - 1 - _TAG_BYTES <= _LONGEST:
            raise InvalidCursor("Start again without a cursor.")
        tag = sealed[1 : 1 + _TAG_BYTES]
        position = self._mask(sealed[1 + _TAG_BYTES :], tag)
        if not hmac.compare_digest(tag, self._tag(position, binding)):
            raise InvalidCursor("Start again without a cursor.")
        return position

    def _tag(self, position: bytes, binding: bytes) -> bytes:
        tags = self._tags.copy()
        tags.update(len(binding).to_bytes(4, "big") + binding + position)
        return tags.digest()

    def _mask(self, text: bytes, tag: bytes) -> bytes:
        streams = self._streams.copy()
        streams.update(tag)
        stream = streams.digest()[: len(text)]
        masked = int.from_bytes(text, "big") ^ int.from_bytes(stream, "big")
        return masked.to_bytes(len(text), "big")


def _unarmoured(cursor: str) -> bytes:
    try:
        sealed = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError) as fault:
        raise InvalidCursor("Start again without a cursor.") from fault
    # The last symbol can carry unused bits; only the canonical spelling is one of ours.
    if base64.urlsafe_b64encode(sealed).rstrip(b"=").decode() != cursor:
        raise InvalidCursor("Start again without a cursor.")
    return sealed
