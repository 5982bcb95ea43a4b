"""The chain of the audit: each entry sealed together with the one before it.

The seal is an HMAC (RFC 2104) with SHA-256 over the seal of the entry before, the number, and
everything that the entry says, so that whoever has the database and not the key can neither change
an entry nor leave one out, move or add one. People's own words are in it by a hash with a salt:
once both are erased, the seals stay as they are, and nothing can be guessed from what is left.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Iterable
from typing import Final
from uuid import UUID

from divan_core.kernel.ids import CampusId, UserId
from divan_core.kernel.trail import Deed
from divan_core.kernel.values import value

SALT_BYTES: Final = 16

_NOBODY: Final = bytes(16)
_NOTHING: Final = bytes(32)
_SEPARATOR: Final = b"\x1f"
_BLOCK: Final = 64
_INNER: Final = 0x36
_OUTER: Final = 0x5C
"""HMAC hashes twice, each time first a key as long as a block of the hash, with one of these."""
_BLANK: Final = hashlib.sha256()
"""Copied for each hash, which takes less than to make a new one."""


@value
class Link:
    """The end of a chain: how many entries it has, and the seal of the last one."""

    seq: int = 0
    mac: bytes = _NOTHING


@value
class Entry:
    """A deed on record. The first one has ``seq`` 1, and no number is left out.

    ``campus`` and ``person`` are the bytes of ids, which are checked far more often than they are
    read. ``payload`` is JSON with ``action``, ``actor_id``, ``at`` (milliseconds) and ``data``.
    ``words`` and ``salt`` are None where nothing was said or it was erased; ``words_hash`` stays.
    """

    seq: int
    campus: bytes | None
    person: bytes | None
    about: str
    payload: str
    words: str | None
    salt: bytes | None
    words_hash: bytes | None
    mac: bytes

    @property
    def link(self) -> Link:
        """The end of the chain whose last entry this is."""
        return Link(self.seq, self.mac)

    @property
    def campus_id(self) -> CampusId | None:
        """Of which campus it is; None for all."""
        return None if self.campus is None else CampusId(UUID(bytes=self.campus))

    @property
    def person_id(self) -> UserId | None:
        """Whom its words are about."""
        return None if self.person is None else UserId(UUID(bytes=self.person))

    @property
    def is_erased(self) -> bool:
        """Whether words were said and are erased."""
        return self.words is None and self.words_hash is not None


class Chain:
    """Seals entries, and tells whether a seal is right."""

    def __init__(self, key: bytes) -> None:
        """Seal with ``key``, which is secret and at least 32 bytes long."""
        whole = (key if len(key) <= _BLOCK else hashlib.sha256(key).digest()).ljust(_BLOCK, b"\0")
        self._inner = hashlib.sha256(bytes([one ^ _INNER for one in whole]))
        self._outer = hashlib.sha256(bytes([one ^ _OUTER for one in whole]))

    def entries(self, end: Link, deeds: Iterable[tuple[Deed, bytes]]) -> list[Entry]:
        """The entries of deeds after the end of a chain; each deed comes with a new salt."""
        found = list[Entry]()
        for deed, salt in deeds:
            entry = _unsealed(end.seq + 1, deed, salt)
            mac = self._seal(end.mac, entry)
            entry = _sealed(entry, mac)
            found.append(entry)
            end = entry.link
        return found

    def holds(self, before: bytes, entry: Entry) -> bool:
        """Whether the entry is as it was written, and where; ``before`` is the seal before it.

        Words that are erased are not looked for.
        """
        if not hmac.compare_digest(self._seal(before, entry), entry.mac):
            return False
        if entry.words_hash is None:
            return entry.words is None and entry.salt is None
        if entry.words is None:
            return entry.salt is None
        return hmac.compare_digest(_hash(entry.words, entry.salt or b""), entry.words_hash)

    def _seal(self, before: bytes, entry: Entry) -> bytes:
        said = b"".join(
            (
                before,
                entry.seq.to_bytes(8, "big"),
                entry.campus or _NOBODY,
                entry.person or _NOBODY,
                entry.words_hash or _NOTHING,
                entry.about.encode(),
                _SEPARATOR,  # JSON has none of these, so what is about and payload is plain
                entry.payload.encode(),
            )
        )
        # The key is taken in once, which is half the work; hmac's own copies take as long again.
        inner, outer = self._inner.copy(), self._outer.copy()
        inner.update(said)
        outer.update(inner.digest())
        return outer.digest()


def _unsealed(seq: int, deed: Deed, salt: bytes) -> Entry:
    said = deed.words is not None
    return Entry(
        seq=seq,
        campus=None if deed.campus_id is None else deed.campus_id.bytes,
        person=None if deed.person_id is None else deed.person_id.bytes,
        about=deed.about,
        payload=_payload(deed),
        words=deed.words,
        salt=salt if said else None,
        words_hash=_hash(deed.words, salt) if deed.words is not None else None,
        mac=b"",
    )


def _sealed(entry: Entry, mac: bytes) -> Entry:
    return Entry(
        entry.seq,
        entry.campus,
        entry.person,
        entry.about,
        entry.payload,
        entry.words,
        entry.salt,
        entry.words_hash,
        mac,
    )


def _payload(deed: Deed) -> str:
    actor_id = None if deed.actor_id is None else str(deed.actor_id)
    said = {"action": deed.action, "actor_id": actor_id, "at": deed.at, "data": dict(deed.data)}
    return json.dumps(said, sort_keys=True, separators=(",", ":"))


def _hash(words: str, salt: bytes) -> bytes:
    digest = _BLANK.copy()
    digest.update(salt + words.encode())
    return digest.digest()
