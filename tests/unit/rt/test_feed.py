"""A live list and what its listeners are told."""

import json
from collections.abc import Sequence
from uuid import UUID

import attrs
from hypothesis import given
from hypothesis import strategies as st

from divan_core.kernel.actor import Actor
from divan_core.kernel.clock import Millis
from divan_core.kernel.ids import CampusId, UserId
from divan_core.presence.messages import NearbyPerson
from divan_rt.feed import KEPT_CHARACTERS, KEPT_UPDATES, Feed, History, changes
from divan_rt.library import EnginePacket, text_packet

NOW = Millis(0)
ACTOR = Actor(UserId(UUID(int=1)), CampusId(UUID(int=2)))


def person(number: int, distance_m: int = 25) -> NearbyPerson:
    return NearbyPerson(
        UserId(UUID(int=number)), f"p{number}", "P", None, is_friend=False, distance_m=distance_m
    )


class Ear:
    """Keeps what it is told."""

    def __init__(self) -> None:
        self.packets: list[EnginePacket] = []

    def update(self, packet: EnginePacket, now: Millis) -> None:
        del now
        self.packets.append(packet)


people = st.dictionaries(st.integers(1, 8), st.sampled_from([25, 50]), max_size=8)


@given(old=people, new=people)
def test_changes_make_the_new_list_out_of_the_old(old: dict[int, int], new: dict[int, int]) -> None:
    before = {person(one).user_id: person(one, far) for one, far in old.items()}
    after = {person(one).user_id: person(one, far) for one, far in new.items()}
    found = changes(before, after)
    made = {one: item for one, item in before.items() if one not in found.removed}
    assert not {item.user_id for item in found.added} & set(before)
    assert {item.user_id for item in found.updated} <= set(before)
    made |= {item.user_id: item for item in found.added + found.updated}
    assert made == after
    assert bool(found) is (before != after)


def test_a_list_that_nobody_knew_is_not_told_in_an_update() -> None:
    feed = Feed(ACTOR, 50, 100)
    assert not feed.show([person(1)], NOW)
    ear = Ear()
    assert feed.join(ear) == feed.join(ear)
    assert feed.join(ear).seq == 100
    assert feed.show([person(2)], NOW)
    assert not feed.show([person(2)], NOW)
    (packet,) = ear.packets
    name, update = json.loads(packet.data.removeprefix("2/presence,"))
    assert name == "nearby:update"
    assert {**update, "added": [item["handle"] for item in update["added"]]} == {
        "seq": 101,
        "radius_m": 50,
        "added": ["p2"],
        "removed": [str(UUID(int=1))],
        "updated": [],
    }


def test_all_listeners_get_one_packet() -> None:
    feed = Feed(ACTOR, 50, 100)
    ears = [Ear(), Ear()]
    for ear in ears:
        feed.join(ear)
    feed.show([person(1)], NOW)
    assert ears[0].packets[0] is ears[1].packets[0]


def test_changes_while_nobody_listens_are_kept_for_a_return() -> None:
    feed, ear = Feed(ACTOR, 50, 100), Ear()
    feed.join(ear)
    feed.leave(ear, Millis(5))
    assert feed.idle_since == 5
    feed.show([person(1)], NOW)
    assert ear.packets == []
    assert len(list(feed.missed(100))) == 1
    assert list(feed.missed(101)) == list(feed.missed(99)) == list(feed.missed(102)) == []
    feed.join(ear)
    assert feed.idle_since is None


def history(sizes: Sequence[int]) -> History:
    made = History()
    for seq, size in enumerate(sizes):
        made.add(seq, text_packet("x" * size))
    return made


@given(st.lists(st.integers(1, KEPT_CHARACTERS + 1), max_size=3 * KEPT_UPDATES))
def test_a_history_is_bounded_and_has_no_holes(sizes: list[int]) -> None:
    made = history(sizes)
    last = len(sizes) - 1
    for since in range(-2, last + 2):
        found = list(made.after(since))
        assert len(found) in {0, last - since}
        assert len(found) <= KEPT_UPDATES
        assert sum(len(packet.data) for packet in found) <= KEPT_CHARACTERS


def test_a_history_keeps_what_fits() -> None:
    assert len(list(history([1] * KEPT_UPDATES).after(-1))) == KEPT_UPDATES
    assert not list(history([1] * (KEPT_UPDATES + 1)).after(-1))
    assert len(list(history([1] * (KEPT_UPDATES + 1)).after(0))) == KEPT_UPDATES


def test_a_feed_is_unused_until_somebody_joins() -> None:
    feed, ear = Feed(ACTOR, 50, 100), Ear()
    before = feed.unused
    feed.join(ear)
    feed.leave(ear, NOW)
    assert (before, feed.unused) == (True, False)
    assert attrs.astuple(feed.key) == (ACTOR.user_id, ACTOR.campus_id, 50)


def test_a_feed_that_somebody_is_about_to_join_is_not_unused() -> None:
    feed = Feed(ACTOR, 50, 100)
    feed.held += 1
    assert not feed.unused
