"""Registering, and signing in and out."""

from __future__ import annotations

from collections.abc import Awaitable
from types import NoneType
from typing import Final

from divan_core.auth.messages import (
    Pending,
    RefreshToken,
    Register,
    SignIn,
    Tokens,
    Verified,
    VerifyEmail,
)
from divan_core.divan import Divan
from divan_core.errors import (
    EmailUnverified,
    Gone,
    HandleTaken,
    InvalidCredentials,
    OutcomeUnknown,
    RateLimited,
    StoreUnavailable,
    Unavailable,
)
from divan_http.operation import Operation, PublicOperation


def register(divan: Divan, command: Register) -> Awaitable[Pending]:
    """Ask for an account; the owner of the mailbox learns by mail how to go on."""
    return divan.auth.register(command)


def verify(divan: Divan, command: VerifyEmail) -> Awaitable[Verified]:
    """Begin, with the token of the mail."""
    return divan.auth.verify(command)


def sign_in(divan: Divan, command: SignIn) -> Awaitable[Tokens]:
    """Get an access token for 15 minutes, and a refresh token for 30 days."""
    return divan.auth.sign_in(command)


def refresh(divan: Divan, command: RefreshToken) -> Awaitable[Tokens]:
    """Go on with a session; the refresh token is replaced, and using it again ends the session."""
    return divan.auth.refresh(command)


def sign_out(divan: Divan, command: RefreshToken) -> Awaitable[None]:
    """End a session."""
    return divan.auth.sign_out(command)


_STORES: Final = (StoreUnavailable, Unavailable, OutcomeUnknown)

OPERATIONS: Final[tuple[Operation, ...]] = (
    PublicOperation(
        method="POST",
        path="/auth/register",
        name="auth.register",
        command=Register,
        view=Pending,
        status=202,
        perform=register,
        errors=(HandleTaken, RateLimited, *_STORES),
        private=True,
    ),
    PublicOperation(
        method="POST",
        path="/auth/verify",
        name="auth.verify",
        command=VerifyEmail,
        view=Verified,
        status=201,
        perform=verify,
        errors=(Gone, HandleTaken, *_STORES),
        private=True,
    ),
    PublicOperation(
        method="POST",
        path="/auth/token",
        name="auth.token",
        command=SignIn,
        view=Tokens,
        perform=sign_in,
        errors=(InvalidCredentials, EmailUnverified, RateLimited, *_STORES),
        private=True,
    ),
    PublicOperation(
        method="POST",
        path="/auth/refresh",
        name="auth.refresh",
        command=RefreshToken,
        view=Tokens,
        perform=refresh,
        errors=(InvalidCredentials, *_STORES),
        private=True,
    ),
    PublicOperation(
        method="POST",
        path="/auth/logout",
        name="auth.logout",
        command=RefreshToken,
        view=NoneType,
        status=204,
        perform=sign_out,
        errors=(InvalidCredentials, *_STORES),
        private=True,
    ),
)
