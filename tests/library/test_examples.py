"""The examples run as they are, and stay short."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.servers.forked import ran

EXAMPLES = sorted((Path(__file__).parents[2] / "examples").glob("*.py"))
INSIDE = ("own_game.py", "own_presence.py", "own_rule.py", "synchronous.py")
"""These load nothing but Divan, as embedded.py does, which is begun as usual."""

AS_MAIN = "import runpy, sys; runpy.run_path(sys.argv[1], run_name='__main__')"
PATIENCE_S = 60


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.name)
def test_an_example_runs(example: Path, tmp_path: Path) -> None:
    done = run(example, tmp_path, {"HOME": str(tmp_path), "PATH": ""})
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip()


def run(
    example: Path, folder: Path, environment: dict[str, str]
) -> "subprocess.CompletedProcess[str]":
    """Run an example in a folder, in a process of its own."""
    if example.name in INSIDE:
        return ran(AS_MAIN, example, environment=environment, timeout_s=PATIENCE_S, folder=folder)
    return subprocess.run(
        [sys.executable, example],
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
        cwd=folder,
        env=environment,
    )


def test_the_embedded_example_is_at_most_twenty_lines() -> None:
    (embedded,) = (path for path in EXAMPLES if path.name == "embedded.py")
    assert len(embedded.read_text().splitlines()) <= 20
