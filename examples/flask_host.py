"""Divan around a Flask application, which knows its people by itself; shows what a client sees."""

import time
from uuid import UUID

from flask import Flask, Response, request

from divan_core import Settings, SyncDivan, memory_stores
from divan_core.accounts.messages import CreateCampus, CreatePerson
from divan_core.codec.problems import problem_of
from divan_core.codec.reader import JsonReader, encode
from divan_core.errors import DivanError
from divan_core.kernel.actor import Actor
from divan_core.kernel.ids import UserId
from divan_core.presence.messages import Heartbeat, NearbyQuery

HEARTBEAT = JsonReader(Heartbeat)


def create_app(divan: SyncDivan) -> Flask:
    app = Flask(__name__)

    def me() -> Actor:
        """Who asks; a real application looks into its session."""
        return divan.accounts.actor(UserId(UUID(request.headers["X-Person"])))

    @app.errorhandler(DivanError)
    def refused(fault: DivanError) -> Response:
        problem = problem_of(fault, request.headers.get("X-Request-Id", ""))
        return Response(encode(problem), problem.status, mimetype="application/problem+json")

    @app.post("/here")
    def here() -> Response:
        accepted = divan.presence.heartbeat(me(), HEARTBEAT.read(request.data))
        return Response(encode(accepted), mimetype="application/json")

    @app.get("/near")
    def near() -> Response:
        found = divan.presence.nearby(me(), NearbyQuery(radius_m=50))
        return Response(encode(found), mimetype="application/json")

    return app


if __name__ == "__main__":
    with SyncDivan.open(Settings(), stores=memory_stores()) as running:
        campus = running.accounts.create_campus(CreateCampus("McGill", 45.5048, -73.5772))
        client = create_app(running).test_client()
        fix = {"lat": 45.5048, "lon": -73.5772, "accuracy_m": 8, "device_id": "phone"}
        for name in ("ana", "ben"):
            user = running.accounts.create_person(CreatePerson(campus.id, name, name.title()))
            headers = {"X-Person": str(user.user_id)}
            body = {**fix, "ts_client": time.time_ns() // 10**6}
            print(client.post("/here", json=body, headers=headers).json)
            print(client.get("/near", headers=headers).json)
