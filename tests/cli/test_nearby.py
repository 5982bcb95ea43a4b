from divan_cli.seed import CAMPUS_ID, FRIEND, ME, demo_campus
from divan_core.system import SystemClock

from .conftest import Command, Serve, Served

ASK = ("nearby", "--as", ME, "--radius", 50)


def stand(served: Served, user_id: object) -> None:
    beat = {"lat": 45.5048, "lon": -73.5772, "accuracy_m": 10, "device_id": "test"}
    given = {"X_User_Id": str(user_id), "X_Campus_Id": str(CAMPUS_ID)}
    now = SystemClock().now()
    assert served.post("/presence/heartbeat", beat | {"ts_client": now}, **given)[0] == 200


def test_without_redis_the_server_is_asked(divan: Command, serve: Serve) -> None:
    divan("seed", "demo", "--people", 0)
    with serve() as served:
        there = (*ASK, "--server", served.url)
        absent = divan(*there)
        assert (absent.status, absent.err) == (1, "Send a heartbeat first\n")
        stand(served, ME)
        assert divan(*there, "--json").json == []
        stand(served, FRIEND)
        (seen,) = divan(*there, "--filter", "friends", "--json").json
        assert (seen["handle"], seen["is_friend"]) == ("demo_friend", True)
        table = divan(*there)
        assert (table.status, table.err) == (0, "")
        assert "demo_friend" in table.out
        served.end()
    gone = divan(*there)
    assert gone.status == 1
    assert "No server answers" in gone.err


def test_with_redis_no_server_is_needed(
    divan: Command, serve: Serve, postgres_url: str, redis_url: str
) -> None:
    given = {"DIVAN_DATABASE_URL": postgres_url, "DIVAN_REDIS_URL": redis_url}
    divan("seed", "demo", "--people", 0, **given)
    with serve(**given) as served:
        stand(served, ME)
        stand(served, FRIEND)
        served.end()
    asked = divan(*ASK, "--json", **given)
    assert [one["handle"] for one in asked.json] == ["demo_friend"]


def test_nobody_unknown_is_asked_for(divan: Command) -> None:
    ended = divan(*ASK)
    assert (ended.status, ended.err) == (1, "There is no person with these credentials\n")


def test_more_than_fits_is_told(
    divan: Command, serve: Serve, postgres_url: str, redis_url: str
) -> None:
    given = {"DIVAN_DATABASE_URL": postgres_url, "DIVAN_REDIS_URL": redis_url}
    seeded = divan("seed", "demo", "--people", 12, "--json", **given)
    assert seeded.status == 0

    with serve(**given) as served:
        for person in demo_campus(12).people:
            stand(served, person.id)
        served.end()
    asked = divan(*ASK, "--limit", 2, **given)
    assert asked.status == 0
    assert asked.err == "There are more than these 2.\n"


def test_wrong_questions_are_wrong_usage(divan: Command) -> None:
    assert divan("nearby", "--as", "me", "--radius", 50).status == 2
    assert divan("nearby", "--as", ME, "--radius", 0).status == 2
    assert divan("nearby", "--as", ME, "--radius", 5001).status == 2
    assert divan("nearby", "--radius", 50).status == 2


def test_an_address_that_is_none_is_told(divan: Command) -> None:
    divan("seed", "demo", "--people", 0)
    for server in ("ftp://127.0.0.1", "127.0.0.1:8000", "http://127.0.0.1:many"):
        ended = divan(*ASK, "--server", server)
        assert ended.status == 1
        assert "is not the address of a server" in ended.err
