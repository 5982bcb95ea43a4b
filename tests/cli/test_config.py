from pathlib import Path

from .conftest import Command

SECRET = "a secret of at least thirty-two bytes"


def test_settings_are_shown_with_their_sources(divan: Command, tmp_path: Path) -> None:
    file = tmp_path / "divan.toml"
    file.write_text(f'[divan]\nsecret_key = "{SECRET}"\n[jwt]\nissuer = "https://id.example"')
    given = {"DIVAN_CONFIG": str(file), "DIVAN_REDIS_URL": "redis://:hush@cache/0"}
    views = {view["name"]: view for view in divan("config", "show", "--json", **given).json}
    assert views["DIVAN_SECRET_KEY"]["source"] == str(file)
    assert views["DIVAN_JWT_ISSUER"] == {
        "name": "DIVAN_JWT_ISSUER",
        "key": "[jwt] issuer",
        "value": "https://id.example",
        "source": str(file),
    }
    assert views["DIVAN_REDIS_URL"]["source"] == "DIVAN_REDIS_URL"
    assert views["LOG_LEVEL"]["source"] == "default"
    for shown in (divan("config", "show", **given), divan("config", "show", "--json", **given)):
        assert shown.status == 0
        assert "https://id.example" in shown.out
        assert SECRET not in shown.out
        assert "hush" not in shown.out


def test_the_table_has_a_line_for_each_setting(divan: Command) -> None:
    lines = divan("config", "show").out.splitlines()
    assert len(lines) == 1 + len(divan("config", "show", "--json").json)
    assert lines[1].split() == ["DIVAN_ENV", "[divan]", "env", "dev", "default"]
