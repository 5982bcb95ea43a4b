"""Any history of a room keeps what rooms promise: one owner, no more than fit, no way back in."""

from uuid import UUID

import attrs
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from divan_core.chat import roompolicy
from divan_core.chat.model import Member, Role, Seat
from divan_core.chat.roommessages import CreateRoom
from divan_core.chat.roompolicy import Roster, Shift
from divan_core.errors import DivanError, KickedOut, RoomFull
from divan_core.kernel.clock import Millis
from divan_core.kernel.ids import CampusId, RoomId, UserId
from tests.thorough import examples

PEOPLE = [UserId(UUID(int=number)) for number in range(1, 8)]
people = st.sampled_from(PEOPLE)


class RoomModel(RuleBasedStateMachine):
    """People come and go, and do to each other what rooms allow."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 0
        self.seats: dict[UserId, Member] = {}

    @initialize()
    def open(self) -> None:
        command = CreateRoom("Den", "2-4", "link")
        shift = roompolicy.new_room(
            command, RoomId(UUID(int=99)), CampusId(UUID(int=1)), PEOPLE[0], Millis(0)
        )
        self.room = shift.room
        self.keep(shift)

    def keep(self, shift: Shift | None) -> None:
        if shift is not None:
            self.room = shift.room
            self.seats |= {one.user_id: one for one in shift.members}

    @property
    def roster(self) -> Roster:
        self.now += 1
        inside = [one for one in self.seats.values() if one.inside]
        return Roster(self.room, roompolicy.ordered(inside))

    @property
    def closed(self) -> bool:
        return self.room.closed

    @rule(who=people)
    def join(self, who: UserId) -> None:
        if self.closed:
            return
        seat, roster = self.seats.get(who), self.roster
        try:
            self.keep(roompolicy.after_join(roster, seat, who, Millis(self.now)))
        except KickedOut:
            assert seat is not None
            assert seat.seat is Seat.KICKED
        except RoomFull:
            assert len(roster.members) == 4
        else:
            assert self.seats[who].inside

    @rule(who=people)
    def leave(self, who: UserId) -> None:
        seat = self.seats.get(who)
        if seat is not None and seat.inside:
            before = self.roster
            self.keep(roompolicy.after_leave(before, seat))
            self.check_heir(before, seat)

    def check_heir(self, before: Roster, gone: Member) -> None:
        """The owner after an owner is the longest-standing moderator, else member."""
        rest = [one for one in before.members if one.user_id != gone.user_id]
        if gone.role is Role.OWNER and rest:
            ranked = sorted(rest, key=lambda one: (one.role is not Role.MODERATOR, one.joined_at))
            assert self.seats[ranked[0].user_id].role is Role.OWNER

    @rule(by=people, whom=people)
    def kick(self, by: UserId, whom: UserId) -> None:
        actor, target, roster = self.seats.get(by), self.seats.get(whom), self.roster
        if actor is None or not actor.inside or target is None or not target.inside:
            return
        try:
            roompolicy.check_host(actor)
            roompolicy.check_outranks(actor, target)
        except DivanError:
            return
        assert target.role is not Role.OWNER
        self.keep(roompolicy.after_leave(roster, target, kicked=True))
        assert self.seats[whom].seat is Seat.KICKED

    @rule(by=people, whom=people, role=st.sampled_from(Role))
    def give(self, by: UserId, whom: UserId, role: Role) -> None:
        actor, roster = self.seats.get(by), self.roster
        target = roster.member(whom)
        if actor is None or not actor.inside or target is None:
            return
        try:
            self.keep(roompolicy.after_role(roster, actor, target, role))
        except DivanError:
            assert actor.role is not Role.OWNER or by == whom
        else:
            assert self.seats[whom].role is role

    @rule(whom=people)
    def add(self, whom: UserId) -> None:
        if self.closed:
            return
        roster = self.roster
        try:
            self.keep(roompolicy.after_add(roster, self.seats.get(whom), whom, Millis(self.now)))
        except RoomFull:
            assert len(roster.members) == 4

    @rule(whom=people, minutes=st.integers(0, 3))
    def mute(self, whom: UserId, minutes: int) -> None:
        seat = self.seats.get(whom)
        if seat is not None:
            self.seats[whom] = roompolicy.muted(seat, minutes, Millis(self.now))
            assert self.seats[whom].muted_at(Millis(self.now)) is bool(minutes)

    @invariant()
    def it_is_as_promised(self) -> None:
        inside = [one for one in self.seats.values() if one.inside]
        assert self.room.members == len(inside) <= self.room.preset.capacity
        assert self.room.closed is (not inside)
        owners = [one for one in inside if one.role is Role.OWNER]
        assert len(owners) == (1 if inside else 0)
        for one in self.seats.values():
            assert one.inside or one.role is Role.MEMBER


TestRooms = RoomModel.TestCase
TestRooms.settings = settings(max_examples=examples(60), stateful_step_count=40, deadline=None)


def test_a_seat_is_its_own() -> None:
    """Nothing of somebody who left comes back with them but a mute."""
    seat = Member(attrs.NOTHING, PEOPLE[0], Millis(0), Role.MODERATOR, Seat.LEFT, Millis(9))  # type: ignore[arg-type]
    command = CreateRoom("Den", "2-4", "link")
    room = roompolicy.new_room(
        command, RoomId(UUID(int=99)), CampusId(UUID(int=1)), PEOPLE[1], Millis(0)
    ).room
    shift = roompolicy.after_join(Roster(room), seat, PEOPLE[0], Millis(5))
    assert shift is not None
    (again,) = shift.members
    assert (again.role, again.muted_until, again.joined_at) == (Role.MEMBER, 9, 5)
