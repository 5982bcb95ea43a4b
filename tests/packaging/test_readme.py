"""What the pages tell people to type exists, and their Python snippets run."""

import os
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.packaging.conftest import ROOT
from tests.packaging.fences import Block, blocks, commands
from tests.servers.forked import ran

PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
SNIPPETS = [block for page in PAGES for block in blocks(page, "python")]
COMMANDS = sorted(
    {
        " ".join(words)
        for page in PAGES
        for block in blocks(page, "console")
        for words in commands(block)
    }
)
CHECKED = {"divan", "pip", "pipx", "python", "python3", "uv"}
OTHERS = {"cd", "curl", "export", "git", "k6", "nox", "source", "uvicorn"}
RUN_DIVAN = "from divan_cli.main import run; run()"


def typed(*programs: str) -> list[str]:
    return [command for command in COMMANDS if command.split()[0] in programs]


@pytest.mark.parametrize("snippet", SNIPPETS, ids=str)
def test_snippets_run(snippet: Block, tmp_path: Path) -> None:
    done = run_python(tmp_path, snippet.text)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("command", typed("divan"))
def test_divan_commands_and_their_options_exist(command: str, tmp_path: Path) -> None:
    # --help answers once the command and its options are recognised, and before anything runs.
    done = run_python(tmp_path, RUN_DIVAN, *command.split()[1:], "--help")
    assert done.returncode == 0, done.stderr
    assert "Usage" in done.stdout


@pytest.mark.parametrize("command", typed("python", "python3", "uv"))
def test_python_commands_name_files_and_sessions_that_exist(command: str) -> None:
    files = re.findall(r"\S+\.py\b", command)
    assert all((ROOT / name).is_file() for name in files)
    if files == ["noxfile.py"]:
        assert set(re.findall(r" -s (\w+)", command)) <= sessions()


@pytest.mark.parametrize("command", typed("pip", "pipx", "python", "python3", "uv"))
def test_installations_name_extras_that_exist(command: str, project: dict[str, Any]) -> None:
    for extras in re.findall(r"divan\[([\w,]+)\]", command):
        assert set(extras.split(",")) <= set(project["optional-dependencies"])


def test_every_command_is_known_here() -> None:
    assert {command.split()[0] for command in COMMANDS} <= CHECKED | OTHERS


def run_python(home: Path, program: str, *arguments: str) -> "subprocess.CompletedProcess[str]":
    """Run a program in an empty folder, which is its home as well, with no setting of Divan's."""
    kept = {name: value for name, value in os.environ.items() if "DIVAN" not in name}
    environment = {**kept, "HOME": str(home), "PYTHONPATH": str(ROOT)}
    return ran(program, *arguments, environment=environment, timeout_s=60, folder=home)


def sessions() -> set[str]:
    """Give the names of the sessions in noxfile.py."""
    text = (ROOT / "noxfile.py").read_text()
    return set(re.findall(r"^@nox\.session.*\ndef (\w+)", text, re.MULTILINE))
