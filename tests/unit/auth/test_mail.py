"""Mail to a server, and to standard output in development."""

import io
import socketserver
import threading
from collections.abc import Iterator

import pytest

from divan_core.auth.model import Mail
from divan_core.errors import ConfigurationError, Unavailable
from divan_core.mail.factory import mailer_of
from divan_core.mail.letters import PrintedMail, SmtpMail
from divan_core.settings import Settings
from tests.servers.process import free_port

pytestmark = pytest.mark.anyio

MAIL = Mail("eve@example.org", "Gr\u00fc\u00dfe", "Hello,\n\ntoken\n")
SENDER = "Divan <divan@example.org>"


class Session(socketserver.StreamRequestHandler):
    """As much of SMTP (RFC 5321) as one letter needs."""

    def handle(self) -> None:
        self.say("220 here")
        for raw in self.rfile:
            word = raw[:4].upper().strip()
            if word == b"DATA":
                self.say("354 go on")
                self.take_letter()
            self.say("250 ok" if word != b"QUIT" else "221 bye")

    def take_letter(self) -> None:
        lines = iter(self.rfile.readline, b".\r\n")
        self.server.letters.append(b"".join(lines))  # type: ignore[attr-defined]  # see below

    def say(self, text: str) -> None:
        self.wfile.write(text.encode() + b"\r\n")


@pytest.fixture
def server() -> Iterator[socketserver.TCPServer]:
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Session) as made:
        made.letters = []  # type: ignore[attr-defined]  # what came
        thread = threading.Thread(target=made.serve_forever)
        thread.start()
        yield made
        made.shutdown()
        thread.join()


async def test_a_letter_arrives(server: socketserver.TCPServer) -> None:
    url = f"smtp://127.0.0.1:{server.server_address[1]}"
    await SmtpMail(url, SENDER).send(MAIL)
    (letter,) = server.letters  # type: ignore[attr-defined]  # see the fixture
    text = letter.decode()
    for line in ("To: eve@example.org", f"From: {SENDER}", "Auto-Submitted: auto-generated"):
        assert line in text
    assert "@example.org>" in text
    assert "token" in text


async def test_a_server_that_is_away() -> None:
    with pytest.raises(Unavailable):
        await SmtpMail(f"smtp://127.0.0.1:{free_port()}", SENDER).send(MAIL)


async def test_no_header_can_be_smuggled_in() -> None:
    mail = Mail("eve@example.org\nBcc: all@example.org", "Hello", "Hello")
    with pytest.raises(Unavailable):
        await SmtpMail(f"smtp://127.0.0.1:{free_port()}", SENDER).send(mail)


@pytest.mark.parametrize("url", ["http://x", "smtp://", "smtp://x:port", "mail.example.org", ""])
def test_addresses_that_are_none(url: str) -> None:
    with pytest.raises(ConfigurationError, match="DIVAN_MAIL_URL"):
        SmtpMail(url, SENDER)


@pytest.mark.parametrize("sender", ["", "divan", "a@b\nBcc: c@d"])
def test_senders_that_are_none(sender: str) -> None:
    with pytest.raises(ConfigurationError, match="DIVAN_MAIL_FROM"):
        SmtpMail("smtps://mail.example.org", sender)


async def test_in_development_it_is_printed() -> None:
    out = io.StringIO()
    await PrintedMail(out).send(MAIL)
    assert "To: eve@example.org\nSubject: Gr\u00fc\u00dfe\n\nHello,\n\ntoken\n" in out.getvalue()


def test_which_mailer() -> None:
    url, sender = "smtps://u:p@mail.example.org", "divan@example.org"
    assert isinstance(mailer_of(Settings(mail_url=url, mail_from=sender)), SmtpMail)
    assert isinstance(mailer_of(Settings(env="dev")), PrintedMail)
    assert mailer_of(Settings(env="prod")) is None
