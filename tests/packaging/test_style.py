"""Sizes and names that keep the code easy to find and to read; ruff sees to the rest."""

import ast
from collections.abc import Iterator
from pathlib import Path

from tests.packaging.conftest import ROOT

PRODUCT = ("divan_core", "divan_http", "divan_rt", "divan_cli")
LONGEST_FILE = 450
LONGEST_FUNCTION = 50
VAGUE = {"base", "common", "helpers", "manager", "misc", "utils"}

SOURCES = sorted(path for package in PRODUCT for path in (ROOT / package).rglob("*.py"))


def functions(source: Path) -> Iterator[tuple[str, int]]:
    """Give the place of each function in a file, and its number of lines."""
    for node in ast.walk(ast.parse(source.read_text(encoding="utf-8"))):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            place = f"{source.relative_to(ROOT)}:{node.lineno} {node.name}"
            yield place, (node.end_lineno or node.lineno) - node.lineno + 1


def test_there_is_something_to_measure() -> None:
    assert len(SOURCES) > len(PRODUCT)


def test_no_file_is_too_long() -> None:
    lengths = {str(path): len(path.read_text(encoding="utf-8").splitlines()) for path in SOURCES}
    assert {name: length for name, length in lengths.items() if length > LONGEST_FILE} == {}


def test_no_function_is_too_long() -> None:
    lengths = dict(pair for source in SOURCES for pair in functions(source))
    assert {name: length for name, length in lengths.items() if length > LONGEST_FUNCTION} == {}


def test_no_module_is_named_for_nothing() -> None:
    assert [path for path in SOURCES if path.stem in VAGUE] == []
