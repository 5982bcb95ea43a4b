"""A forked program is run as one that is begun as usual."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.servers.forked import forked, ran

ENVIRONMENT = {"PATH": os.environ["PATH"], "NAME": "Ana"}
SHOW = """
import os, sys
print(sys.argv, __name__, os.environ["NAME"], os.getcwd(), sys.stdin.read())
print("err", file=sys.stderr)
sys.exit(3)
"""
ENDINGS = ("", "raise SystemExit", "raise SystemExit('why')", "1 / 0", "import os; os.kill(0, 0)")
DREAM = "import signal, time; print('asleep', flush=True); time.sleep(600)"


def test_it_has_what_it_was_given(tmp_path: Path) -> None:
    given = (SHOW, "a", 1)
    done = ran(*given, environment=ENVIRONMENT, stdin=b"in", timeout_s=30, folder=tmp_path)
    usual = subprocess.run(
        [sys.executable, "-c", SHOW, "a", "1"],
        input="in",
        env=ENVIRONMENT,
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout, done.stderr) == (
        usual.returncode,
        usual.stdout,
        usual.stderr,
    )


@pytest.mark.parametrize("ending", ENDINGS)
def test_it_ends_as_usual(ending: str) -> None:
    done = ran(ending, environment=ENVIRONMENT, timeout_s=30)
    usual = subprocess.run([sys.executable, "-c", ending], stderr=subprocess.PIPE, check=False)
    assert done.returncode == usual.returncode
    assert done.stderr.splitlines()[-1:] == usual.stderr.decode().splitlines()[-1:]


def test_signals_reach_it(tmp_path: Path) -> None:
    with (
        (tmp_path / "log").open("w") as log,
        forked(DREAM, environment=ENVIRONMENT, stderr=log) as process,
    ):
        assert process.stdout.readline() == "asleep\n"
        assert not process.has_ended()
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == -signal.SIGTERM


def test_what_takes_too_long_is_ended() -> None:
    with pytest.raises(TimeoutError):
        ran(DREAM, environment=ENVIRONMENT, timeout_s=0.1)
