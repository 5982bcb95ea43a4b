import ssl
from pathlib import Path

import pytest

from divan_core.errors import ConfigurationError
from divan_core.stores.redis.address import Address, parse_addresses


@pytest.mark.parametrize(
    ("url", "address"),
    [
        ("redis://cache", Address("cache", 6379)),
        ("redis://cache:7000/3", Address("cache", 7000, db=3)),
        ("redis://:secret@cache", Address("cache", 6379, "default", "secret")),
        ("redis://divan:s%40%2C%2F@cache/", Address("cache", 6379, "divan", "s@,/")),
        ("redis://[::1]:7000", Address("::1", 7000)),
    ],
)
def test_an_address_is_read(url: str, address: Address) -> None:
    assert parse_addresses(url) == (address,)


def test_several_addresses_are_split_by_commas() -> None:
    assert [one.name for one in parse_addresses("redis://a, redis://b:7000,")] == [
        "a:6379",
        "b:7000",
    ]


def test_rediss_is_tls_that_checks_certificates_and_names() -> None:
    (address,) = parse_addresses("rediss://cache")
    assert address.tls is not None
    assert address.tls.verify_mode is ssl.CERT_REQUIRED
    assert address.tls.check_hostname


@pytest.mark.parametrize(
    "url",
    [
        "",
        " , ",
        "cache:6379",
        "http://cache",
        "redis://",
        "redis://cache:0",
        "redis://cache:70000",
        "redis://cache:seven",
        "redis://cache/three",
        "redis://cache/-1",
        "redis://user@cache",
        "redis://cache?ssl_cert_reqs=none",
        "redis://cache?ssl_ca_certs=file.pem",
        "rediss://cache?ssl_ca_certs=/there/is/no/such/file.pem",
    ],
)
def test_a_wrong_address_is_a_wrong_configuration(url: str) -> None:
    with pytest.raises(ConfigurationError, match=r"Redis address|ssl_ca_certs"):
        parse_addresses(url)


def test_a_file_that_holds_no_certificate_is_a_wrong_configuration(tmp_path: Path) -> None:
    (tmp_path / "ca.pem").write_text("nothing")
    with pytest.raises(ConfigurationError, match="ssl_ca_certs"):
        parse_addresses(f"rediss://cache?ssl_ca_certs={tmp_path}/ca.pem")


def test_no_message_holds_the_password() -> None:
    with pytest.raises(ConfigurationError) as refused:
        parse_addresses("redis://:hunter2@cache:seven")
    chain = (refused.value, refused.value.__cause__)
    assert all("hunter2" not in repr(fault) for fault in chain)
    assert "hunter2" not in repr(parse_addresses("redis://:hunter2@cache"))


def test_a_neighbour_keeps_the_credentials() -> None:
    (seed,) = parse_addresses("redis://divan:secret@cache")
    assert seed.at("other", 7001) == Address("other", 7001, "divan", "secret")
