"""From settings to a mailer."""

from __future__ import annotations

from divan_core.auth.ports import Mailer
from divan_core.mail.letters import PrintedMail, SmtpMail
from divan_core.settings import Settings


def mailer_of(settings: Settings) -> Mailer | None:
    """The mailer that the settings describe; None where mail has nowhere to go.

    Standard output is for development only: elsewhere it ends in somebody's log.

    Raises:
        ConfigurationError: the address or the sender cannot be used.
    """
    if settings.mail_url:
        return SmtpMail(settings.mail_url, settings.mail_from)
    return PrintedMail() if settings.dev_credentials else None
