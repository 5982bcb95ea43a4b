"""What crosses the border of the audit."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

import attrs
from msgspec import Meta

from divan_core.kernel.ids import CampusId, UserId


@attrs.frozen
class AuditQuery:
    """A page of what is on record, oldest first: entries with a number above ``after``."""

    after: Annotated[int, Meta(ge=0, le=2**53)] = 0
    limit: Annotated[int, Meta(ge=1, le=200)] = 20
    cursor: str | None = None


@attrs.frozen
class AuditView:
    """An entry of the record. ``actor_id`` is null where a rule acted and nobody else.

    ``reason`` is what its actor said, ``erased`` whether that was removed with a person's data.
    """

    seq: int
    at: str
    action: str
    about: str
    actor_id: UserId | None
    campus_id: CampusId | None
    data: Mapping[str, Any]
    reason: str | None
    erased: bool


@attrs.frozen
class AuditFault:
    """The first thing wrong with the record; ``seq`` is the number of the first bad entry.

    It is 0 where all entries are right and only the row that says how many there are is not.

    ``kind`` is ``changed``, ``missing``, ``truncated``, ``rolled_back`` or ``added``; with
    ``checkpoint`` the number is that of a line of the file of checkpoints.
    """

    kind: str
    seq: int


@attrs.frozen
class Verification:
    """What checking the whole record has found.

    ``count`` entries are good, of ``erased`` ones words were removed; ``checkpoints`` were
    compared. ``head`` is the seal of the last good entry, in hexadecimal digits.
    """

    ok: bool
    count: int
    erased: int
    checkpoints: int
    head: str
    fault: AuditFault | None = None


@attrs.frozen
class ExportedEntry:
    """An entry as it is exported: everything that is sealed, and its seal."""

    seq: int
    campus_id: CampusId | None
    person_id: UserId | None
    about: str
    payload: str
    words: str | None
    salt: str | None
    words_hash: str | None
    mac: str
