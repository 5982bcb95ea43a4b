"""``divan search``."""

from divan_cli.seed import ME

from .conftest import Command


def test_somebody_sees_whom_they_would_find(divan: Command) -> None:
    divan("seed", "demo", "--people", 3)
    found = divan("search", "users", "demo_frend", "--as", ME, "--json").json
    assert [(one["handle"], one["is_friend"]) for one in found] == [("demo_friend", True)]
    table = divan("search", "users", "demo", "--as", ME)
    assert (table.status, table.err) == (0, "")
    assert "demo_friend" in table.out
    assert divan("search", "users", "q", "--as", ME, "--json").json == []
    assert divan("search", "rooms", "chess", "--as", ME, "--json").json == []


def test_more_than_fits_is_told(divan: Command) -> None:
    divan("seed", "demo", "--people", 12)
    assert "more than these 1." in divan("search", "users", "de", "--as", ME, "--limit", 1).err


def test_what_is_out_of_range_is_refused(divan: Command) -> None:
    divan("seed", "demo", "--people", 0)
    long = divan("search", "users", "x" * 65, "--as", ME)
    assert (long.status, "64 characters" in long.err) == (2, True)
