"""Logins, registrations that wait for their mailbox's owner, and sessions."""

from __future__ import annotations

import unicodedata
from typing import Final, NewType
from uuid import UUID

import attrs

from divan_core.kernel.clock import Millis
from divan_core.kernel.ids import CampusId, UserId

RegistrationId = NewType("RegistrationId", UUID)
"""A registration, and the person who comes of it."""

SessionId = NewType("SessionId", UUID)
"""A session: a family of refresh tokens, each of which replaces the one before."""

REGISTRATION_MS: Final = 86_400_000
"""How long a registration waits for its verification: a day, in milliseconds."""

ACCESS_MS: Final = 15 * 60_000
"""How long an access token is good for: 15 minutes, in milliseconds."""

SESSION_MS: Final = 30 * 86_400_000
"""How long a refresh token is good for: 30 days, in milliseconds."""


def mailbox_key(email: str) -> str:
    """What two addresses share that are taken for the same mailbox: NFKC and case folded."""
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", email).casefold()).strip()


@attrs.frozen
class Login:
    """How a person signs in.

    The address as it was written is the person's; ``email_key`` is its :func:`mailbox_key`.
    Without ``password_hash`` nobody can sign in, nor before ``verified_at``.
    """

    user_id: UserId
    email_key: str
    password_hash: str | None = attrs.field(default=None, repr=False)
    verified_at: Millis | None = None


@attrs.frozen
class Arrival:
    """Since when somebody is here, and whether they have shown that their mailbox is theirs."""

    since: Millis
    verified: bool = False


@attrs.frozen
class Registration:
    """Somebody who says that ``email`` is theirs, and whom they want to be."""

    id: RegistrationId
    campus_id: CampusId
    email: str = attrs.field(repr=False)
    handle: str
    display_name: str
    password_hash: str = attrs.field(repr=False)
    created_at: Millis
    expires_at: Millis

    @property
    def email_key(self) -> str:
        """The mailbox."""
        return mailbox_key(self.email)

    @property
    def user_id(self) -> UserId:
        """The person who will come of it, so that it can only be one."""
        return UserId(self.id)


@attrs.frozen
class Session:
    """A family of refresh tokens; ``token_hash`` (32 bytes) is of the only one that is good."""

    id: SessionId
    user_id: UserId
    token_hash: bytes = attrs.field(repr=False)
    created_at: Millis
    expires_at: Millis


@attrs.frozen
class Mail:
    """A letter in plain text."""

    to: str = attrs.field(repr=False)
    subject: str
    text: str = attrs.field(repr=False)


@attrs.frozen
class Holder:
    """Whom an access token is for, the session it belongs to, and its times."""

    user_id: UserId
    campus_id: CampusId
    handle: str
    name: str
    session_id: SessionId
    token_id: UUID
    issued_at: Millis
    expires_at: Millis


@attrs.frozen
class Newcomer:
    """A person to be."""

    id: UserId
    campus_id: CampusId
    handle: str
    display_name: str
    email: str = attrs.field(repr=False)
