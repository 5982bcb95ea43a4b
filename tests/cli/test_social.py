from uuid import UUID

import pytest

from divan_cli.seed import CAMPUS_ID, FRIEND, ME

from .conftest import Command

GHOST = UUID(int=0x6057)


@pytest.fixture
def seeded(divan: Command) -> Command:
    """The demo's campus, and somebody on it whom she has blocked."""
    divan("seed", "demo", "--people", 0)
    lines = (
        f'{{"type":"person","id":"{GHOST}","campus_id":"{CAMPUS_ID}","handle":"ghost",'
        '"display_name":"Ghost"}\n'
        f'{{"type":"block","by":"{ME}","target":"{GHOST}"}}\n'
    )
    assert divan("import", "-", stdin=lines.encode()).status == 0
    return divan


def test_friends_of_somebody(seeded: Command) -> None:
    found = seeded("friends", "list", "--as", ME, "--json")
    assert [(one["handle"], one["is_friend"]) for one in found.json] == [("demo_friend", True)]
    assert "online" not in found.json[0]  # nobody knows without Redis
    table = seeded("friends", "list", "--as", ME)
    assert (table.status, table.err) == (0, "")
    assert "demo_friend" in table.out
    assert "online" not in table.out


def test_whom_somebody_has_blocked(seeded: Command) -> None:
    found = seeded("friends", "list", "--as", ME, "--filter", "blocked", "--json")
    assert [one["user_id"] for one in found.json] == [str(GHOST)]
    assert seeded("friends", "list", "--as", GHOST, "--filter", "blocked", "--json").json == []
    assert seeded("friends", "list", "--as", FRIEND, "--filter", "pending", "--json").json == []


def test_invites_of_somebody(seeded: Command) -> None:
    for box in ("inbox", "outbox"):
        assert seeded("invites", "list", "--as", ME, "--box", box, "--json").json == []
        table = seeded("invites", "list", "--as", ME, "--box", box)
        assert (table.status, table.err) == (0, "")


def test_with_redis_it_is_told_who_is_online(
    divan: Command, postgres_url: str, redis_url: str
) -> None:
    given = {"DIVAN_DATABASE_URL": postgres_url, "DIVAN_REDIS_URL": redis_url}
    divan("seed", "demo", "--people", 0, **given)
    found = divan("friends", "list", "--as", ME, "--json", **given)
    assert [one["online"] for one in found.json] == [False]
    assert "online" in divan("friends", "list", "--as", ME, **given).out


@pytest.mark.parametrize("command", ["friends", "invites"])
def test_wrong_questions(divan: Command, command: str) -> None:
    unknown = divan(command, "list", "--as", ME)
    assert (unknown.status, unknown.err) == (1, "There is no person with these credentials\n")
    assert divan(command, "list").status == 2
    assert divan(command, "list", "--as", "me").status == 2
    assert divan(command, "list", "--as", ME, "--limit", 201).status == 2
