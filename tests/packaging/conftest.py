"""The checkout, and the two archives that are made of it."""

import tarfile
import tomllib
import zipfile
from pathlib import Path
from typing import Any

import pytest
from hatchling import build

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="session")
def root() -> Path:
    return ROOT


@pytest.fixture(scope="session")
def project() -> dict[str, Any]:
    """The [project] table of pyproject.toml."""
    table: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    return table


@pytest.fixture(scope="session")
def dist_info(project: dict[str, Any]) -> str:
    """The folder of metadata in the wheel."""
    return f"divan-{project['version']}.dist-info"


@pytest.fixture(scope="session")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel as it would be published, made from the checkout."""
    return built_wheel(ROOT, tmp_path_factory.mktemp("wheel"))


@pytest.fixture(scope="session")
def unpacked_wheel(wheel: Path) -> Path:
    """What pip would put into site-packages."""
    folder = wheel.with_suffix("")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder)  # noqa: S202 - we built it ourselves
    return folder


@pytest.fixture(scope="session")
def unpacked_sdist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The source archive as it would be published, unpacked."""
    folder = tmp_path_factory.mktemp("sdist")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(ROOT)
        name = build.build_sdist(str(folder))
    with tarfile.open(folder / name) as archive:
        if hasattr(tarfile, "data_filter"):  # the first releases of CPython 3.11 have none
            archive.extraction_filter = tarfile.data_filter
        archive.extractall(folder)  # noqa: S202 - we built it ourselves
    return folder / name.removesuffix(".tar.gz")


def built_wheel(source: Path, target: Path) -> Path:
    """Build a wheel from a folder of sources, with the build back end that is installed."""
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(source)
        return target / build.build_wheel(str(target))
