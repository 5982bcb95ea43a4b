"""Divan in a program that is not asynchronous: Flask, Django, a script."""

from divan_core import Settings, SyncDivan, memory_stores
from divan_core.accounts.messages import CreateCampus, CreatePerson
from divan_core.presence.messages import OwnStatus


def own_status(divan: SyncDivan, handle: str) -> OwnStatus:
    """What a view function does: find out who asks, call, return the answer."""
    campus = divan.accounts.create_campus(CreateCampus("McGill", 45.5048, -73.5772))
    person = divan.accounts.create_person(CreatePerson(campus.id, handle, handle.title()))
    return divan.presence.status(divan.accounts.actor(person.user_id))


with SyncDivan.open(Settings(), stores=memory_stores()) as running:
    print(own_status(running, "ana"))
