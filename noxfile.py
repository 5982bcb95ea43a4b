# /// script
# requires-python = ">=3.11"
# dependencies = ["nox>=2026.10"]
# ///
"""Every check, and the demo, in one command: ``python3 noxfile.py [-s SESSION]``.

It needs CPython 3.11 or newer with pip and venv, and a package registry. When nox is missing, it
is installed into an environment inside the checkout and this file is run again there; ``nox`` and
``uv run noxfile.py`` run the same sessions.
"""

import hashlib
import os
import shutil
import subprocess
import sys
import venv
from pathlib import Path
from typing import NoReturn

ROOT = Path(__file__).resolve().parent
ENVIRONMENTS = ROOT / ".nox"
PROGRAMS = "Scripts" if os.name == "nt" else "bin"
NOX = "nox>=2026.10"
OLDEST = 0x03_0B_00_00


def is_complete(folder: Path, *facts: str) -> bool:
    """Tell whether an environment was made to its end from these facts, here, for this Python."""
    mark = folder / "complete"
    return mark.is_file() and mark.read_text() == fingerprint(*facts)


def mark_complete(folder: Path, *facts: str) -> None:
    """Note that an environment is made; one whose making was interrupted has no such note."""
    (folder / "complete").write_text(fingerprint(*facts))


def fingerprint(*facts: str) -> str:
    """Give a text that changes with the facts, with the interpreter and with the place."""
    parts = (*facts, sys.version, sys.base_prefix, str(ROOT))
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()


def run_inside_own_environment() -> NoReturn:
    """Run this file again with a nox of its own, which is installed the first time."""
    if sys.hexversion < OLDEST:
        sys.exit(f"This needs CPython 3.11 or newer; {sys.executable} is {sys.version}.")
    folder = ENVIRONMENTS / "bootstrap"
    python = folder / PROGRAMS / "python"
    if not is_complete(folder, NOX):
        print("nox is not installed here; setting it up in .nox, once", flush=True)
        try:
            venv.create(folder, clear=True, with_pip=True)
            subprocess.run([python, "-m", "pip", "install", "--quiet", NOX], check=True)
        except subprocess.CalledProcessError as error:
            print(error.output or "", file=sys.stderr)
            sys.exit("This needs pip, venv (Debian: python3-venv) and a package registry.")
        mark_complete(folder, NOX)
    arguments = [str(python), __file__, *sys.argv[1:]]
    if os.name == "posix":
        os.execv(python, arguments)  # noqa: S606 - no shell is wanted; Ctrl-C reaches nox itself
    sys.exit(subprocess.call(arguments))


try:
    import nox
    import nox.command
except ModuleNotFoundError:
    if __name__ != "__main__":
        raise
    run_inside_own_environment()

nox.options.sessions = ["lint", "tests"]

# Where each library is met, in minutes: that Divan's own rules hold is seen by the other sessions.
MEETING_TESTS = (
    "tests/unit/auth",  # Argon2
    "tests/unit/codec",  # msgspec, attrs
    "tests/unit/observability",  # the Prometheus client
    "tests/unit/safety",  # RE2
    "tests/unit/test_configuration.py",  # typed-settings, cattrs
    "tests/unit/tokens",  # PyJWT, cryptography
    "tests/contract/test_redis_store.py",  # hiredis
    "tests/contract/test_relational_postgres.py",  # SQLAlchemy, asyncpg
    "tests/migrations",  # Alembic, SQLite
    "tests/hosting",  # hosts' own sessions and drivers
    "tests/search/test_people.py",  # RapidFuzz
    "tests/http/test_openapi.py",  # Falcon, apispec
    "tests/http/test_presence.py",
    "tests/http/test_server.py",  # uvicorn, httptools
    "tests/rt/test_transports.py",  # Socket.IO, websockets
    "tests/rt/test_chat.py",
    "tests/cli/test_config.py",  # Typer, Rich
    "tests/cli/test_serve.py",  # uvloop
    "tests/observability",  # OpenTelemetry
    "tests/library/test_examples.py",
)
NEWER = ("python3.14", "python3.13", "python3.12")
PACKAGES = ("divan_core", "divan_http", "divan_rt", "divan_cli")
# What tries a part of what there is to try, unless DIVAN_THOROUGH is set.
THOROUGH_TESTS = (
    "tests/library",
    "tests/property",
    "tests/search",
    "tests/e2e/test_privacy.py",
    "tests/e2e/test_traces.py",
)
# What decides without doing: every branch of it is tested.
PURE = (
    "divan_core/*/model.py",
    "divan_core/*/policy.py",
    "divan_core/activities/games/*.py",
    *(f"divan_core/presence/{name}.py" for name in ("drift", "lattice", "listing", "movement")),
)
LINTERS = (
    ("ruff", "check", "."),
    ("ruff", "format", "--check", "."),
    ("mypy",),
    ("lint-imports",),
    # What bandit finds of low severity, ruff finds too, and its exceptions are noted for ruff.
    ("bandit", "-q", "-r", "-c", "pyproject.toml", "--severity-level", "medium", *PACKAGES),
)


@nox.session(venv_backend="none")
def lint(session: nox.Session) -> None:
    """Style, types, the arrows between modules, and patterns that are known to be unsafe."""
    programs = environment(session, "dev", "dev")
    failed = [linter for linter in LINTERS if not passes(session, programs, linter)]
    if failed:
        session.error("failed: " + ", ".join(command[0] for command in failed))


@nox.session(venv_backend="none")
def tests(session: nox.Session) -> None:
    """All tests, on real servers out of wheels; what follows ``--`` goes to pytest."""
    programs = environment(session, "dev", "dev")
    run(session, programs, "pytest", "-n", "2", *session.posargs)


@nox.session(venv_backend="none")
def coverage(session: nox.Session) -> None:
    """Tests with branch coverage, which has to be complete in policies and models."""
    programs = environment(session, "dev", "dev")
    run(session, programs, "coverage", "erase")
    run(session, programs, "coverage", "run", "-m", "pytest", "-n", "2", *session.posargs)
    run(session, programs, "coverage", "combine", "--quiet")
    run(session, programs, "coverage", "report")
    pure = ",".join(PURE)
    run(session, programs, "coverage", "report", "--fail-under", "100", "--include", pure)


@nox.session(venv_backend="none")
def fuzz(session: nox.Session) -> None:
    """Many more inputs than the tests try: over 20,000 for HTTP, 6,000 frames for sockets."""
    programs = environment(session, "dev", "dev")
    session.env["DIVAN_FUZZ_EXAMPLES"] = "150"
    fuzzers = ("tests/http/test_openapi_fuzz.py", "tests/rt/test_fuzz.py")
    run(session, programs, "pytest", "-n", "2", *fuzzers, *session.posargs)


@nox.session(venv_backend="none")
def soak(session: nox.Session) -> None:
    """Twenty minutes of load while servers, PostgreSQL and Valkey go away; ``-- 5`` for five."""
    programs = environment(session, "dev", "dev")
    session.env["DIVAN_SOAK_MINUTES"] = session.posargs[0] if session.posargs else "20"
    run(session, programs, "pytest", "tests/soak", "-s")


@nox.session(venv_backend="none")
def faults(session: nox.Session) -> None:
    """Many more kills, cuts and outages than the tests try: about twenty minutes."""
    programs = environment(session, "dev", "dev")
    session.env["DIVAN_FAULTS"] = "long"
    run(session, programs, "pytest", "tests/faults", *session.posargs)


@nox.session(venv_backend="none")
def thorough(session: nox.Session) -> None:
    """What the tests try a part of, whole: a recorded day, 10,000 questions, all examples."""
    programs = environment(session, "dev", "dev")
    session.env["DIVAN_THOROUGH"] = "1"
    run(session, programs, "pytest", "-n", "2", *THOROUGH_TESTS, *session.posargs)


@nox.session(venv_backend="none")
def demo(session: nox.Session) -> None:
    """Serve a living campus and print its address; what follows ``--`` goes to divan demo."""
    run(session, environment(session, "demo"), "divan", "demo", *session.posargs)


@nox.session(venv_backend="none")
def bench(session: nox.Session) -> None:
    """Measure what this machine reaches; what follows ``--`` goes to the benchmarks."""
    programs = environment(session, "bench", "test", "bench")
    run(session, programs, "python", "-m", "benchmarks", *session.posargs)


@nox.session(venv_backend="none")
def docs(session: nox.Session) -> None:
    """Build the documentation into build/site; a link that leads nowhere is an error."""
    programs = environment(session, "docs", "docs")
    session.env["NO_MKDOCS_2_WARNING"] = "1"  # the theme advertises; the version is bounded
    run(session, programs, "python", "-m", "mkdocs", "build", "--strict", *session.posargs)


@nox.session(venv_backend="none")
def packages(session: nox.Session) -> None:
    """Build both archives, install each extra into an empty environment, run the demo."""
    programs = environment(session, "dev", "dev")
    run(session, programs, "python", "-m", "tests.packaging.installed", *session.posargs)


@nox.session(venv_backend="none")
def lowest(session: nox.Session) -> None:
    """What meets each library, on the oldest versions that pyproject.toml allows, chosen by uv."""
    meet(session, "lowest", sys.executable, "--resolution", "lowest-direct")


@nox.session(venv_backend="none")
def newest(session: nox.Session) -> None:
    """The same on the newest CPython on the path, with the newest versions of everything."""
    found = next(filter(starts, filter(None, map(shutil.which, NEWER))), None)
    if found is None:
        session.skip(f"none of {', '.join(NEWER)} is on the path and starts")
    meet(session, "newest", found)


def meet(session: nox.Session, name: str, interpreter: str, *choice: str) -> None:
    """Run the tests that meet each library in an environment of their own, made anew by uv."""
    folder = ENVIRONMENTS / name
    programs, python = folder / PROGRAMS, str(folder / PROGRAMS / "python")
    made = ("--quiet", "--clear", "--python", interpreter, str(folder))
    session.run(sys.executable, "-m", "virtualenv", *made)
    session.run(python, "-m", "pip", "install", "--quiet", "uv")
    wanted = nox.project.dependency_groups(nox.project.load_toml("pyproject.toml"), "test", "bench")
    options = ("--quiet", *choice, "--python", python)
    run(session, programs, "uv", "pip", "install", *options, "--editable", f"{ROOT}[all]", *wanted)
    run(session, programs, "pytest", "-n", "2", *(session.posargs or MEETING_TESTS))


def starts(interpreter: str) -> bool:
    """Whether this is one: who manages several leaves a name on the path for each it could be."""
    return subprocess.call([interpreter, "-c", ""], stderr=subprocess.DEVNULL) == 0


def environment(session: nox.Session, name: str, *groups: str) -> Path:
    """Give the folder of programs of an environment with the package and dependency groups.

    Several sessions share one, which nox itself does not offer, so that everything is installed
    once; and nothing is fetched as long as pyproject.toml stays as it is.
    """
    folder = ENVIRONMENTS / name
    pyproject = (ROOT / "pyproject.toml").read_text()
    if not is_complete(folder, pyproject, *groups):
        wanted = nox.project.dependency_groups(nox.project.load_toml("pyproject.toml"), *groups)
        install(session, folder, "--editable", f"{ROOT}[all]", *wanted)
        mark_complete(folder, pyproject, *groups)
    return folder / PROGRAMS


def install(session: nox.Session, folder: Path, *wanted: str) -> None:
    """Make an environment anew, with uv where it is there and knows the registry, else pip."""
    python = str(folder / PROGRAMS / "python")
    session.run(sys.executable, "-m", "virtualenv", "--quiet", "--clear", str(folder))
    if uv := shutil.which("uv"):
        command = [uv, "pip", "install", "--quiet", "--compile-bytecode", "--python", python]
        if subprocess.call([*command, *wanted]) == 0:
            return
        session.warn("uv cannot install these; trying pip")
    session.run(python, "-m", "pip", "install", "--quiet", "--prefer-binary", *wanted)


def run(session: nox.Session, programs: Path, name: str, *arguments: str) -> None:
    """Run a program of an environment, which its own children find first as well.

    Compiled modules are kept: the tests start hundreds of processes, each of which would compile
    all that it imports.
    """
    path = os.pathsep.join((str(programs), os.environ.get("PATH", os.defpath)))
    variables = {"PATH": path, "PYTHONDONTWRITEBYTECODE": None}
    session.run(str(programs / name), *arguments, env=variables, external=True)


def passes(session: nox.Session, programs: Path, command: tuple[str, ...]) -> bool:
    """Run a check and tell whether it succeeded, so that one failure does not hide others."""
    try:
        run(session, programs, *command)
    except nox.command.CommandFailed:
        return False
    return True


if __name__ == "__main__":
    nox.main()
