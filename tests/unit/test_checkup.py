"""What an examination says of settings and of the data folder, without any server."""

import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import attrs
import pytest
from typed_settings import SecretStr

from divan_core.checkup import Finding, of_folder, of_settings
from divan_core.errors import ConfigurationError
from divan_core.kernel.secrets import is_guessable
from divan_core.settings import JwtSettings, ObsSettings, OtelSettings, Settings
from divan_core.stores.findings import clock_finding

GOOD = SecretStr("kJ4vXq9wLr2TzPn7sYb3Dc8fGh5mQe1u")
PROD = Settings(
    env="prod",
    database_url="postgresql://divan@db/divan",
    redis_url="redis://cache",
    secret_key=GOOD,
    mail_url="smtp://mail",
    audit_checkpoints="/var/lib/divan/checkpoints",
    jwt=JwtSettings(secret=GOOD),
    obs=ObsSettings(admin_token=GOOD),
)


def verdicts(found: Iterable[Finding]) -> dict[str, str]:
    return {one.about: one.verdict for one in found}


def test_a_deployment_in_order_has_nothing_to_mend() -> None:
    found = list(of_settings(PROD))
    assert {one.verdict for one in found} == {"ok"}
    assert not any(one.remedy for one in found)


@pytest.mark.parametrize(
    ("changed", "about", "verdict"),
    [
        ({"env": "dev"}, "configuration", "warning"),
        ({"jwt": JwtSettings()}, "configuration", "fault"),
        ({"secret_key": SecretStr("s" * 32)}, "DIVAN_SECRET_KEY", "fault"),
        ({"jwt": JwtSettings(secret=SecretStr("password" * 4))}, "DIVAN_JWT_SECRET", "fault"),
        ({"obs": ObsSettings(admin_token=SecretStr("sesame"))}, "OBS_ADMIN_TOKEN", "fault"),
        ({"obs": ObsSettings()}, "operator", "warning"),
        ({"mail_url": ""}, "mail", "warning"),
        ({"database_url": "sqlite://"}, "lasting database", "fault"),
        ({"audit_checkpoints": ""}, "checkpoints of the audit", "warning"),
        ({"redis_url": ""}, "redis", "ok"),
        ({"obs": ObsSettings(GOOD, tracing_enabled=True)}, "traces", "warning"),
        ({"otel": OtelSettings("http://collector:4318")}, "traces", "warning"),
        (
            {
                "obs": ObsSettings(GOOD, tracing_enabled=True),
                "otel": OtelSettings("http://collector:4318"),
            },
            "traces",
            "ok",
        ),
        ({"jwt": JwtSettings(jwks_file="/not/there")}, "keys of tokens", "fault"),
    ],
)
def test_what_is_missing_is_told_with_a_remedy(
    changed: dict[str, Any], about: str, verdict: str
) -> None:
    found = {one.about: one for one in of_settings(attrs.evolve(PROD, **changed))}
    assert found[about].verdict == verdict
    assert bool(found[about].remedy) == (verdict != "ok")


@pytest.mark.parametrize(
    ("changed", "about"),
    [
        ({"secret_key": SecretStr("")}, "DIVAN_SECRET_KEY"),
        ({"secret_key": SecretStr("s" * 32)}, "DIVAN_SECRET_KEY"),
        ({"jwt": JwtSettings()}, "keys of tokens"),
        ({"jwt": JwtSettings(secret=SecretStr("password" * 4))}, "DIVAN_JWT_SECRET"),
        ({"obs": ObsSettings(admin_token=SecretStr("sesame"))}, "OBS_ADMIN_TOKEN"),
        ({"database_url": "sqlite://"}, "lasting database"),
        ({"database_url": "sqlite:///:memory:"}, "lasting database"),
    ],
)
def test_prod_does_not_start_with_what_the_examination_faults(
    changed: dict[str, Any], about: str
) -> None:
    weak = attrs.evolve(PROD, **changed)
    with pytest.raises(ConfigurationError, match=about) as refusal:
        weak.check()
    assert "password" not in refusal.value.detail
    faults = {one.about for one in of_settings(weak) if one.verdict == "fault"}
    assert faults == {about, "configuration"}
    attrs.evolve(weak, env="dev").check()


def test_all_that_prod_lacks_is_told_at_once() -> None:
    with pytest.raises(ConfigurationError) as refusal:
        Settings(env="prod", database_url="sqlite://").check()
    assert len(refusal.value.detail.splitlines()) == 3


def test_no_finding_holds_a_secret() -> None:
    weak = attrs.evolve(
        PROD, secret_key=SecretStr("q" * 32), database_url="postgresql://a:hush@b/c"
    )
    assert "qqq" not in repr(list(of_settings(weak)))
    assert "hush" not in repr(list(of_settings(weak)))


@pytest.mark.parametrize("secret", ["short", "a" * 64, "0123" * 10, "Please-ChangeMe-soon-0815"])
def test_what_is_surely_no_secret(secret: str) -> None:
    assert is_guessable(secret)


def test_a_folder_that_is_not_there_yet_is_fine_and_is_not_made(tmp_path: Path) -> None:
    folder = tmp_path / "data" / "divan"
    assert verdicts(of_folder(Settings(data_dir=str(folder)))) == {"data folder": "ok"}
    assert not folder.parent.exists()


def test_a_file_in_the_place_of_the_folder_is_a_fault(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("")
    found = of_folder(Settings(data_dir=str(tmp_path / "data" / "divan")))
    assert verdicts(found) == {"data folder": "fault"}


@pytest.mark.skipif(os.name != "posix", reason="other systems have no such rights")
@pytest.mark.parametrize(("mode", "verdict"), [(0o600, "ok"), (0o640, "fault")])
def test_a_secret_that_others_can_read_is_a_fault(tmp_path: Path, mode: int, verdict: str) -> None:
    (tmp_path / "secret.key").touch()
    (tmp_path / "secret.key").chmod(mode)
    assert verdicts(of_folder(Settings(data_dir=str(tmp_path))))["secret"] == verdict


@pytest.mark.parametrize(("theirs_ms", "verdict"), [(500, "ok"), (-999, "ok"), (1500, "fault")])
def test_clocks_may_be_a_second_apart(theirs_ms: float, verdict: str) -> None:
    assert clock_finding("clock", theirs_ms, 0).verdict == verdict
