"""Signing in for programs without an event loop."""

from __future__ import annotations

from divan_core.auth.messages import (
    CreateAccount,
    Pending,
    RefreshToken,
    Register,
    SignIn,
    Tokens,
    Verified,
    VerifyEmail,
)
from divan_core.auth.service import Auth
from divan_core.kernel.ids import UserId
from divan_core.stores.bundle import StoreUnit
from divan_core.sync.waiting import Waiting


class SyncAuth:
    """:class:`~divan_core.auth.service.Auth`, waiting for each answer."""

    def __init__(self, service: Auth[StoreUnit], waiting: Waiting) -> None:
        """Call ``service`` through the loop's thread."""
        self._service = service
        self._run = waiting.run

    def register(self, command: Register) -> Pending:
        """See :meth:`Auth.register <divan_core.auth.service.Auth.register>`."""
        return self._run(self._service.register, command)

    def verify(self, command: VerifyEmail) -> Verified:
        """See ``Auth.verify``."""
        return self._run(self._service.verify, command)

    def sign_in(self, command: SignIn) -> Tokens:
        """See ``Auth.sign_in``."""
        return self._run(self._service.sign_in, command)

    def refresh(self, command: RefreshToken) -> Tokens:
        """See ``Auth.refresh``."""
        return self._run(self._service.refresh, command)

    def sign_out(self, command: RefreshToken) -> None:
        """See ``Auth.sign_out``."""
        self._run(self._service.sign_out, command)

    def create_account(self, command: CreateAccount) -> Verified:
        """See ``Auth.create_account``."""
        return self._run(self._service.create_account, command)

    def verify_account(self, email: str, password: str) -> Verified:
        """See ``Auth.verify_account``."""
        return self._run(self._service.verify_account, email, password)

    def find(self, email: str) -> UserId:
        """See ``Auth.find``."""
        return self._run(self._service.find, email)
