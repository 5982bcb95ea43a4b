import socket

import pytest

from divan_cli.listening import Plan, address_of, bound, check, is_loopback
from divan_core.errors import ConfigurationError
from divan_core.settings import Settings


@pytest.mark.parametrize(
    ("host", "alone"),
    [
        ("127.0.0.1", True),
        ("127.9.9.9", True),
        ("localhost", True),
        ("::1", True),
        ("0.0.0.0", False),  # noqa: S104 - it is what must be told apart
        ("::", False),
        ("192.0.2.1", False),
        ("no.such.host.invalid", False),
        ("a" * 70 + ".example", False),
        ("", False),
    ],
)
def test_which_hosts_lead_here_alone(host: str, *, alone: bool) -> None:
    assert is_loopback(host) is alone


@pytest.mark.parametrize("env", ["dev", "test"])
def test_claims_are_believed_on_this_machine_only(env: str) -> None:
    settings = Settings(env=env)  # type: ignore[arg-type]  # both are
    check(settings, Plan())
    check(settings, Plan("192.0.2.1", allow_dev_auth=True))
    with pytest.raises(ConfigurationError, match="allow-dev-auth"):
        check(settings, Plan("192.0.2.1"))


def test_one_process_needs_no_redis() -> None:
    check(Settings(), Plan(processes=1))
    check(Settings(redis_url="redis://cache"), Plan(processes=2))
    with pytest.raises(ConfigurationError, match="DIVAN_REDIS_URL"):
        check(Settings(), Plan(processes=2))


@pytest.mark.parametrize(("host", "form"), [("127.0.0.1", "127.0.0.1"), ("::1", "[::1]")])
def test_the_address_is_one_for_a_browser(host: str, form: str) -> None:
    try:
        listener = bound(Plan(host, 0))
    except ConfigurationError:
        pytest.skip(f"this machine has no {host}")
    with listener:
        port = listener.getsockname()[1]
        assert address_of(listener) == f"http://{form}:{port}"


def test_names_lead_to_ipv4_first() -> None:
    with bound(Plan("localhost", 0)) as listener:
        assert listener.family == socket.AF_INET


@pytest.mark.parametrize("host", ["no.such.host.invalid", "a" * 70 + ".example", "192.0.2.1"])
def test_a_host_that_is_not_here_is_refused(host: str) -> None:
    with pytest.raises(ConfigurationError, match="Cannot listen at"):
        bound(Plan(host, 0))
