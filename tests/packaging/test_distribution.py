import re
import subprocess
import sys
import zipfile
from email import message_from_bytes
from pathlib import Path
from typing import Any

import pytest

from tests.packaging.conftest import built_wheel

PACKAGES = ("divan_core", "divan_http", "divan_rt", "divan_cli")
INSIDE_THE_CORE = ("migrations", "config")
DRIVERS = {
    "alembic",
    "asyncpg",
    "falcon",
    "google-re2",
    "hiredis",
    "opentelemetry",
    "re2",
    "redis",
    "rich",
    "socketio",
    "sqlalchemy",
    "sqlite3",
    "structlog",
    "typer",
    "uvicorn",
}


def files(folder: Path) -> set[str]:
    found = (path.relative_to(folder) for path in folder.rglob("*") if path.is_file())
    return {path.as_posix() for path in found if "__pycache__" not in path.parts}


def below(root: Path, folder: str) -> set[str]:
    return {f"{folder}/{name}" for name in files(root / folder)}


def test_the_wheel_holds_the_packages_and_nothing_else(
    unpacked_wheel: Path, root: Path, dist_info: str
) -> None:
    shipped = files(unpacked_wheel)
    for folder in INSIDE_THE_CORE:
        shipped -= below(unpacked_wheel, f"divan_core/{folder}")
    assert shipped - below(unpacked_wheel, dist_info) == set().union(
        *(below(root, package) for package in PACKAGES)
    )
    assert f"{dist_info}/licenses/LICENSE" in shipped


@pytest.mark.parametrize("folder", INSIDE_THE_CORE)
def test_some_folders_are_inside_the_core(unpacked_wheel: Path, root: Path, folder: str) -> None:
    assert files(root / folder)
    assert files(unpacked_wheel / "divan_core" / folder) == files(root / folder)


@pytest.mark.parametrize("package", PACKAGES)
def test_packages_are_typed(unpacked_wheel: Path, package: str) -> None:
    assert (unpacked_wheel / package / "py.typed").is_file()


def test_the_source_archive_makes_the_same_wheel(
    unpacked_sdist: Path, unpacked_wheel: Path, tmp_path: Path
) -> None:
    with zipfile.ZipFile(built_wheel(unpacked_sdist, tmp_path)) as archive:
        assert set(archive.namelist()) == files(unpacked_wheel)


def test_the_source_archive_holds_what_its_checks_need(unpacked_sdist: Path) -> None:
    needed = (".importlinter", "CHANGELOG.md", "LICENSE", "noxfile.py", "tests/conftest.py")
    assert set(needed) <= files(unpacked_sdist)


def test_a_plain_installation_brings_no_driver(
    unpacked_wheel: Path, dist_info: str, project: dict[str, Any]
) -> None:
    metadata = message_from_bytes((unpacked_wheel / dist_info / "METADATA").read_bytes())
    required = [line for line in metadata.get_all("Requires-Dist", []) if "extra ==" not in line]
    assert sorted(required) == sorted(project["dependencies"])
    assert DRIVERS.isdisjoint(re.split(r"[^\w-]", line)[0] for line in required)


def test_importing_the_core_loads_no_driver(unpacked_wheel: Path) -> None:
    loaded = loaded_by("import divan_core", unpacked_wheel)
    assert "divan_core" in loaded
    assert loaded & DRIVERS == set()


def test_starting_the_command_loads_no_server(unpacked_wheel: Path) -> None:
    loaded = loaded_by("import divan_cli.main", unpacked_wheel)
    assert "typer" in loaded
    assert loaded & (DRIVERS - {"rich", "typer"}) == set()


def loaded_by(statement: str, package_folder: Path) -> set[str]:
    """Give the modules that a statement loads, with Divan's own taken from a folder."""
    path = f"import sys; sys.path.insert(0, {str(package_folder)!r})"
    done = subprocess.run(
        [sys.executable, "-I", "-c", f"{path}; {statement}; print(*sys.modules)"],
        capture_output=True,
        text=True,
        check=True,
    )
    return set(done.stdout.split())
