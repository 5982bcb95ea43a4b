"""Every command runs, and ends with the status that its outcome has."""

import inspect
import subprocess
import sys
from collections.abc import Callable, Iterator

import pytest
import typer
from typer.testing import CliRunner

from divan_cli import session
from divan_cli.main import app
from divan_core.errors import ErrorKind, FieldError, NotFound, StoreUnavailable, ValidationFailed

from .conftest import Command


def commands(group: typer.Typer, *names: str) -> Iterator[tuple[str, Callable[..., object]]]:
    for one in group.registered_commands:
        assert one.callback is not None
        yield " ".join((*names, one.name or one.callback.__name__)), one.callback
    for inner in group.registered_groups:
        assert inner.typer_instance is not None
        yield from commands(inner.typer_instance, *names, inner.name or "?")


COMMANDS = dict(commands(app))


def test_the_commands_of_the_contract_are_there() -> None:
    promised = {
        "campus create",
        "campus list",
        "config show",
        "demo",
        "import",
        "migrate",
        "nearby",
        "openapi",
        "outbox lag",
        "outbox replay",
        "privacy probe",
        "seed demo",
        "serve",
        "workers run",
    }
    assert promised <= set(COMMANDS)


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_the_decorator(name: str) -> None:
    callback = COMMANDS[name]
    assert callback.__code__ is refuses.__code__
    assert not inspect.iscoroutinefunction(callback)


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_explains_itself(name: str) -> None:
    shown = CliRunner().invoke(app, [*name.split(), "--help"])
    assert shown.exit_code == 0
    assert "Usage" in shown.output


def test_every_kind_of_refusal_has_a_status() -> None:
    assert set(session.EXIT_STATUSES) == {kind.value for kind in ErrorKind}
    assert set(session.EXIT_STATUSES.values()) == {1, 2}


@session.command
async def fails_late(*, grouped: bool = False) -> None:
    if grouped:
        raise ExceptionGroup("of a task group", [ExceptionGroup("of another", [NotFound("Gone.")])])
    raise StoreUnavailable("Not there.")


@session.command
def refuses() -> None:
    raise ValidationFailed(errors=[FieldError("$.lat", "must be in -90..90")])


@session.command
async def breaks() -> None:
    raise ExceptionGroup("of a task group", [LookupError("a bug")])


def outcome(function: Callable[..., None], *arguments: str) -> tuple[int, str]:
    single = typer.Typer()
    single.command()(function)
    ended = CliRunner().invoke(single, arguments)
    return ended.exit_code, ended.stderr


def test_asynchronous_commands_run_and_their_refusals_are_told() -> None:
    assert outcome(fails_late) == (1, "Not there.\n")


def test_refusals_inside_groups_are_found() -> None:
    assert outcome(fails_late, "--grouped") == (1, "Gone.\n")


def test_wrong_fields_are_told_and_count_as_usage() -> None:
    assert outcome(refuses) == (2, "Some fields are not valid\n  $.lat: must be in -90..90\n")


def test_a_bug_is_not_a_refusal() -> None:
    with pytest.raises(ExceptionGroup):
        CliRunner().invoke(one_command(breaks), catch_exceptions=False)


def one_command(function: Callable[..., None]) -> typer.Typer:
    single = typer.Typer()
    single.command()(function)
    return single


def test_help_waits_for_nothing_heavy() -> None:
    script = "import sys, divan_cli.main; print(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    loaded = {name.partition(".")[0] for name in done.stdout.split()}
    assert "typer" in loaded
    assert loaded & {"anyio", "attrs", "divan_core", "divan_http", "msgspec", "rich"} == set()


def test_the_version_is_told(divan_process: Command) -> None:
    ended = divan_process("--version")
    assert ended.status == 0
    assert ended.out.startswith("divan 0.")


def test_wrong_usage_ends_with_2(divan_process: Command) -> None:
    assert divan_process("serve", "--port", "many").status == 2
    assert divan_process("fly").status == 2
    assert divan_process().status == 2


def test_a_wrong_setting_stops_every_command(divan: Command) -> None:
    for name in (("config", "show"), ("campus", "list"), ("migrate",), ("serve",), ("openapi",)):
        ended = divan(*name, DIVAN_ENV="produce")
        assert ended.status == 1
        assert ended.err == "DIVAN_ENV is 'produce'; it must be one of dev, test, prod.\n"
