"""Divan around a Django project, here in one file; shows what a client sees."""

import json
import time
from collections.abc import Callable
from uuid import UUID

import django
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.test import Client
from django.urls import URLPattern, path

from divan_core import Settings, SyncDivan, memory_stores
from divan_core.accounts.messages import CreateCampus, CreatePerson
from divan_core.codec.problems import problem_of
from divan_core.codec.reader import JsonReader, encode
from divan_core.errors import DivanError
from divan_core.kernel.actor import Actor
from divan_core.kernel.ids import UserId
from divan_core.presence.messages import Heartbeat, NearbyQuery

HEARTBEAT = JsonReader(Heartbeat)
Call = Callable[[SyncDivan, Actor, bytes], object]
urlpatterns: list[URLPattern] = []


def view(call: Call, divan: SyncDivan) -> Callable[[HttpRequest], HttpResponse]:
    """A view of a call: who asks, what they get, and what is refused."""

    def answer(request: HttpRequest) -> HttpResponse:
        try:  # a real project has request.user
            me = divan.accounts.actor(UserId(UUID(request.headers["X-Person"])))
            return HttpResponse(encode(call(divan, me, request.body)), "application/json")
        except DivanError as fault:
            problem = problem_of(fault, request.headers.get("X-Request-Id", ""))
            return HttpResponse(encode(problem), "application/problem+json", problem.status)

    return answer


if __name__ == "__main__":
    settings.configure(ROOT_URLCONF=__name__, ALLOWED_HOSTS=["testserver"], MIDDLEWARE=[])
    django.setup()
    with SyncDivan.open(Settings(), stores=memory_stores()) as running:
        calls: dict[str, Call] = {
            "here": lambda divan, me, body: divan.presence.heartbeat(me, HEARTBEAT.read(body)),
            "near": lambda divan, me, _: divan.presence.nearby(me, NearbyQuery(radius_m=50)),
        }
        urlpatterns += [path(name, view(call, running)) for name, call in calls.items()]
        campus = running.accounts.create_campus(CreateCampus("McGill", 45.5048, -73.5772))
        fix = {"lat": 45.5048, "lon": -73.5772, "accuracy_m": 8, "device_id": "phone"}
        for name in ("ana", "ben"):
            user = running.accounts.create_person(CreatePerson(campus.id, name, name.title()))
            client = Client(headers={"X-Person": str(user.user_id)})
            body = json.dumps({**fix, "ts_client": time.time_ns() // 10**6})
            print(client.post("/here", body, "application/json").json())
            print(client.get("/near").json())
