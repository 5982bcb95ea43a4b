"""What deploy/ names exists: commands, settings, files and ports, as far as no engine is needed."""

import configparser
import re
import shutil
import subprocess
import tomllib
from pathlib import Path
from typing import Any

import pytest

from divan_core.configuration import load
from divan_http.routes import OPERATIONS
from tests.deploy.files import DEPLOY, SETTINGS, is_a_command, read_yaml
from tests.packaging.conftest import ROOT

COMPOSE: dict[str, Any] = read_yaml(DEPLOY / "compose.yaml")
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
OURS = [name for name, one in SERVICES.items() if "build" in one]
CONTAINERFILE = (DEPLOY / "Containerfile").read_text()
UNITS = sorted((DEPLOY / "systemd").glob("*.service"))
PORT = "8000"
VALUE = re.compile(r"\$\{(\w+)(:\?|:-)\}")
EXAMPLES = dict(
    line.split("=", 1)
    for line in (DEPLOY / "example.env").read_text().splitlines()
    if line and not line.startswith("#")
)


def unit(path: Path) -> configparser.ConfigParser:
    """A unit, as far as its names are concerned."""
    found = configparser.ConfigParser(strict=False, interpolation=None)
    found.optionxform = str  # type: ignore[assignment,method-assign]  # names keep their case
    found.read(path)
    return found


@pytest.mark.parametrize("name", OURS)
def test_the_containers_run_commands_with_settings_that_exist(name: str) -> None:
    service = SERVICES[name]
    assert is_a_command(service["command"])
    assert set(service["environment"]) <= SETTINGS
    assert service["read_only"]
    assert service["cap_drop"] == ["ALL"]


@pytest.mark.parametrize("name", OURS)
def test_the_settings_of_the_containers_are_accepted(name: str) -> None:
    secret = "9c1f4be07d35a28e61f0c94b7a2d58e3b6407cf19ad3852e0b7f6c41d95e83a2"
    given = {
        key: VALUE.sub(lambda found: EXAMPLES[found[1]] or ("" if found[2] == ":-" else secret), it)
        for key, it in SERVICES[name]["environment"].items()
    }
    settings = load(given).settings
    settings.check()
    assert settings.env == "prod"
    assert settings.workers_enabled == (name != "divan")


def test_every_value_that_is_asked_for_is_in_the_example() -> None:
    named = VALUE.findall((DEPLOY / "compose.yaml").read_text())
    assert {name for name, _ in named} == set(EXAMPLES)
    assert COMPOSE["secrets"]["obs_admin_token"]["environment"] in EXAMPLES


def test_what_the_services_refer_to_exists() -> None:
    for service in SERVICES.values():
        assert set(service.get("depends_on", ())) <= set(SERVICES)
        assert set(service["networks"]) <= set(COMPOSE["networks"])
        assert set(service.get("secrets", ())) <= set(COMPOSE["secrets"])
        for mount in service.get("volumes", ()):
            source = mount.split(":")[0]
            assert source in COMPOSE["volumes"] or (DEPLOY / source).is_dir()


def test_nothing_is_reached_from_other_machines_and_no_database_at_all() -> None:
    ports = [port for service in SERVICES.values() for port in service.get("ports", ())]
    assert all(port.startswith("127.0.0.1:") for port in ports)
    assert COMPOSE["networks"]["stores"] == {"internal": True}
    assert SERVICES["postgres"]["networks"] == SERVICES["valkey"]["networks"] == ["stores"]


def test_images_have_versions() -> None:
    images = [one["image"] for one in SERVICES.values()]
    images += re.findall(r"^FROM (\S+)", CONTAINERFILE, re.MULTILINE)
    assert all(re.search(r":(v?\d|local$)", image) for image in images)


def test_the_image_has_what_the_wheel_is_built_from() -> None:
    target = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["hatch"]["build"]
    wheel = target["targets"]["wheel"]
    folders = {*wheel["packages"], *wheel["force-include"]}
    assert set(re.findall(r"^COPY (\w+) \w+$", CONTAINERFILE, re.MULTILINE)) == folders
    allowed = re.findall(r"^!(\S+)$", (ROOT / ".dockerignore").read_text(), re.MULTILINE)
    files = {"pyproject.toml", "README.md", "LICENSE"}
    assert set(allowed) == folders | files
    assert all((ROOT / name).exists() for name in allowed)


def test_the_image_runs_the_server_as_nobody_in_particular() -> None:
    last = CONTAINERFILE.rpartition("FROM ")[2]
    assert re.search(r"^USER [1-9]\d+:[1-9]\d+$", last, re.MULTILINE)
    assert re.search(r"^HEALTHCHECK ", last, re.MULTILINE)
    assert {one.partition("=")[0] for one in re.findall(r"(DIVAN_\w+=)", last)} <= SETTINGS
    (words,) = re.findall(r"^CMD \[(.*)\]$", last, re.MULTILINE)
    assert is_a_command(re.findall(r'"([^"]+)"', words))


@pytest.mark.parametrize("path", UNITS, ids=lambda one: one.stem)
def test_a_unit_runs_a_command_with_settings_that_exist(path: Path) -> None:
    service = unit(path)["Service"]
    program, *words = service["ExecStart"].split()
    assert program.endswith("/bin/divan")
    assert is_a_command(words)
    named = {one.partition("=")[0] for one in service["Environment"].split()}
    assert named <= SETTINGS
    assert service["NoNewPrivileges"] == "yes"
    assert service["ProtectSystem"] == "strict"
    assert service["CapabilityBoundingSet"] == ""
    assert f"u {service['User']} " in (DEPLOY / "systemd" / "divan.sysusers.conf").read_text()


@pytest.mark.parametrize("path", UNITS, ids=lambda one: one.stem)
def test_systemd_knows_every_word_of_a_unit(path: Path) -> None:
    analyze = shutil.which("systemd-analyze")
    if analyze is None:
        pytest.skip("systemd reads the units")
    done = subprocess.run([analyze, "verify", path], capture_output=True, text=True, check=False)
    said = [line for line in done.stderr.splitlines() if path.name in line]
    assert [line for line in said if "is not executable" not in line] == []


def test_the_two_units_differ_in_what_they_do_alone() -> None:
    server, workers = (
        unit(DEPLOY / "systemd" / f"{name}.service") for name in ("divan", "divan-workers")
    )
    differing = {
        key for key in server["Service"] if server["Service"][key] != workers["Service"][key]
    }
    assert differing == {"ExecStart", "Environment"}


def test_the_ports_agree() -> None:
    assert f"EXPOSE {PORT}\n" in CONTAINERFILE
    assert f"127.0.0.1:{PORT}/health/live" in CONTAINERFILE
    assert SERVICES["divan"]["ports"] == [f"127.0.0.1:{PORT}:{PORT}"]
    (scrape,) = read_yaml(DEPLOY / "prometheus" / "prometheus.yml")["scrape_configs"]
    assert scrape["static_configs"] == [{"targets": [f"divan:{PORT}"]}]
    assert scrape["job_name"] == "divan"
    servers = re.findall(
        r"^    server \w+ \S+:(\d+)", (DEPLOY / "haproxy.cfg").read_text(), re.MULTILINE
    )
    assert servers == [PORT, PORT]
    commands = [SERVICES["divan"]["command"], unit(UNITS[-1])["Service"]["ExecStart"].split()]
    assert all(words[words.index("--port") + 1] == PORT for words in commands)


def test_the_paths_that_are_asked_for_are_operations() -> None:
    known = {one.path for one in OPERATIONS}
    texts = [CONTAINERFILE, (DEPLOY / "haproxy.cfg").read_text()]
    asked = {path for text in texts for path in re.findall(r"/health/\w+", text)} | {"/metrics"}
    assert asked <= known
