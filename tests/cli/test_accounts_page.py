"""The calls of docs/accounts.md, typed as they stand there."""

import json
import re
import shlex
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from .conftest import Command, Serve, Served

PAGE = Path(__file__).parents[2] / "docs" / "accounts.md"
FENCE = re.compile(r"^```console\n(.*?)^```$", re.MULTILINE | re.DOTALL)
CODE = re.compile(r"([A-Za-z0-9_-]{64})\n")


def typed(word: str) -> Iterator[str]:
    """What is typed after the prompt and begins with a word, in the order of the page."""
    for block in FENCE.findall(PAGE.read_text(encoding="utf-8")):
        for line in block.replace("\\\n", " ").splitlines():
            if line.startswith(f"$ {word} "):
                yield line.removeprefix("$ ")


def test_the_calls_work(divan: Command, serve: Serve) -> None:
    divan("seed", "demo")
    known: dict[str, str] = {}
    statuses: dict[str, int] = {}
    with serve() as served:
        for call in typed("curl"):
            status, body = run(call.replace("http://127.0.0.1:8000", served.url), known)
            path = call.split()[2].removeprefix("http://127.0.0.1:8000")
            statuses[path] = status
            if path == "/auth/register":
                known["CODE"] = printed_code(served)
            if isinstance(body, dict) and "access_token" in body:
                known |= {"ACCESS": body["access_token"], "REFRESH": body["refresh_token"]}
    assert statuses == {
        "/auth/register": 202,
        "/auth/verify": 201,
        "/auth/token": 200,
        "/me": 200,
        "/auth/refresh": 200,
        "/auth/logout": 204,
    }


def test_the_operators_commands_work(divan: Command) -> None:
    divan("seed", "demo")
    for line in typed("divan"):
        yes = ["--yes"] if " delete " in line else []
        ended = divan(*shlex.split(line)[1:], *yes)
        assert ended.status == 0, ended.err


def run(call: str, environment: dict[str, str]) -> tuple[int, Any]:
    """Type a call; its status and what it answered."""
    done = subprocess.run(
        ["/bin/sh", "-c", f"{call} -sS"],
        capture_output=True,
        text=True,
        check=True,
        env={**environment, "PATH": "/usr/bin:/bin:/usr/local/bin"},
    )
    head, _, body = done.stdout.partition("\n\n")
    return int(head.split()[1]), json.loads(body) if body.strip() else None


def printed_code(served: Served) -> str:
    """The code of the mail that the server prints, which takes a moment."""
    assert served.process.stdout is not None
    lines = iter(served.process.stdout.readline, "--- end\n")
    return next(found[1] for line in lines if (found := CODE.fullmatch(line)))
