"""What crosses the border of signing in."""

from __future__ import annotations

from typing import Annotated, Final, Literal

import attrs
from msgspec import Meta

from divan_core.kernel.ids import CampusId, UserId

ACCOUNTS: Final = "accounts"
"""The topic of what happens to accounts."""

ACCOUNT_VERIFIED: Final = "account.verified"
"""Somebody who has been here before has shown that their address is theirs."""

Email = Annotated[str, Meta(max_length=254, pattern=r"^[^\x00-\x20@]+@[^\x00-\x20@]+$")]
GivenPassword = Annotated[str, Meta(max_length=1024)]
"""A password that somebody tries: of any sort, but not of any size."""

Token = Annotated[str, Meta(max_length=200)]


@attrs.frozen
class Register:
    """Ask for an account. The mailbox's owner decides by mail."""

    email: Email
    password: Annotated[str, Meta(min_length=10, max_length=200)] = attrs.field(repr=False)
    handle: Annotated[str, Meta(max_length=64)]
    display_name: Annotated[str, Meta(min_length=1, max_length=80)]
    campus_id: CampusId


@attrs.frozen
class Pending:
    """The answer to everybody who registers, whether or not the mailbox is known."""

    status: Literal["pending_verification"] = "pending_verification"


@attrs.frozen
class VerifyEmail:
    """The token of the mail."""

    token: Token = attrs.field(repr=False)


@attrs.frozen
class Verified:
    """Who somebody is from now on."""

    user_id: UserId
    campus_id: CampusId
    handle: str
    display_name: str


@attrs.frozen
class SignIn:
    """A mailbox and its password."""

    email: Email
    password: GivenPassword = attrs.field(repr=False)


@attrs.frozen
class RefreshToken:
    """The newest refresh token of a session."""

    refresh_token: Token = attrs.field(repr=False)


@attrs.frozen
class Tokens:
    """What a client goes on with; ``expires_in`` is the access token's life in seconds."""

    access_token: str = attrs.field(repr=False)
    refresh_token: str = attrs.field(repr=False)
    token_type: Literal["Bearer"]
    expires_in: int


@attrs.frozen
class CreateAccount:
    """A new person on the word of an operator; their mailbox is not verified by this."""

    email: Email
    handle: str
    display_name: str
    campus_id: CampusId
    password: str | None = attrs.field(default=None, repr=False)


@attrs.frozen
class SessionView:
    """A session, to its owner. Times are RFC 3339."""

    id: str
    created_at: str
    expires_at: str


@attrs.frozen
class LoginView:
    """How somebody signs in, to themselves; no secret is in it. Times are RFC 3339."""

    has_password: bool
    verified_at: str | None
    sessions: tuple[SessionView, ...]
