"""What is known before something is decided about: what people wrote lately, and trust, in SQL."""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from typing import Any, Final

from sqlalchemy import (
    BigInteger,
    BindParameter,
    ColumnElement,
    Select,
    and_,
    bindparam,
    case,
    column,
    func,
    select,
    true,
)
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.types import TypeEngine

from divan_core.kernel.clock import Millis
from divan_core.safety.model import PolicyId
from divan_core.safety.pacing import REPEAT_MS, Background, Known, Lately, Recall
from divan_core.safety.trust import Trust
from divan_core.stores.sql.connection import SqlConnection
from divan_core.stores.sql.safetytables import DECISIONS, POLICIES, TRUST
from divan_core.stores.sql.types import id_of, millis_of

_OF: Final = DECISIONS.c
_MOMENT: Final = _OF.at.type
_ACTIVE: Final = select(POLICIES.c.id).where(POLICIES.c.active).scalar_subquery()


async def recalled(connection: SqlConnection, recalls: Sequence[Recall]) -> Background:
    """What is known of each; in one statement on PostgreSQL, and one for each on SQLite."""
    width = max((len(one.spans) for one in recalls), default=0)
    given = [_parameters(one, width) for one in recalls]
    if connection.dialect == "sqlite":
        rows = [(await connection.rows(_of_one(width), one))[0] for one in given]
    elif given:
        arrays = {f"each_{name}": [one[name] for one in given] for name in given[0]}
        rows = [row[1:] for row in await connection.rows(_of_each(width), arrays)]
    else:
        rows = []
    known = tuple(_known(recall, row) for recall, row in zip(recalls, rows, strict=True))
    policy_id = rows[0][0] if rows else None
    return Background(known, None if policy_id is None else PolicyId(id_of(policy_id)))


def _known(recall: Recall, row: Sequence[Any]) -> Known:
    _policy_id, score, changed_at, same, *counts = row
    lately = Lately(same, tuple(counts[: len(recall.spans)]))
    return Known(lately, None if score is None else Trust(score, millis_of(changed_at)))


def _parameters(recall: Recall, width: int) -> dict[str, Any]:
    """What a recall asks for, with as many spans as the widest one; those too many are empty."""
    starts = [Millis(recall.at - span) for span in recall.spans]
    starts += [recall.at] * (width - len(starts))
    return {
        "author": recall.author_id,
        "kind": recall.subject_type,
        "print": recall.print,
        "repeated": Millis(recall.at - REPEAT_MS),
        "longest": Millis(recall.at - recall.longest),
        "until": recall.at,
        **{f"after_{number}": start for number, start in enumerate(starts)},
    }


def _types(width: int) -> dict[str, TypeEngine[Any]]:
    return {
        "author": _OF.author_id.type,
        "kind": _OF.subject_kind.type,
        "print": _OF.print.type,
        **dict.fromkeys(("repeated", "longest", "until"), _MOMENT),
        **dict.fromkeys((f"after_{number}" for number in range(width)), _MOMENT),
    }


@functools.cache
def _of_one(width: int) -> Select[Any]:
    """What one recall finds, of so many spans."""
    given = {name: bindparam(name, type_=kind) for name, kind in _types(width).items()}
    found = _counts(given).subquery("found")
    joined = found.outerjoin(TRUST, TRUST.c.user_id == given["author"])
    return select(_ACTIVE, TRUST.c.score, TRUST.c.at, *found.c).select_from(joined)


@functools.cache
def _of_each(width: int) -> Select[Any]:
    """On PostgreSQL, what each recall finds, in their order, of one array for each parameter."""
    types = _types(width)
    arrays: list[BindParameter[Any]] = [
        bindparam(f"each_{name}", type_=ARRAY(kind)) for name, kind in types.items()
    ]
    each = (
        func.unnest(*arrays)
        .table_valued(
            *(column(*field) for field in types.items()),
            with_ordinality="place",
        )
        .render_derived(name="each")
    )
    found = _counts({name: each.c[name] for name in types}).lateral("found")
    place = each.c.place.label("place")
    trusted = TRUST.c.user_id == each.c.author
    joined = each.join(found, true()).outerjoin(TRUST, trusted)
    query = select(place, _ACTIVE, TRUST.c.score, TRUST.c.at, *found.c)
    return query.select_from(joined).order_by(place)


def _counts(given: Mapping[str, ColumnElement[Any]]) -> Select[Any]:
    """How often somebody wrote the same, and how much of a kind in each span.

    Nothing is the same as a print that is NULL, which is the one that a short text has.
    """
    same = _count("same", _OF.print == given["print"], _OF.at > given["repeated"])
    spans = [name for name in given if name.startswith("after_")]
    kind = _OF.subject_kind == given["kind"]
    counts = [_count(name, kind, _OF.at > given[name]) for name in spans]
    columns: list[ColumnElement[Any]] = [same, *counts]
    return select(*columns).where(
        _OF.author_id == given["author"],
        _OF.at > given["longest"],
        _OF.at <= given["until"],
    )


def _count(name: str, *conditions: ColumnElement[bool]) -> ColumnElement[int]:
    return func.count(case((and_(*conditions), 1)), type_=BigInteger()).label(name)
