import io
import json
from collections.abc import Iterable
from typing import Any
from uuid import UUID

import attrs
import pytest

from divan_core.accounts.model import Privacy, Profile
from divan_core.auth.model import Login, Session, SessionId
from divan_core.bulk import importer, spool
from divan_core.bulk.report import (
    ImportOvertaken,
    ImportRefused,
    ImportReport,
    LineFault,
    Tally,
    tallies,
)
from divan_core.errors import StoreUnavailable
from divan_core.kernel.clock import Millis
from divan_core.kernel.ids import CampusId, UserId
from divan_core.kernel.visibility import Standing, Visibility
from divan_core.social.model import InviteId, InviteState
from divan_core.social.policy import new_invite
from divan_core.stores.bundle import StoreUnit
from divan_core.testing.mail import quick_hasher

from .conftest import (
    Desk,
    Line,
    block_line,
    campus_line,
    friendship_line,
    person_line,
    room_id,
    room_line,
    user,
)

pytestmark = pytest.mark.anyio

WHOLE = (
    block_line(1, 4),
    friendship_line(3, 2),
    person_line(
        1,
        email="one@example.edu",
        roles=["staff.moderator"],
        privacy={"visibility": "friends", "blur_distance_m": 50, "ghost_mode": True},
        profile={"major": "Physics", "graduation_year": 2027, "passions": ["chess", "tea"]},
    ),
    person_line(2),
    campus_line(),
    person_line(3),
    person_line(4),
)


def tally(report: ImportReport, kind: str) -> tuple[int, int, int]:
    found = next(one for one in report.tallies if one.kind == kind)
    return found.added, found.changed, found.unchanged


def faults_of(refusal: pytest.ExceptionInfo[ImportRefused]) -> dict[int, str]:
    return {fault.line: fault.message for fault in refusal.value.faults}


async def test_lines_may_be_in_any_order(desk: Desk) -> None:
    report = await desk.load(*WHOLE)
    assert report.faults == ()
    assert tally(report, "campus") == (1, 0, 0)
    assert tally(report, "person") == (4, 0, 0)
    assert tally(report, "friendship") == (1, 0, 0)
    assert tally(report, "block") == (1, 0, 0)
    person = await desk.person(1)
    assert person is not None
    assert person.email == "one@example.edu"
    assert person.roles == {"staff.moderator"}
    assert person.privacy == Privacy(Visibility.FRIENDS, 50, ghost_mode=True)
    assert person.profile == Profile("Physics", 2027, ("chess", "tea"))
    assert person.created_at == desk.clock.now()
    assert (await desk.relations(2)).friends == {user(3)}
    assert (await desk.relations(4)).blocked == {user(1)}


async def test_nobody_new_is_announced(desk: Desk) -> None:
    await desk.load(*WHOLE)
    assert desk.journal.portions == []


async def test_the_same_file_again_changes_nothing(desk: Desk) -> None:
    await desk.load(*WHOLE)
    before = await desk.person(1)
    desk.clock.advance(3600)
    report = await desk.load(*WHOLE)
    assert [(one.added, one.changed) for one in report.tallies] == [(0, 0)] * 5
    assert [one.unchanged for one in report.tallies] == [1, 4, 1, 1, 0]
    assert desk.journal.portions == []
    assert await desk.person(1) == before


async def test_a_changed_line_changes_its_person_alone(desk: Desk) -> None:
    await desk.load(*WHOLE)
    joined = desk.clock.now()
    desk.clock.advance(3600)
    report = await desk.load(campus_line(), person_line(2, display_name="Two"), person_line(3))
    assert tally(report, "person") == (0, 1, 1)
    assert desk.journal.announced == {user(2)}
    person = await desk.person(2)
    assert person is not None
    assert (person.display_name, person.created_at) == ("Two", joined)


async def test_what_a_line_leaves_out_stays(desk: Desk) -> None:
    await desk.load(*WHOLE)
    await desk.load(person_line(1, profile={"major": None}, privacy={"ghost_mode": False}))
    person = await desk.person(1)
    assert person is not None
    assert person.email == "one@example.edu"
    assert person.roles == {"staff.moderator"}
    assert person.profile == Profile(None, 2027, ("chess", "tea"))
    assert person.privacy == Privacy(Visibility.FRIENDS, 50, ghost_mode=False)


async def test_what_no_line_can_say_stays(desk: Desk) -> None:
    await desk.load(*WHOLE)
    await change(desk, 2, standing=Standing.BANNED, avatar_url="https://img.example/2.png")
    await desk.load(person_line(2, display_name="New"))
    person = await desk.person(2)
    assert person is not None
    assert (person.display_name, person.standing) == ("New", Standing.BANNED)
    assert person.avatar_url == "https://img.example/2.png"


async def test_a_campus_can_be_changed(desk: Desk) -> None:
    await desk.load(campus_line())
    report = await desk.load(campus_line(radius_m=500, name="Elsewhere"))
    assert tally(report, "campus") == (0, 1, 0)
    campus = await desk.campus()
    assert campus is not None
    assert (campus.radius_m, campus.name) == (500, "Elsewhere")


async def test_who_hides_in_larger_cells_moves_into_them_at_once(desk: Desk) -> None:
    await desk.load(*WHOLE)
    await desk.load(person_line(2, privacy={"blur_distance_m": 200}), person_line(3, email=None))
    assert [one for _, one in desk.presence.refreshed] == [user(2)]


async def test_those_who_get_relations_are_announced(desk: Desk) -> None:
    await desk.load(*WHOLE)
    await desk.load(person_line(5), friendship_line(5, 1), block_line(3, 4), friendship_line(2, 3))
    assert desk.journal.announced == {user(1), user(3), user(4)}


async def test_announcements_come_in_portions(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importer, "ANNOUNCED_TOGETHER", 3)
    await desk.load(campus_line(), *(person_line(number) for number in range(1, 9)))
    await desk.load(*(person_line(number, display_name="New") for number in range(1, 9)))
    assert [len(portion) for portion in desk.journal.portions] == [3, 3, 2]
    assert desk.journal.announced == {user(number) for number in range(1, 9)}


@pytest.mark.parametrize(
    ("line", "state"),
    [
        (block_line(3, 2), InviteState.CANCELLED),
        (block_line(2, 3), InviteState.CANCELLED),
        (friendship_line(2, 3), InviteState.ACCEPTED),
    ],
)
async def test_what_a_file_says_answers_an_open_invite(
    desk: Desk, line: Line, state: InviteState
) -> None:
    await desk.load(campus_line(), person_line(2), person_line(3))
    asked = new_invite(InviteId(user(900)), user(2), user(3), desk.clock.now())
    await desk.stores.units.write(lambda unit: unit.invites.put((asked,)))
    await desk.load(person_line(4), friendship_line(4, 2))
    assert await desk.stores.units.read(lambda unit: unit.invites.get(asked.id)) == asked
    await desk.load(line)
    answered = await desk.stores.units.read(lambda unit: unit.invites.get(asked.id))
    assert answered == attrs.evolve(asked, state=state)


async def test_a_block_ends_a_friendship_and_keeps_it_away(desk: Desk) -> None:
    await desk.load(*WHOLE)
    await desk.load(block_line(2, 3))
    assert (await desk.relations(2)).friends == frozenset()
    report = await desk.load(*WHOLE)
    assert tally(report, "friendship") == (0, 0, 1)
    assert (await desk.relations(3)).friends == frozenset()
    assert (await desk.relations(3)).blocked == {user(2)}


@pytest.mark.parametrize("order", [1, -1])
async def test_in_one_file_the_block_wins(desk: Desk, order: int) -> None:
    ties = [friendship_line(2, 1), block_line(1, 2)][::order]
    await desk.load(campus_line(), person_line(1), person_line(2), *ties)
    assert (await desk.relations(1)).friends == frozenset()
    assert (await desk.relations(1)).blocked == {user(2)}


async def test_relations_given_twice_count_once(desk: Desk) -> None:
    twice = (friendship_line(1, 2), friendship_line(2, 1), block_line(2, 3), block_line(2, 3))
    people = (person_line(number) for number in (1, 2, 3))
    report = await desk.load(campus_line(), *people, *twice)
    assert tally(report, "friendship") == (1, 0, 1)
    assert tally(report, "block") == (1, 0, 1)


BAD: tuple[tuple[str | Line, str], ...] = (
    ("{", "is not JSON: "),
    ("[]", "Expected `object`, got `array`"),
    ("{}", "has no type"),
    ('{"type": 3}', "Expected `str`, got `int`"),
    ({"type": "zoo"}, "has the type 'zoo'; there are campus, person, friendship, block, room"),
    (room_line(7, preset="3-5"), "Invalid enum value '3-5' - at `$.preset`"),
    (room_line(7, name=" "), "must be 1-80 printable characters"),
    (room_line(7, owner=str(user(99))), "there is no person"),
    (room_line(8, members=[str(user(99))]), "there is no person"),
    (room_line(7, colour="red"), "colour is not a member"),
    (person_line(7, handle="Not one"), "handle must be 3-30 of a-z"),
    (person_line(7, handle=7), "Expected `str`, got `int` - at `$.handle`"),
    (person_line(7, id="x"), "Invalid UUID - at `$.id`"),
    (person_line(7, display_name=""), "display_name must be 1-80 printable characters"),
    (person_line(7, display_name="a\x1b[31m"), "display_name must be 1-80 printable characters"),
    (person_line(7, email="nobody"), "email must be an address"),
    (person_line(7, roles="staff.admin"), "Expected `array`, got `str` - at `$.roles`"),
    (person_line(7, privacy={"ghost": True}), "ghost is not a member; did you mean ghost_mode?"),
    (person_line(7, privacy={"blur_distance_m": 30}), "Invalid enum value 30"),
    (person_line(7, privacy={"ghost_mode": "yes"}), "Expected `bool`, got `str`"),
    (person_line(7, profile={"graduation_year": 1800}), "Expected `int` >= 1900"),
    (person_line(7, profile={"passions": [""]}), "Expected `str` of length >= 1"),
    (person_line(7, profile={"major": "\t"}), "major must be 1-80 printable characters"),
    (person_line(70, password="plum under seven"), "password needs an email"),
    (person_line(71, verified=False), "verified needs an email"),
    (person_line(7, email="a@b.org", password="password123"), "password is among the passwords"),
    (person_line(7, email="a@b.org", password="short"), "password must be 10-200 characters"),
    (person_line(7, email="a@b.org", verified="yes"), "Expected `bool`, got `str`"),
    (person_line(72, handle="person_l"), "handle: line 2 has the same"),
    (person_line(7, dispaly_name="x"), "dispaly_name is not a member; did you mean display_name"),
    ({"type": "person", "id": str(user(7))}, "Object missing required field"),
    (person_line(7, campus_id=str(user(9))), f"campus_id: there is no campus {user(9)}"),
    (person_line(8, handle="person.1"), "handle: line 2 has the same"),
    (person_line(1, handle="other"), "id: line 2 has the same"),
    (campus_line(1, lat=91.0), "centre must be a latitude in -90..90"),
    (campus_line(1, timezone="Mars"), "timezone must be an IANA time zone"),
    (campus_line(1, radius_m=1), "radius_m must be in 50..50000"),
    (campus_line(), "id: line 1 has the same"),
    (friendship_line(1, 404), f"there is no person {user(404)}"),
    (friendship_line(1, 1), "Nobody can befriend themselves."),
    (block_line(404, 1), f"there is no person {user(404)}"),
    (block_line(2, 2), "Nobody can block themselves."),
    ('{"a":' * 100_000, "is nested too deeply"),
)
GOOD = (campus_line(), person_line(1), person_line(2))


async def test_rooms(desk: Desk) -> None:
    """A new one comes with its people; of a known one only what it is called is brought."""
    first = await desk.load(*GOOD, room_line(9))
    assert {one.kind: one.added for one in first.tallies}["room"] == 1

    async def members(unit: StoreUnit) -> list[tuple[UserId, str]]:
        return [(one.user_id, one.role.value) for one in await unit.rooms.roster(room_id(9))]

    units = desk.stores.units
    assert sorted(await units.read(members)) == [(user(1), "owner"), (user(2), "member")]
    assert {one.unchanged for one in (await desk.load(room_line(9))).tallies} == {0, 1}
    again = await desk.load(room_line(9, name="Other", members=[]))
    assert {one.kind: one.changed for one in again.tallies}["room"] == 1
    assert len(await units.read(members)) == 2
    found = await units.read(lambda unit: unit.rooms.get(room_id(9)))
    assert found is not None
    assert found.name == "Other"


@pytest.mark.parametrize("desk", ["memory"], indirect=True)
@pytest.mark.parametrize(("line", "message"), BAD)
async def test_a_bad_line_is_told_and_nothing_is_kept(
    desk: Desk, line: str | Line, message: str
) -> None:
    with pytest.raises(ImportRefused) as refusal:
        await desk.load(*GOOD, line)
    assert refusal.value.detail == "1 bad line; nothing was kept."
    (fault,) = refusal.value.faults
    assert fault.line == 4
    assert fault.message.startswith(message)
    assert await desk.campus() is None


async def test_all_bad_lines_are_told(desk: Desk) -> None:
    bad = [line for line, _ in BAD]
    with pytest.raises(ImportRefused) as refusal:
        await desk.load(*GOOD, *bad)
    found = faults_of(refusal)
    assert list(found) == list(range(4, 4 + len(bad)))
    assert [
        message
        for number, (_, message) in enumerate(BAD, start=4)
        if not found[number].startswith(message)
    ] == []
    assert await desk.count() == 0
    assert refusal.value.errors[0].path == "line 4"


async def test_good_lines_are_kept_on_request(desk: Desk) -> None:
    bad = [line for line, _ in BAD]
    report = await desk.load(*bad[:3], *GOOD, friendship_line(1, 2), *bad[3:10], keep_good=True)
    assert [fault.line for fault in report.faults] == [1, 2, 3, 8, 9, 10, 11, 12, 13, 14]
    assert tally(report, "person") == (2, 0, 0)
    assert (await desk.relations(1)).friends == {user(2)}
    again = await desk.load(*bad[:3], *GOOD, friendship_line(1, 2), *bad[3:10], keep_good=True)
    assert again.faults == report.faults
    assert tally(again, "person") == (0, 0, 2)


async def test_lines_are_told_what_the_store_knows_better(desk: Desk) -> None:
    other = str(campus_line(0xCB)["id"])
    await desk.load(
        campus_line(),
        campus_line(0xCB),
        person_line(1),
        person_line(2),
        person_line(3, campus_id=other),
    )
    await change(desk, 2, standing=Standing.DELETED)
    with pytest.raises(ImportRefused) as refusal:
        await desk.load(
            person_line(9, handle="person.1"),
            person_line(1, handle="first", campus_id=other),
            person_line(2),
            friendship_line(1, 3),
            friendship_line(1, 2),
        )
    assert faults_of(refusal) == {
        1: f"handle: the person {user(1)} has it",
        2: f"campus_id: this person belongs to the campus {campus_line()['id']}",
        3: "id: this person was deleted",
        4: "they are on different campuses",
        5: f"there is no person {user(2)}",
    }


async def change(desk: Desk, number: int, **changes: Any) -> None:
    """Change a person in ways that no file can."""

    async def body(unit: StoreUnit) -> None:
        person = await unit.people.get(user(number))
        assert person is not None
        await unit.people.put([attrs.evolve(person, **changes)])

    await desk.stores.units.write(body)


async def test_people_beyond_one_batch_and_out_of_memory(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importer, "BATCH", 7)
    monkeypatch.setattr(spool, "IN_MEMORY_BYTES", 1000)
    people = [person_line(number) for number in range(1, 51)]
    ties = [friendship_line(number, number + 1) for number in range(1, 50)]
    report = await desk.load(*ties, *people, campus_line())
    assert tally(report, "person") == (50, 0, 0)
    assert tally(report, "friendship") == (49, 0, 0)
    assert await desk.count() == 50
    assert len((await desk.relations(25)).friends) == 2


async def test_progress_is_told_to_the_end(desk: Desk) -> None:
    told: list[tuple[str, int, int | None]] = []
    lines = "\n".join(map(json.dumps, WHOLE)).encode()
    await desk.importer.load(io.BytesIO(lines), progress=lambda *step: told.append(step))
    assert list(dict.fromkeys(stage for stage, _, _ in told)) == [
        "reading",
        "checking",
        "writing",
    ]
    assert told[-1] == ("writing", 7, 7)
    assert ("reading", 7, 7) in told
    assert ("checking", 7, 7) in told
    told.clear()
    await desk.importer.load(io.BytesIO(lines), progress=lambda *step: told.append(step))
    assert "writing" not in {stage for stage, _, _ in told}


async def test_others_who_change_the_same_people_meanwhile_win(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    await desk.load(campus_line(), person_line(1))
    announce = desk.journal.announce

    async def slowly(campus_id: CampusId, people: Iterable[UserId]) -> None:
        monkeypatch.undo()
        await announce(campus_id, people)
        await desk.load(person_line(2, handle="contested"))

    monkeypatch.setattr(desk.journal, "announce", slowly)
    with pytest.raises(ImportOvertaken):
        await desk.load(person_line(1, display_name="New"), person_line(3, handle="contested"))
    assert await desk.count() == 2


async def test_nothing_is_written_that_could_not_be_announced(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    await desk.load(campus_line(), person_line(1))

    async def refuse(*_: object) -> None:
        raise StoreUnavailable

    monkeypatch.setattr(desk.journal, "announce", refuse)
    with pytest.raises(StoreUnavailable):
        await desk.load(person_line(1, display_name="New"), person_line(2))
    assert await desk.count() == 1


@pytest.mark.parametrize("desk", ["memory"], indirect=True)
async def test_blank_lines_and_a_byte_order_mark_say_nothing(desk: Desk) -> None:
    text = "\ufeff" + json.dumps(campus_line()) + "\r\n\n  \n" + json.dumps(person_line(1))
    report = await desk.importer.load(io.BytesIO(text.encode()))
    assert tally(report, "person") == (1, 0, 0)
    empty = await desk.importer.load(io.BytesIO(b""))
    assert empty == ImportReport(tallies(()), ())


@pytest.mark.parametrize("desk", ["memory"], indirect=True)
async def test_an_endless_line_is_not_read_into_memory(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(spool, "LONGEST_LINE", 300)
    long = json.dumps(person_line(7, display_name="x" * 1000))
    with pytest.raises(ImportRefused) as refusal:
        await desk.load(campus_line(), long, person_line(8, handle="No"))
    assert faults_of(refusal)[2].startswith("is longer than")
    assert list(faults_of(refusal)) == [2, 3]


@pytest.mark.parametrize("desk", ["memory"], indirect=True)
async def test_text_that_is_not_utf_8_is_told(desk: Desk) -> None:
    raw = json.dumps(person_line(1, display_name="@"))
    with pytest.raises(ImportRefused) as refusal:
        await desk.importer.load(io.BytesIO(raw.encode().replace(b"@", b"\xff")))
    assert faults_of(refusal)[1].startswith("is not JSON")


def test_fates_are_counted_by_kind() -> None:
    counted = tallies([("person", "added"), ("person", "added"), ("block", "unchanged")])
    assert counted[1] == Tally("person", added=2)
    assert counted[3] == Tally("block", unchanged=1)
    assert LineFault(1, "x") == LineFault(1, "x")


SECRET = "plum under seven bridges"
KEYED = person_line(1, email="One@Example.edu", password=SECRET, verified=True)


async def test_people_come_with_passwords(desk: Desk) -> None:
    await desk.load(campus_line(), KEYED, person_line(2, email="two@example.edu"), person_line(3))
    login = await desk.login(1)
    assert login is not None
    assert login.email_key == "one@example.edu"
    assert login.verified_at == desk.clock.now()
    assert await quick_hasher().verify(login.password_hash, SECRET)
    assert await desk.login(2) == Login(user(2), "two@example.edu")
    assert await desk.login(3) is None


async def test_the_same_passwords_again_change_nothing(desk: Desk) -> None:
    await desk.load(campus_line(), KEYED)
    before = await desk.login(1)
    desk.clock.advance(3600)
    report = await desk.load(campus_line(), KEYED)
    assert tally(report, "person") == (0, 0, 1)
    assert await desk.login(1) == before


async def test_another_password_replaces_and_ends_sessions(desk: Desk) -> None:
    await desk.load(campus_line(), KEYED)
    session = Session(SessionId(UUID(int=1)), user(1), bytes(32), Millis(0), Millis(1))
    await desk.stores.units.write(lambda unit: unit.sessions.put(session))
    report = await desk.load({**KEYED, "password": "another good password"})
    assert tally(report, "person") == (0, 1, 0)
    login = await desk.login(1)
    assert login is not None
    assert await quick_hasher().verify(login.password_hash, "another good password")
    assert not await desk.stores.units.read(lambda unit: unit.sessions.of(user(1), 9))


async def test_an_address_can_change_or_go(desk: Desk) -> None:
    await desk.load(campus_line(), KEYED)
    kept = await desk.login(1)
    assert kept is not None
    await desk.load(person_line(1, verified=False))
    assert await desk.login(1) == attrs.evolve(kept, verified_at=None)
    await desk.load(person_line(1, email="new@example.edu"))
    moved = attrs.evolve(kept, email_key="new@example.edu", verified_at=None)
    assert await desk.login(1) == moved
    await desk.load(person_line(2, email="one@example.edu"))
    await desk.load(person_line(1, email=None))
    assert await desk.login(1) is None


async def test_a_mailbox_is_one_persons(desk: Desk) -> None:
    await desk.load(campus_line(), KEYED)
    twins = [person_line(number, email=f"{number % 2}@x.org") for number in (2, 3, 4)]
    for lines, fault in (
        ([person_line(2, email="ONE@example.edu")], f"email: the person {user(1)} has it"),
        (twins, "email: line 1 has the same"),
    ):
        with pytest.raises(ImportRefused) as refused:
            await desk.load(*lines)
        assert [one.message for one in refused.value.faults] == [fault]


async def test_a_bad_line_hashes_nothing_and_tells_nothing(desk: Desk) -> None:
    bad = person_line(7, email="seven@x.org", password="1234567890")
    with pytest.raises(ImportRefused) as refused:
        await desk.load(campus_line(), KEYED, bad)
    assert "1234567890" not in str(refused.value.faults)
    report = await desk.load(campus_line(), KEYED, bad, keep_good=True)
    assert tally(report, "person") == (1, 0, 0)
    assert (await desk.login(1)) is not None
