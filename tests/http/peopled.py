"""A campus where there is something of everything, and the people that a fuzzer goes as."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import attrs
from typed_settings import SecretStr

from divan_core.accounts.messages import CreatePerson
from divan_core.kernel.ids import UserId
from divan_core.settings import LimitSettings, ObsSettings, Settings
from tests.http.world import World

MANY: Final = 1_000_000
OPERATOR: Final = "the operator's own token"
UNLIMITED: Final = LimitSettings(**{one.name: MANY for one in attrs.fields(LimitSettings)})
PEOPLED: Final = Settings(
    env="test",
    obs=ObsSettings(admin_token=SecretStr(OPERATOR)),
    limit=UNLIMITED,
)
"""Nobody meets a limit."""

MOD: Final = "/api/mod/v1"
POLICY: Final = {
    "version": 7,
    "rules": [
        {
            "id": "r",
            "when": {"subject.type_in": ["post"]},
            "then": {"action": "warn", "severity": 1, "reason": "Words"},
        }
    ],
}

Known = Mapping[str, tuple[str, ...]]
Callers = Mapping[str, Mapping[str, str]]


@attrs.frozen
class Peopled:
    """Who there is by what they may do, as headers; and ids by the names of fields."""

    callers: Callers
    known: Known


async def peopled(world: World) -> Peopled:
    """Ana and Ben are friends who talk and play; Cara was acted on; Max and Mia are staff."""
    ids = {name: await _joined(world, name) for name in ("cara", "max", "mia")}
    await world.beat()
    await world.beat(world.ben)
    admin = world.headers(ids["mia"], X_User_Roles="staff.admin")
    ana = await world.divan.accounts.actor(world.ana)
    await world.divan.social.befriend(ana, world.ben)
    seed = _Seed(world, admin)
    known = await seed.talks() | await seed.games() | await seed.desk(ids["cara"])
    people = (world.ben, world.ana, ids["cara"], ids["max"], world.zoe)
    callers = {
        "anonymous": {},
        "user": world.headers(),
        "moderator": world.headers(ids["max"], X_User_Roles="staff.moderator"),
        "admin": admin | {"X-Admin-Token": OPERATOR},
    }
    named = {"user_id": people, "peer_id": people, "to_user_id": people, "member_ids": people}
    told = {name: tuple(map(str, found)) for name, found in named.items()}
    return Peopled(callers, told | {name: (one,) for name, one in known.items()})


async def _joined(world: World, name: str) -> UserId:
    account = await world.divan.accounts.create_person(
        CreatePerson(world.campus, name, name.title())
    )
    return account.user_id


@attrs.frozen
class _Seed:
    """Sends what makes something there."""

    world: World
    admin: dict[str, str]

    async def post(self, path: str, headers: dict[str, str], **body: Any) -> Any:
        """The answer to a request that is good."""
        answer = await self.world.client.post(path, json=body, headers=headers)
        assert answer.status_code in {200, 201}, answer.text
        return answer.json()

    async def talks(self) -> dict[str, str]:
        """A message, a room with one in it, and an invite."""
        world, ana = self.world, self.world.headers()
        await self.post("/chat/messages", ana, to_user_id=str(world.ben), body="Hello.")
        room = await self.post("/rooms", ana, name="Agora", preset="12+", visibility="link")
        await self.post(f"/rooms/{room['id']}/join", world.headers(world.ben))
        await self.post(f"/rooms/{room['id']}/messages", ana, body="Hello, all.")
        ada = await _joined(world, "ada")
        invite = await self.post("/invites/send", world.headers(ada), to_user_id=str(world.ana))
        return {"room_id": room["id"], "invite_id": invite["id"]}

    async def games(self) -> dict[str, str]:
        """A game that waits."""
        ana, path = self.world.headers(), f"/activities/with/{self.world.ben}"
        return {"activity_id": (await self.post(path, ana, kind="trivia"))["id"]}

    async def desk(self, subject: UserId) -> dict[str, str]:
        """A case that was acted on and appealed about, and a policy."""
        report = {"subject_type": "user", "subject_id": str(subject), "reason_code": "spam"}
        await self.post(f"{MOD}/reports", self.world.headers(), **report)
        answer = await self.world.client.get(f"{MOD}/cases", headers=self.admin)
        case_id = answer.json()["items"][0]["id"]
        acted = await self.post(
            f"{MOD}/cases/{case_id}/actions", self.admin, action="mute", reason="So."
        )
        cara = self.world.headers(subject)
        appeal = await self.post(f"{MOD}/appeals", cara, case_id=case_id, note="I did nothing.")
        policy = await self.post(f"{MOD}/policies", self.admin, **POLICY)
        return {
            "case_id": case_id,
            "case_ids": case_id,
            "action_id": acted["actions"][0]["id"],
            "appeal_id": appeal["id"],
            "policy_id": policy["id"],
            "subject_id": str(self.world.ben),
        }
