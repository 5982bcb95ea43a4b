from .conftest import Command


def test_the_document_describes_the_interface(divan: Command) -> None:
    document = divan("openapi").json
    assert document["openapi"].startswith("3.1")
    assert {"/presence/heartbeat", "/proximity/nearby"} <= set(document["paths"])


def test_credentials_of_development_are_described_there_only(divan: Command) -> None:
    assert "X-User-Id" in divan("openapi").out
    assert "X-User-Id" not in divan("openapi", DIVAN_ENV="prod").out
