"""Mail by SMTP, or to standard output in development."""

from __future__ import annotations

import smtplib
import ssl
import sys
from email.message import EmailMessage
from email.utils import formatdate, make_msgid
from typing import Final, TextIO
from urllib.parse import SplitResult, unquote, urlsplit

import anyio

from divan_core.auth.model import Mail
from divan_core.errors import ConfigurationError, Unavailable

TIMEOUT_S: Final = 20.0

_PORTS: Final = {"smtp": 587, "smtps": 465}
_ALLOWED: Final = "smtp://user:password@host:587 (with STARTTLS) or smtps://user:password@host:465"


class PrintedMail:
    """A :class:`~divan_core.auth.ports.Mailer` for development: whoever runs the server reads."""

    def __init__(self, out: TextIO | None = None) -> None:
        """Print to ``out``, else to standard output as it is when a letter comes."""
        self._out = out

    async def send(self, mail: Mail) -> None:
        """Print it."""
        out = self._out or sys.stdout
        out.write(f"--- mail\nTo: {mail.to}\nSubject: {mail.subject}\n\n{mail.text}--- end\n")
        out.flush()


class SmtpMail:
    """A :class:`~divan_core.auth.ports.Mailer` that connects for each letter, in a thread.

    Nothing is sent in the clear: ``smtp://`` insists on STARTTLS, with a certificate that the
    system trusts, except to this machine itself.
    """

    def __init__(self, url: str, sender: str) -> None:
        """Send by the server of ``url`` (user and password in it, if it wants some).

        Raises:
            ConfigurationError: the address cannot be one, or there is no sender.
        """
        self._parts = _parts(url)
        if "@" not in sender or not sender.isprintable():
            raise ConfigurationError(
                "DIVAN_MAIL_FROM must be an address when DIVAN_MAIL_URL is set."
            )
        self._sender = sender

    async def send(self, mail: Mail) -> None:
        """Hand it to the server."""
        try:
            await anyio.to_thread.run_sync(self._send, self._message(mail))
        except (OSError, ValueError, smtplib.SMTPException) as fault:
            raise Unavailable("The mail server does not take mail.") from fault

    def _message(self, mail: Mail) -> EmailMessage:
        message = EmailMessage()
        message["From"], message["To"], message["Subject"] = self._sender, mail.to, mail.subject
        message["Date"] = formatdate()
        message["Message-ID"] = make_msgid(domain=self._sender.rpartition("@")[2].rstrip(">"))
        message["Auto-Submitted"] = "auto-generated"
        message.set_content(mail.text)
        return message

    def _send(self, message: EmailMessage) -> None:
        with self._connected() as server:
            if self._parts.username:
                password = unquote(self._parts.password or "")
                server.login(unquote(self._parts.username), password)
            server.send_message(message)

    def _connected(self) -> smtplib.SMTP:
        parts, trust = self._parts, ssl.create_default_context()
        host, port = parts.hostname or "", parts.port or _PORTS[parts.scheme]
        if parts.scheme == "smtps":
            return smtplib.SMTP_SSL(host, port, timeout=TIMEOUT_S, context=trust)
        server = smtplib.SMTP(host, port, timeout=TIMEOUT_S)
        if host not in {"localhost", "127.0.0.1", "::1"}:
            server.starttls(context=trust)
        return server


def _parts(url: str) -> SplitResult:
    try:
        parts = urlsplit(url)
        _ = parts.port  # it is read only now
    except ValueError as fault:
        raise ConfigurationError(f"DIVAN_MAIL_URL must be {_ALLOWED}.") from fault
    if parts.scheme not in _PORTS or not parts.hostname:
        raise ConfigurationError(f"DIVAN_MAIL_URL must be {_ALLOWED}.")
    return parts
