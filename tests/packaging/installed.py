"""Both archives, each extra in an empty environment of its own, and the demo of what is there.

``python3 noxfile.py -s packages`` runs it; it is no test of the suite, for it fetches everything.
"""

import json
import subprocess
import sys
import tempfile
import urllib.request
import venv
from pathlib import Path

from tests.packaging.conftest import ROOT

# What an extra is for, in one statement that fails without it.
PROBES = {
    "": "import divan_core as d; d.Divan.open(d.Settings(), stores=d.memory_stores())",
    "sql": "import divan_core as d, pathlib; d.embedded_stores(pathlib.Path('x.sqlite3'))",
    "postgres": "import asyncpg, divan_core.stores.sql.postgres",
    "redis": "import divan_core.stores.redis.store",
    "auth": "import divan_core.passwords.argon2id, divan_core.tokens",
    "http": "import divan_http.app",
    "rt": "import divan_rt.server",
    "cli": "import divan_cli.main",
    "moderation": "import re2, divan_core.safety.patterns",
    "testing": "import divan_core.testing.contracts.presence",
    "all": "import divan_cli.asgi",
}
PATIENCE_S = 120


def main() -> None:
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        wheel, sdist = built(folder)
        for extra, probe in PROBES.items():
            wanted = f"{wheel}[{extra}]" if extra else str(wheel)
            python = installed(folder / f"of-{extra or 'nothing'}", wanted)
            run(folder, python, "-I", "-c", probe)
            print(f"[{extra}] works: {packages(python)} packages", flush=True)
        print("the demo answers:", demo(folder, folder / "of-all"), flush=True)
        python = installed(folder / "of-sdist", f"{sdist}[cli]")
        run(folder, python, "-m", "pip", "check")
        print("the source archive installs", flush=True)


def built(folder: Path) -> tuple[Path, Path]:
    """The wheel and the source archive."""
    run(ROOT, sys.executable, "-m", "hatchling", "build", "-d", str(folder))
    (wheel,), (sdist,) = folder.glob("*.whl"), folder.glob("*.tar.gz")
    return wheel, sdist


def installed(folder: Path, wanted: str) -> str:
    """The Python of a new environment with this and what it needs, and nothing else."""
    venv.create(folder, with_pip=True)
    python = str(folder / "bin" / "python")
    run(folder, python, "-m", "pip", "install", "--quiet", "--prefer-binary", wanted)
    return python


def packages(python: str) -> int:
    """How many packages an environment has, beside pip and setuptools."""
    listed = json.loads(run(Path(), python, "-m", "pip", "list", "--format", "json"))
    return len([one for one in listed if one["name"] not in {"pip", "setuptools"}])


def demo(folder: Path, environment: Path) -> str:
    """What the page of ``divan demo`` is called, served from an empty home."""
    home = folder / "home"
    home.mkdir()
    command = [str(environment / "bin" / "divan"), "demo", "--port", "0", "--people", "20"]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, text=True, env={"HOME": str(home)}
    ) as it:
        try:
            assert it.stdout is not None
            said = next(line for line in it.stdout if "http://" in line)
            url = "http://" + said.split("http://", 1)[1].split()[0]
            with urllib.request.urlopen(url, timeout=PATIENCE_S) as answer:
                page = answer.read().decode()
            return f"{url} <title>{page.split('<title>')[1].split('</title>')[0]}</title>"
        finally:
            it.terminate()


def run(folder: Path, *command: str) -> str:
    """Run a program to its end, with nothing of Divan's in its environment; what it printed."""
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"{' '.join(command)}\n{done.stdout}{done.stderr}")
    return done.stdout


if __name__ == "__main__":
    main()
