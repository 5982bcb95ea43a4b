"""Keyed writes in a synchronous host's own transaction."""

from typing import Any

import pytest
from sqlalchemy import insert, select, text, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import (
    Session,
    scoped_session,
    sessionmaker,
)

from divan_core.errors import (
    IdempotencyKeyInvalid,
    IdempotencyKeyMissing,
    IdempotencyKeyReused,
    IdempotencyUnavailable,
    InvalidRequest,
)
from divan_core.hosting import HostIdempotency, KeyedWrite, KeyedWriteMisused
from divan_core.testing.clock import ManualClock
from tests.hosting.conftest import (
    KEYS,
    ONCE,
    ORDERS,
    PLACE,
    SECRET,
    TEA,
    Host,
    Order,
    count,
    gone,
    idempotency,
    place,
    running,
)


def test_a_repeated_key_answers_and_does_nothing(host: Host) -> None:
    first, second = host.place(), host.place()
    assert (first.replayed, second.replayed) == (False, True)
    assert first.answer == second.answer == {"orders": 1}
    assert first.body == second.body
    assert host.count() == 1


def test_nothing_is_kept_before_the_host_commits(host: Host) -> None:
    with Session(host.engine) as session:
        place(session)
        assert (host.count(), host.count(KEYS)) == (0, 0)
        session.commit()
    assert (host.count(), host.count(KEYS)) == (1, 1)


def test_a_rollback_of_the_host_frees_the_key(host: Host) -> None:
    with Session(host.engine) as session:
        place(session)
        session.rollback()
    assert (host.count(), host.count(KEYS)) == (0, 0)
    assert not host.place().replayed


def test_the_same_key_of_others_is_another(host: Host) -> None:
    with host.transaction() as session:
        for subject, operation in (("ana", "a"), ("ben", "a"), ("ana", "b")):
            with ONCE.once(session, subject, operation, "k", TEA) as write:
                assert not write.replayed
                write.complete(None)


@pytest.mark.parametrize("other", [{"item": "coffee"}, None, [], {"item": "tea", "more": 1}])
def test_a_key_stands_for_one_payload(host: Host, other: object) -> None:
    first = host.place()
    with host.transaction() as session:
        with pytest.raises(IdempotencyKeyReused), ONCE.once(session, "ana", PLACE, "k", other):
            pytest.fail("the block was entered")
        session.execute(insert(ORDERS).values(item="afterwards"))
    assert host.place().body == first.body
    assert host.count() == 2


def test_the_order_of_members_does_not_matter(host: Host) -> None:
    replayed = []
    for payload in ({"a": 1, "b": [2]}, {"b": [2.0], "a": 1}):
        with host.transaction() as session, ONCE.once(session, "ana", PLACE, "k", payload) as write:
            replayed.append(write.replayed)
            if not write.replayed:
                write.complete("done")
    assert replayed == [False, True]


@pytest.mark.parametrize("key", ["", "two words", "ü", "x" * 256, '"open', "a,b"])
def test_a_malformed_key_is_refused_before_any_statement(host: Host, key: str) -> None:
    with Session(host.engine) as session:
        with pytest.raises(IdempotencyKeyInvalid):
            ONCE.once(session, "ana", PLACE, key, TEA)
        assert not session.in_transaction()


def test_quotes_are_no_part_of_a_key(host: Host) -> None:
    assert not host.place("k").replayed
    assert host.place('"k"').replayed


def test_without_a_key_it_is_done_each_time(host: Host) -> None:
    assert not host.place(None).replayed
    assert not host.place(None).replayed
    assert (host.count(), host.count(KEYS)) == (2, 0)


def test_a_key_can_be_made_mandatory(host: Host) -> None:
    with pytest.raises(IdempotencyKeyMissing):
        host.place(None, idempotency(mandatory=True))


def test_an_expired_key_is_as_if_never_seen(host: Host) -> None:
    clock = ManualClock()
    once = idempotency(ttl_s=60, clock=clock)
    host.place("k", once)
    clock.advance(59.999)
    assert host.place("k", once).replayed
    clock.advance(0.001)
    assert not host.place("k", once).replayed
    assert host.count() == 2


def test_keys_expire_by_the_clock_of_the_database(host: Host) -> None:
    host.place()
    past = "now() - interval '1 s'" if host.engine.dialect.name == "postgresql" else "1000"
    with host.transaction() as session:
        session.execute(update(KEYS).values(expires_at=text(past)))
    assert not host.place().replayed


def test_expired_keys_can_be_purged(host: Host) -> None:
    clock = ManualClock()
    once = idempotency(ttl_s=60, clock=clock)
    for key in "abc":
        host.place(key, once)
    clock.advance(60)
    host.place("d", once)
    with host.transaction() as session:
        assert once.purge(session, most=2) == 2
        assert once.purge(session) == 1
    assert host.count(KEYS) == 1


class Oops(Exception):
    """What a block ends with."""


def fail(session: Session) -> None:
    """Write and complete, and raise all the same."""
    with ONCE.once(session, "ana", PLACE, "k", TEA) as write:
        session.add(Order(item="undone"))
        session.flush()
        write.complete("never")
        raise Oops


def test_a_block_that_raises_leaves_key_and_effect_undone_alone(host: Host) -> None:
    with host.transaction() as session:
        session.execute(insert(ORDERS).values(item="before"))
        with pytest.raises(Oops):
            fail(session)
        session.execute(insert(ORDERS).values(item="after"))
    with host.transaction() as session:
        assert session.scalars(select(ORDERS.c.item).order_by("id")).all() == ["before", "after"]
    assert not host.place().replayed


def test_a_block_whose_statement_fails_leaves_the_transaction_usable(host: Host) -> None:
    with host.transaction() as session:
        session.execute(insert(ORDERS).values(id=7))
        with pytest.raises(IntegrityError), ONCE.once(session, "ana", PLACE, "k", TEA):
            session.execute(insert(ORDERS).values(id=7))
        assert not place(session).replayed
    assert host.count() == 2


def test_forgetting_to_complete_is_an_error_and_undoes_the_block(host: Host) -> None:
    with host.transaction() as session:
        with (
            pytest.raises(KeyedWriteMisused, match="complete"),
            ONCE.once(session, "ana", PLACE, "k", TEA),
        ):
            session.execute(insert(ORDERS).values(TEA))
        assert count(session) == 0
    assert not host.place().replayed


def test_a_write_is_completed_once(host: Host) -> None:
    host.place()
    with host.transaction() as session:
        replay = place(session)
        with pytest.raises(KeyedWriteMisused):
            replay.complete("again")


def test_an_answer_that_is_no_json_undoes_the_block(host: Host) -> None:
    def answer(session: Session) -> None:
        with ONCE.once(session, "ana", PLACE, "k", TEA) as write:
            session.execute(insert(ORDERS).values(TEA))
            write.complete(object())

    with host.transaction() as session, pytest.raises(TypeError):
        answer(session)
    assert (host.count(), host.count(KEYS)) == (0, 0)


@pytest.mark.parametrize("end", ["commit", "rollback"])
def test_a_block_may_not_end_the_transaction(host: Host, end: str) -> None:
    def ended(session: Session) -> None:
        with ONCE.once(session, "ana", PLACE, "k", TEA) as write:
            getattr(session, end)()
            write.complete("done")

    with (
        Session(host.engine) as session,
        pytest.raises(KeyedWriteMisused, match="ended the transaction"),
    ):
        ended(session)
    assert not host.place().replayed


def test_a_key_serves_one_write_of_a_transaction(host: Host) -> None:
    def nested(session: Session) -> None:
        with ONCE.once(session, "ana", PLACE, "k", TEA) as outer:
            place(session)
            outer.complete("outer")

    with host.transaction() as session, pytest.raises(KeyedWriteMisused, match="twice"):
        nested(session)
    assert (host.count(), host.count(KEYS)) == (0, 0)


def test_a_transaction_sees_its_own_answer(host: Host) -> None:
    with host.transaction() as session:
        assert not place(session).replayed
        assert place(session).replayed
    assert host.count() == 1


def test_a_missing_table_is_said_and_the_transaction_goes_on(host: Host) -> None:
    KEYS.drop(host.engine)
    with host.transaction() as session:
        session.execute(insert(ORDERS).values(item="before"))
        with pytest.raises(IdempotencyUnavailable) as refused:
            place(session)
        assert refused.value.__cause__ is not None
        session.execute(insert(ORDERS).values(item="after"))
    assert host.count() == 2


def test_an_unreachable_database_is_said(database: str) -> None:
    with running(gone(database)) as host, pytest.raises(IdempotencyUnavailable):
        host.place()


def test_a_connection_serves_like_a_session(host: Host) -> None:
    with host.engine.begin() as connection:
        assert not place(connection).replayed
    with host.engine.connect() as connection:
        assert place(connection).replayed
        connection.commit()
    assert host.count() == 1


def test_a_scoped_session_serves_like_a_session(host: Host) -> None:
    session = scoped_session(sessionmaker(host.engine))
    assert not place(session).replayed
    session.commit()
    assert place(session).replayed
    session.remove()


def test_what_is_no_session_is_refused() -> None:
    nothing: Any = object()
    with pytest.raises(TypeError):
        ONCE.once(nothing, "ana", PLACE, "k")


def test_objects_are_written_with_the_key_or_not_at_all(host: Host) -> None:
    with host.transaction() as session:
        session.add(Order(item="pending"))
        with pytest.raises(Oops):
            fail(session)
        with ONCE.once(session, "ana", PLACE, "k", TEA) as write:
            order = Order(item="tea")
            session.add(order)
            session.flush()
            write.complete({"id": order.id})
    with host.transaction() as session:
        assert session.scalars(select(Order.item).order_by(Order.id)).all() == ["pending", "tea"]


def test_faults_of_pending_objects_are_the_hosts(host: Host) -> None:
    with Session(host.engine) as session:
        session.add_all([Order(id=1), Order(id=1)])
        with pytest.raises(IntegrityError):
            place(session)


def test_a_function_takes_a_key(host: Host) -> None:
    @ONCE.keyed(PLACE)
    def order(session: Session, subject: str, payload: dict[str, str]) -> dict[str, str]:
        session.execute(insert(ORDERS).values(payload))
        return {"for": subject, **payload}

    writes = []
    for _ in range(2):
        with host.transaction() as session:
            writes.append(order(session, "ana", TEA, key="k"))
    assert [write.replayed for write in writes] == [False, True]
    assert [write.answer for write in writes] == [{"for": "ana", "item": "tea"}] * 2
    assert host.count() == 1
    with host.transaction() as session, pytest.raises(IdempotencyKeyReused):
        order(session, "ana", {"item": "coffee"}, key="k")


def test_settings_that_cannot_work_are_refused() -> None:
    for wrong in ({"secret": b"short"}, {"ttl_s": 0}, {"wait_ms": -1}):
        options: dict[str, Any] = {"secret": SECRET} | wrong
        with pytest.raises(ValueError, match="at least"):
            HostIdempotency(**options)


@pytest.mark.parametrize("name", ["", "x" * 65, "a\0b"])
def test_names_that_do_not_fit_are_refused(host: Host, name: str) -> None:
    with Session(host.engine) as session:
        for subject, operation in ((name, PLACE), ("ana", name)):
            with pytest.raises(ValueError, match="1 to 64"):
                ONCE.once(session, subject, operation, "k")


def test_payloads_too_deep_are_the_callers_fault(host: Host) -> None:
    deep: list[Any] = []
    for _ in range(10_000):
        deep = [deep]
    with Session(host.engine) as session, pytest.raises(InvalidRequest):
        ONCE.once(session, "ana", PLACE, "k", deep)


def test_an_answer_is_what_json_makes_of_it() -> None:
    write = KeyedWrite()
    write.complete({"point": (1, 2.5), "none": None})
    assert write.answer == {"point": [1, 2.5], "none": None}
