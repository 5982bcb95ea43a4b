import pytest

from .conftest import Command

HERE = ("--lat", "45.5", "--lon", "-73.5", "--timezone", "America/Toronto")


def test_a_campus_is_founded_listed_and_changed(divan: Command) -> None:
    made = divan("campus", "create", "North", *HERE, "--radius-m", 500, "--json").json
    assert (made["name"], made["lat"], made["lon"]) == ("North", 45.5, -73.5)
    assert (made["timezone"], made["radius_m"]) == ("America/Toronto", 500)
    divan("campus", "create", "South [old]", *HERE)
    changed = divan("campus", "create", "Norther", *HERE, "--id", made["id"])
    assert changed.status == 0
    names = {one["name"]: one["radius_m"] for one in divan("campus", "list", "--json").json}
    assert names == {"Norther": 25_000, "South [old]": 25_000}
    assert "South [old]" in divan("campus", "list").out


def test_no_campus_is_told(divan: Command) -> None:
    ended = divan("campus", "list")
    assert (ended.status, ended.out) == (0, "")
    assert "divan campus create" in ended.err
    assert divan("campus", "list", "--json").json == []


@pytest.mark.parametrize(
    ("options", "fault"),
    [
        (("--lat", "91", "--lon", "0", "--timezone", "UTC"), "must be a latitude in -90..90"),
        (("--lat", "nan", "--lon", "0", "--timezone", "UTC"), "must be a latitude in -90..90"),
        (("--lat", "1", "--lon", "0", "--timezone", "Mars"), "must be an IANA time zone"),
        (("--lat", "1", "--lon", "0"), "Missing option '--timezone'"),
        ((*HERE, "--id", "x"), "--id"),
    ],
)
def test_an_impossible_campus_is_wrong_usage(
    divan: Command, options: tuple[str, ...], fault: str
) -> None:
    ended = divan("campus", "create", "North", *options)
    assert ended.status == 2
    assert fault in ended.err


def test_another_database_is_told_to_migrate(divan: Command, empty_postgres_url: str) -> None:
    ended = divan("campus", "list", DIVAN_DATABASE_URL=empty_postgres_url)
    assert ended.status == 1
    assert "divan migrate" in ended.err


def test_campuses_live_in_postgresql(divan: Command, postgres_url: str) -> None:
    given = {"DIVAN_DATABASE_URL": postgres_url}
    made = divan("campus", "create", "North", *HERE, "--json", **given).json
    assert divan("campus", "list", "--json", **given).json == [made]
    assert divan("campus", "list", "--json").json == []
