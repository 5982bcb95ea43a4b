"""``divan demo``, run as people run it."""

import re
import signal
import socket
import sys
import webbrowser
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import urlsplit

import attrs
import msgspec
import pytest

from divan_cli.commands import demo
from tests.cli.conftest import ENTRY, PATIENCE_S, Command
from tests.servers.forked import Forked, forked

URL = "http://127.0.0.1:1"
ADDRESS = re.compile(r"http://127\.0\.0\.1:\d+/\n")


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """An empty home folder: the demo uses nothing of it."""
    return tmp_path / "home"


@attrs.frozen
class Running:
    """A demo that runs, its address and its temporary folder."""

    process: Forked
    url: str
    folder: Path
    log: Path

    def scene(self) -> dict[str, object]:
        """What the page is told first."""
        connection = HTTPConnection(urlsplit(self.url).netloc, timeout=PATIENCE_S)
        connection.request("GET", "/demo/scene")
        found: dict[str, object] = msgspec.json.decode(connection.getresponse().read())
        connection.close()
        return found


@contextmanager
def running(environment: dict[str, str], folder: Path, *arguments: str) -> Iterator[Running]:
    """A demo in a process of its own; it is killed unless it has ended."""
    folder.mkdir(exist_ok=True)
    log, given = folder.with_name("demo.log"), ("demo", "--no-browser", *arguments)
    with (
        log.open("w") as errors,
        forked(
            ENTRY, *given, environment=environment | {"TMPDIR": str(folder)}, stderr=errors
        ) as process,
    ):
        line = process.stdout.readline()
        assert ADDRESS.fullmatch(line), log.read_text()
        yield Running(process, line.strip(), folder, log)


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_it_prints_one_address_and_ends_cleanly(
    environment: dict[str, str], tmp_path: Path, how: signal.Signals
) -> None:
    with running(environment, tmp_path / "t", "--port", "0", "--people", "20") as lively:
        assert lively.scene()["people"] == 20
        assert [one.name[:11] for one in lively.folder.iterdir()] == ["divan-demo-"]
        lively.process.send_signal(how)
        assert lively.process.wait(PATIENCE_S) == 0
        assert lively.process.stdout.read() == ""
        assert lively.log.read_text() == "A campus is alive at this address. Ctrl-C ends it.\n"
        assert list(lively.folder.iterdir()) == []


def test_it_leaves_the_settings_and_data_of_the_user_alone(
    environment: dict[str, str], tmp_path: Path
) -> None:
    home = Path(environment["HOME"])
    strange = {"DIVAN_ENV": "prod", "DIVAN_DATABASE_URL": "postgresql://nowhere.invalid/none"}
    with running(environment | strange, tmp_path / "t", "--port", "0", "--people", "3") as lively:
        assert lively.scene()["people"] == 3
    assert not (home / ".local").exists()


def test_a_recording_is_replayed_at_its_place(environment: dict[str, str], tmp_path: Path) -> None:
    file = tmp_path / "two_friends.csv"
    rows = "".join(f"p{n % 2},{n},{40 + n / 1e5},116.3\n" for n in range(40))
    file.write_text("person,t_s,lat,lon\n" + rows)
    arguments = ("--port", "0", "--traces", str(file), "--speed", "5")
    with running(environment, tmp_path / "t", *arguments) as lively:
        scene = lively.scene()
        assert (scene["name"], scene["people"], scene["speed"]) == ("two friends", 2, 5.0)
        assert scene["recorded"] is True


def test_a_taken_port_is_told(divan: Command) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        ended = divan("demo", "--no-browser", "--port", taken.getsockname()[1])
    assert ended.status == 1
    assert "Cannot listen at 127.0.0.1" in ended.err
    assert ended.out == ""


def test_a_file_that_is_no_recording_is_told(divan: Command, tmp_path: Path) -> None:
    file = tmp_path / "letters.csv"
    file.write_text("person,t_s,lat,lon\nana,one,two,three\n")
    ended = divan("demo", "--no-browser", "--traces", file)
    assert ended.status == 2
    assert "letters.csv, line 2: t_s, lat and lon must be numbers." in ended.err


@pytest.mark.parametrize(
    "arguments", [("--people", "0"), ("--speed", "0.5"), ("--traces", "nowhere.csv")]
)
def test_wrong_usage_is_told(divan: Command, arguments: tuple[str, ...]) -> None:
    ended = divan("demo", "--no-browser", *arguments)
    assert ended.status == 2
    assert arguments[0] in ended.err


@pytest.mark.skipif(sys.platform in {"darwin", "win32"}, reason="there is always a display there")
def test_the_browser_opens_where_there_is_a_display(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    opened: list[str] = []
    monkeypatch.setattr("webbrowser.open", opened.append)
    for name in demo.DISPLAYS:
        monkeypatch.delenv(name, raising=False)
    demo.announce(URL, browser=True)
    monkeypatch.setenv("DISPLAY", ":0")
    demo.announce(URL, browser=False)
    assert opened == []
    demo.announce(URL, browser=True)
    assert opened == [f"{URL}/"]
    assert capsys.readouterr().out == f"{URL}/\n" * 3


def test_no_browser_is_no_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(_url: str) -> bool:
        raise webbrowser.Error("there is none")

    monkeypatch.setattr("webbrowser.open", missing)
    monkeypatch.setenv("DISPLAY", ":0")
    demo.announce(URL, browser=True)


def test_beside_another_demo_it_takes_another_port() -> None:
    with demo.listener(None) as first:
        first.listen()
        with demo.listener(None) as second:
            assert second.getsockname()[1] not in {demo.USUAL_PORT, first.getsockname()[1]}
