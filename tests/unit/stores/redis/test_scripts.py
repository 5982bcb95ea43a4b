import hashlib
from pathlib import Path

import pytest

from divan_core.stores.redis.scripts import Script, load_script


def test_the_digest_is_what_redis_calls_the_script() -> None:
    digest = hashlib.sha1(b"return 1", usedforsecurity=False).hexdigest()
    assert Script("one", b"return 1").digest == digest.encode()


def test_an_include_is_replaced_by_the_file_at_its_place(tmp_path: Path) -> None:
    (tmp_path / "prelude.lua").write_text("local function twice(x) return 2 * x end\n")
    (tmp_path / "four.lua").write_text("-- include: prelude.lua\nreturn twice(2)\n")
    assert load_script("four", tmp_path).body == (
        b"local function twice(x) return 2 * x end\nreturn twice(2)\n"
    )


def test_what_only_speaks_of_includes_stays(tmp_path: Path) -> None:
    text = "-- it would include: prelude.lua\nreturn '-- include: x'\n"
    (tmp_path / "plain.lua").write_text(text)
    assert load_script("plain", tmp_path).body == text.encode()


def test_backslashes_of_an_included_file_survive(tmp_path: Path) -> None:
    (tmp_path / "prelude.lua").write_text(r"local s = '\1\n\g<0>'")
    (tmp_path / "s.lua").write_text("-- include: prelude.lua\nreturn s\n")
    assert load_script("s", tmp_path).body == b"local s = '\\1\\n\\g<0>'\nreturn s\n"


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"absent\.lua"):
        load_script("absent", tmp_path)
    (tmp_path / "s.lua").write_text("-- include: gone.lua\n")
    with pytest.raises(FileNotFoundError, match=r"gone\.lua"):
        load_script("s", tmp_path)
