"""Statements about scores that are kept for good."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from typing import Any, Final

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    Delete,
    Integer,
    Select,
    and_,
    bindparam,
    delete,
    func,
    literal_column,
    or_,
    select,
    text,
    tuple_,
)
from sqlalchemy.sql.dml import Insert

from divan_core.leaderboards.model import SUMS, Period, Scope
from divan_core.stores.sql.boardtables import BESTS, SCORE_BOOKS, SCORE_STEPS, SCORES
from divan_core.stores.sql.clauses import NewValues, greater, insert_or_change, named_among
from divan_core.stores.sql.connection import DialectName

STEP_BITS: Final = 38
"""How far a place is shifted to its step: 32 bits of time, and 64 hundredths of a point."""

_OF: Final = SCORES.c
COLUMNS: Final = (
    _OF.user_id,
    _OF.campus_id,
    _OF.period,
    _OF.day,
    _OF.overall,
    _OF.social,
    _OF.engagement,
    _OF.popularity,
    _OF.streak,
)
"""In the order of the fields of a score."""


def _given(name: str, column: ColumnElement[Any]) -> BindParameter[Any]:
    return bindparam(name, type_=column.type)


_BOARD: Final = and_(
    _OF.campus_id == _given("campus_id", _OF.campus_id),
    _OF.period == _given("period", _OF.period),
    _OF.day == _given("day", _OF.day),
)


def _standing(scope: Scope) -> tuple[ColumnElement[int], ColumnElement[bool]]:
    """A board's column, and who is on it: as its index says it."""
    column = _OF[scope.value]
    return column, and_(_BOARD, text(f"{scope.value} > 0"))


@functools.cache
def page_statement(scope: Scope) -> Select[Any]:
    """Who stands on a board below a place, the highest first."""
    column, on_it = _standing(scope)
    before = tuple_(_given("before", _OF.overall), _given("before_id", _OF.user_id))
    query = select(column, _OF.user_id).where(on_it, tuple_(column, _OF.user_id) < before)
    ordered = query.order_by(column.desc(), _OF.user_id.desc())
    return ordered.limit(bindparam("most", type_=Integer()))


@functools.cache
def ahead_statement(scope: Scope) -> Select[Any]:
    """How many stand better than a place, and how many as well as it but listed before."""
    column, on_it = _standing(scope)
    beside = _people_on(scope).where(
        column == _given(f"{scope.value}_place", _OF.overall),
        _OF.user_id > _given("user_id", _OF.user_id),
        on_it,
    )
    return select(_better(scope), beside.scalar_subquery())


@functools.cache
def ranks_statement() -> Select[Any]:
    """How many stand better than a place in each scope."""
    columns: list[ColumnElement[Any]] = [_better(scope) for scope in Scope]
    return select(*columns)


def beside(scope: Scope, place: int) -> Mapping[str, int]:
    """What these two statements are given of a place."""
    step = place >> STEP_BITS
    return {
        f"{scope.value}_place": place,
        f"{scope.value}_step": step,
        f"{scope.value}_next_step": (step + 1) << STEP_BITS,
    }


def _better(scope: Scope) -> ColumnElement[int]:
    """How many stand above the step of a place, and on it but higher."""
    column, on_it = _standing(scope)
    of, name = SCORE_STEPS.c, scope.value
    above = select(func.coalesce(func.sum(of.people), 0)).where(
        of.campus_id == _given("campus_id", of.campus_id),
        of.period == _given("period", of.period),
        of.day == _given("day", of.day),
        of.scope == literal_column(f"'{name}'"),
        of.step > _given(f"{name}_step", of.step),
    )
    higher = _people_on(scope).where(
        column > _given(f"{name}_place", _OF.overall),
        column < _given(f"{name}_next_step", _OF.overall),
        on_it,
    )
    return above.scalar_subquery() + higher.scalar_subquery()


def _people_on(scope: Scope) -> Select[Any]:
    return select(func.count(_OF[scope.value])).select_from(SCORES)


@functools.cache
def book_statement() -> Select[Any]:
    """How far the boards of a campus have come."""
    of = SCORE_BOOKS.c
    columns = (of.campus_id, of.opened, of.filled, of.closed, of.turn)
    return select(*columns).where(of.campus_id == _given("of_campus", of.campus_id))


@functools.cache
def of_statement(dialect: DialectName) -> Select[Any]:
    """People's sums from a day on, and their days from another one on."""
    return select(*COLUMNS).where(
        named_among(_OF.user_id, "people", dialect),
        or_(
            and_(_OF.period == Period.DAILY.value, _OF.day >= _given("first_day", _OF.day)),
            and_(_OF.period > Period.DAILY.value, _OF.day >= _given("first_sum", _OF.day)),
        ),
    )


@functools.cache
def turning_statement(dialect: DialectName) -> Select[Any]:
    """People's sums of a day and the next, and the days that leave them then.

    All columns of the key are named beside, so that no other rows of theirs are read.
    """
    day = _given("day", _OF.day)
    leaving = [day + 1 - period.value for period in SUMS]
    return select(*COLUMNS).where(
        named_among(_OF.user_id, "people", dialect),
        _OF.period.in_([period.value for period in Period]),
        _OF.day.in_([day, day + 1, *leaving]),
        or_(
            and_(_OF.period == Period.DAILY.value, _OF.day.in_(leaving)),
            and_(_OF.period > Period.DAILY.value, _OF.day.in_([day, day + 1])),
        ),
    )


@functools.cache
def get_statement() -> Select[Any]:
    """Somebody's score of a period."""
    return select(*COLUMNS).where(
        _OF.user_id == _given("user_id", _OF.user_id),
        _OF.period == _given("period", _OF.period),
        _OF.day == _given("day", _OF.day),
    )


@functools.cache
def streaks_statement() -> Select[Any]:
    """Somebody's last day, with the longest streak of those that are kept and those that were."""
    mine = and_(
        _OF.user_id == _given("user_id", _OF.user_id),
        _OF.period == literal_column(str(Period.DAILY.value)),
    )
    longest = select(func.max(_OF.streak)).where(mine).scalar_subquery()
    before = select(BESTS.c.best).where(BESTS.c.user_id == _given("user_id", _OF.user_id))
    last = select(*COLUMNS).where(mine).order_by(_OF.day.desc()).limit(1).subquery()
    one = select(longest.label("longest"), before.scalar_subquery().label("before")).subquery()
    return select(one, last).select_from(one.outerjoin(last, literal_column("1 = 1")))


@functools.cache
def drop_statement() -> Delete:
    """One score less."""
    return delete(SCORES).where(
        _OF.user_id == _given("user_id", _OF.user_id),
        _OF.period == _given("period", _OF.period),
        _OF.day == _given("day", _OF.day),
    )


def _more(new: NewValues) -> dict[str, ColumnElement[Any]]:
    return {"people": SCORE_STEPS.c.people + new["people"]}


def _longer(dialect: DialectName, new: NewValues) -> dict[str, ColumnElement[Any]]:
    return {"best": greater(BESTS.c.best, new["best"], dialect)}


@functools.cache
def step_statement(dialect: DialectName) -> Insert:
    """More people, or fewer, on a step."""
    return insert_or_change(SCORE_STEPS, dialect, _more)


@functools.cache
def best_statement(dialect: DialectName) -> Insert:
    """A longer streak, if it is."""
    return insert_or_change(BESTS, dialect, functools.partial(_longer, dialect))
