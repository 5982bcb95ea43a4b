from divan_cli.seed import CAMPUS_ID, ME, demo_campus
from divan_core.system import SystemClock

from .conftest import Command, Serve, Served

ASK = ("discover", "people", "--as", ME)


def stand(served: Served, user_id: object) -> None:
    beat = {"lat": 45.5048, "lon": -73.5772, "accuracy_m": 10, "device_id": "test"}
    given = {"X_User_Id": str(user_id), "X_Campus_Id": str(CAMPUS_ID)}
    now = SystemClock().now()
    assert served.post("/presence/heartbeat", beat | {"ts_client": now}, **given)[0] == 200


def test_without_redis_the_server_is_asked(divan: Command, serve: Serve) -> None:
    divan("seed", "demo", "--people", 3)
    with serve() as served:
        there = (*ASK, "--server", served.url)
        for person in demo_campus(3).people:
            stand(served, person.id)
        found = divan(*there, "--json").json
        assert found
        assert not any(one["is_friend"] or one["user_id"] == str(ME) for one in found)
        table = divan(*there)
        assert (table.status, table.err) == (0, "")
        assert all(one["handle"] in table.out for one in found)
        served.end()
    gone = divan(*there)
    assert gone.status == 1
    assert "No server answers" in gone.err


def test_with_redis_no_server_is_needed(
    divan: Command, serve: Serve, postgres_url: str, redis_url: str
) -> None:
    given = {"DIVAN_DATABASE_URL": postgres_url, "DIVAN_REDIS_URL": redis_url}
    divan("seed", "demo", "--people", 12, **given)
    with serve(**given) as served:
        for person in demo_campus(12).people:
            stand(served, person.id)
        served.end()
    asked = divan(*ASK, "--limit", 2, **given)
    assert (asked.status, asked.err) == (0, "There are more than these 2.\n")
    assert len(divan(*ASK, "--limit", 2, "--json", **given).json) == 2


def test_rooms_are_none_yet(divan: Command) -> None:
    divan("seed", "demo", "--people", 0)
    assert divan("discover", "rooms", "--as", ME, "--json").json == []
    assert divan("discover", "rooms", "--as", ME).status == 0


def test_nobody_unknown_is_asked_for(divan: Command) -> None:
    ended = divan(*ASK)
    assert (ended.status, ended.err) == (1, "There is no person with these credentials\n")


def test_wrong_questions_are_wrong_usage(divan: Command) -> None:
    assert divan("discover", "people", "--as", "me").status == 2
    assert divan("discover", "people", "--as", ME, "--limit", 51).status == 2
    assert divan("discover", "people").status == 2
