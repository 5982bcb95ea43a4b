"""``divan account``."""

import time
from typing import Any

import pytest

from .conftest import Command, Serve

HERE = ("--lat", "45.5", "--lon", "-73.5", "--timezone", "America/Toronto")
GOOD = "plum under seven bridges"


@pytest.fixture
def campus(divan: Command) -> str:
    made: str = divan("campus", "create", "North", *HERE, "--json").json["id"]
    return made


def create(divan: Command, campus: str, *more: str, email: str = "ana@x.org") -> dict[str, Any]:
    found = divan(
        "account", "create", email, "--handle", "Ana", "--name", "Ana", "--campus", campus, *more
    )
    assert found.status == 0, found.err
    account: dict[str, Any] = divan("account", "export", email).json["account"]
    return account


def test_a_person_is_created_verified_and_exported(divan: Command, campus: str) -> None:
    account = create(divan, campus)
    assert (account["handle"], account["email"]) == ("ana", "ana@x.org")
    assert account["email_verified"] is False
    shown = divan("account", "verify", "ANA@x.org", GOOD, "--json").json
    assert (shown["handle"], shown["user_id"]) == ("ana", account["user_id"])
    exported = divan("account", "export", "ana@x.org")
    assert exported.json["account"]["email_verified"] is True
    assert exported.json["login"]["has_password"] is True
    assert "argon2" not in exported.out
    assert "Without Redis" in exported.err


def test_what_cannot_be_is_told(divan: Command, campus: str) -> None:
    create(divan, campus, "--password", GOOD)
    same = ("account", "create", "ben@x.org", "--name", "B", "--campus", campus, "--handle")
    taken = divan(*same, "an.a")
    assert (taken.status, "taken" in taken.err) == (1, True)
    assert divan(*same, "no handle").status == 2
    weak = divan(*same, "ben", "--password", "password123")
    assert (weak.status, "everybody tries first" in weak.err) == (2, True)
    mailbox = divan("account", "create", "Ana@X.org", *same[3:], "other")
    assert mailbox.status == 1
    for command in (("verify", "no@x.org", GOOD), ("export", "no@x.org")):
        assert divan("account", *command).status == 1
    assert divan("account", "verify", "ana@x.org", "short").status == 2
    assert divan("account", "delete", "ana@x.org").status == 2


def test_both_names_must_match_and_it_asks(divan: Command, campus: str) -> None:
    create(divan, campus)
    assert divan("account", "delete", "ana@x.org", "ben", "--yes").status == 1
    asked = divan("account", "delete", "ana@x.org", "ana")
    assert asked.status == 1
    assert "mailbox" in asked.out
    assert divan("account", "export", "ana@x.org").status == 0
    done = divan("account", "delete", "ana@x.org", "ANA", "--yes", "--json")
    assert done.status == 0
    assert {one["kind"]: one["count"] for one in done.json["holdings"]}["person"] == 1
    assert divan("account", "export", "ana@x.org").status == 1
    assert create(divan, campus)["handle"] == "ana"


def test_a_registration_that_waits_becomes_a_person(
    divan: Command, campus: str, serve: Serve
) -> None:
    form = {
        "email": "eve@x.org",
        "password": GOOD,
        "handle": "eve",
        "display_name": "Eve",
        "campus_id": campus,
    }
    with serve() as served:
        assert served.post("/auth/register", form)[0] == 202
        verified = divan("account", "verify", "eve@x.org", "another good password", "--json")
        assert verified.json["handle"] == "eve"
        signing = {"email": "eve@x.org", "password": GOOD}
        assert served.post("/auth/token", signing)[0] == 401
        signing["password"] = "another good password"
        status, tokens = served.post("/auth/token", signing)
        assert status == 200
        credentials = {"Authorization": f"Bearer {tokens['access_token']}"}
        assert served.get("/me", **credentials)[0] == 200
        divan("account", "delete", "eve@x.org", "eve", "--yes")
        deadline = time.monotonic() + 90
        while served.get("/me", **credentials)[0] == 200:
            assert time.monotonic() < deadline
            time.sleep(1)
        assert served.get("/me", **credentials)[1]["code"] == "unknown_user"
