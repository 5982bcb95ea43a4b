"""A signal of one's own, and a rule about it: who shouts is told so, and only they read it.

The policy is tried first, and then put in force; what is written afterwards is decided about.
"""

import asyncio
from typing import Any

import attrs

from divan_core import Divan, Settings, memory_stores
from divan_core.accounts.messages import CreateCampus, CreatePerson
from divan_core.chat.messages import MessagesQuery, SendMessage
from divan_core.kernel.actor import ADMIN
from divan_core.safety.messages import CreatePolicy, DryRun, GivenEvent, PolicyQuery

RULE: dict[str, Any] = {
    "id": "shouting",
    "when": {"signals.all_of": ["own.shouting>0.8"], "subject.type_in": ["message"]},
    "then": {"action": "tombstone", "severity": 1, "reason": "Please do not shout"},
}
POLICY = CreatePolicy("quiet-1", (RULE,))


def shouting(text: str) -> float:
    """Which part of the letters is upper case; 0 for texts too short to tell."""
    letters = [one for one in text if one.isalpha()]
    return sum(map(str.isupper, letters)) / len(letters) if len(letters) > 10 else 0.0


async def main() -> None:
    signals = {"own.shouting": shouting}
    async with Divan.open(Settings(), stores=memory_stores(), signals=signals) as divan:
        campus = await divan.accounts.create_campus(CreateCampus("McGill", 45.5048, -73.5772))
        people = []
        for name in ("ana", "ben", "eve"):
            user = await divan.accounts.create_person(CreatePerson(campus.id, name, name.title()))
            people.append(await divan.accounts.actor(user.user_id))
        ana, ben, eve = people
        admin = attrs.evolve(eve, roles=frozenset({ADMIN}))
        event = GivenEvent("message", text="WHERE HAVE YOU BEEN")
        tried = DryRun(event, {"version": "quiet-1", "rules": [RULE]})
        print("would be:", (await divan.policies.dry_run(admin, tried)).action)
        kept = await divan.policies.create(admin, POLICY)
        await divan.policies.activate(admin, PolicyQuery(kept.view.id))
        for text in ("WHERE HAVE YOU BEEN", "Where have you been?"):
            await divan.chat.send(ana, SendMessage(ben.user_id, text))
        await divan.drain()
        read = await divan.chat.messages(ben, MessagesQuery(ana.user_id))
        print("ben reads:", [one.body for one in read.items])


asyncio.run(main())
