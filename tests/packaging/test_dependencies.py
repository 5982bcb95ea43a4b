"""Every library that is imported is declared, and every library that is declared is needed."""

import ast
import re
import sys
from collections.abc import Iterator
from importlib.metadata import packages_distributions
from typing import Any

import pytest

from tests.packaging.conftest import ROOT

PRODUCT = ("divan_core", "divan_http", "divan_rt", "divan_cli", "migrations")
# Loaded by the libraries that we do import.
LOADED_BY_OTHERS = {
    "cattrs": "typed-settings' conversions",
    "httptools": "uvicorn's parser",
    "uvloop": "uvicorn's event loop",
    "websockets": "uvicorn's WebSocket protocol",
}


@pytest.fixture(scope="module")
def declared(project: dict[str, Any]) -> set[str]:
    extras = project["optional-dependencies"].values()
    lines = [*project["dependencies"], *(line for lines in extras for line in lines)]
    return {normal(re.split(r"[^\w.-]", line)[0]) for line in lines} - {"divan"}


@pytest.fixture(scope="module")
def imported(declared: set[str]) -> set[str]:
    sources = (path for package in PRODUCT for path in (ROOT / package).rglob("*.py"))
    modules = {name for path in sources for name in imports(path.read_text(encoding="utf-8"))}
    distributions = packages_distributions()
    foreign = modules - sys.stdlib_module_names - set(PRODUCT)
    owners = ({normal(one) for one in distributions[name]} for name in foreign)
    # Several distributions share a namespace, such as opentelemetry.
    return set().union(*((own & declared) or own for own in owners))


def test_what_is_imported_is_declared(declared: set[str], imported: set[str]) -> None:
    assert imported - declared == set()


def test_what_is_declared_is_needed(declared: set[str], imported: set[str]) -> None:
    assert declared - imported - set(LOADED_BY_OTHERS) == set()


def imports(text: str) -> Iterator[str]:
    """Give the top-level names of the packages that a module imports."""
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            yield from (alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module.partition(".")[0]


def normal(name: str) -> str:
    """Give a distribution's name in the form in which registries compare names."""
    return re.sub(r"[-_.]+", "-", name).lower()
