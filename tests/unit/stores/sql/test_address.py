from pathlib import Path

import pytest

from divan_core.errors import ConfigurationError
from divan_core.stores.factories import file_address
from divan_core.stores.sql.address import parse_address


@pytest.mark.parametrize("url", ["sqlite://", "sqlite:///:memory:", "sqlite+pysqlite://"])
def test_memory(url: str) -> None:
    address = parse_address(url)
    assert address.dialect == "sqlite"
    assert address.in_memory


@pytest.mark.parametrize("name", ["divan.db", "a b%41?c=d#e.db", "ü:@;.db"])
def test_a_file(tmp_path: Path, name: str) -> None:
    address = parse_address(file_address(tmp_path / name))
    assert not address.in_memory
    assert address.path == tmp_path / name


def test_a_file_below_the_working_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert parse_address("sqlite:///divan.db").path == tmp_path / "divan.db"


@pytest.mark.parametrize("scheme", ["postgresql", "postgres", "postgresql+asyncpg"])
def test_postgres(scheme: str) -> None:
    address = parse_address(f"{scheme}://divan:p%40ss@db:5433/campus?sslmode=require")
    assert address.dialect == "postgresql"
    assert address.url.render_as_string(hide_password=False) == (
        "postgresql://divan:p%40ss@db:5433/campus?sslmode=require"
    )


@pytest.mark.parametrize(
    "url",
    ["", "divan.db", "mysql://host/name", "sqlite://host/name", "sqlite:///a.db?mode=ro"],
)
def test_what_is_refused(url: str) -> None:
    with pytest.raises(ConfigurationError, match="Allowed are"):
        parse_address(url)


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="no folder"):
        parse_address(f"sqlite:///{tmp_path}/missing/divan.db")


def test_the_password_is_not_shown() -> None:
    assert "secret" not in repr(parse_address("postgresql://divan:secret@db/campus"))
