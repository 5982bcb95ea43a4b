"""That a column means and sorts the same on both databases."""

import random
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import URL, Dialect, LargeBinary, Text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.types import TypeEngine

from divan_core.kernel.clock import Millis
from divan_core.stores.sql.types import CODES, FOLDED, JSON_LIST, Id, Moment, binding

DIALECTS = [URL.create(name).get_dialect()() for name in ("sqlite", "postgresql+asyncpg")]


@pytest.mark.parametrize("dialect", DIALECTS, ids=lambda dialect: str(dialect.name))
def test_ids(dialect: Dialect) -> None:
    chance = random.Random(5)
    ids = [UUID(int=chance.getrandbits(128)) for _ in range(500)]
    bound = [Id().process_bind_param(one, dialect) for one in ids]
    assert [Id().process_result_value(one, dialect) for one in bound] == ids
    kept = [one if isinstance(one, bytes) else one.bytes for one in bound if one is not None]
    assert [UUID(bytes=one) for one in sorted(kept)] == sorted(ids)


@pytest.mark.parametrize("dialect", DIALECTS, ids=lambda dialect: str(dialect.name))
@pytest.mark.parametrize(
    "moment", [0, 1, -1, 1_790_000_000_001, 253_402_300_799_999, -62_135_596_800_000]
)
def test_moments(dialect: Dialect, moment: int) -> None:
    bound = Moment().process_bind_param(Millis(moment), dialect)
    assert Moment().process_result_value(bound, dialect) == moment


@pytest.mark.parametrize("dialect", DIALECTS, ids=lambda dialect: str(dialect.name))
def test_nothing_stays_nothing(dialect: Dialect) -> None:
    assert Id().process_bind_param(None, dialect) is None
    assert Id().process_result_value(None, dialect) is None
    assert Moment().process_bind_param(None, dialect) is None
    assert Moment().process_result_value(None, dialect) is None


BOUND: list[tuple[TypeEngine[Any], Any]] = [
    (Id(), UUID(int=7)),
    (Moment(), Millis(1_790_000_000_001)),
    (LargeBinary(), b"\x00\xff"),
    (Text(), "text"),
    (FOLDED, "text"),
    (JSON_LIST, ["one"]),
]


@pytest.mark.parametrize("dialect", DIALECTS, ids=lambda dialect: str(dialect.name))
@pytest.mark.parametrize(("kind", "value"), BOUND)
def test_values_are_bound_as_sqlalchemy_binds_them(
    dialect: Dialect, kind: TypeEngine[Any], value: object
) -> None:
    theirs = kind.dialect_impl(dialect).bind_processor(dialect) or _as_it_is
    ours = binding(kind, dialect) or _as_it_is
    assert ours(value) == theirs(value)
    assert ours(None) == theirs(None)


@pytest.mark.parametrize("kind", [ARRAY(Id()), ARRAY(Moment()), ARRAY(Text()), CODES])
def test_arrays_are_bound_as_sqlalchemy_binds_them(kind: TypeEngine[Any]) -> None:
    (dialect,) = [one for one in DIALECTS if one.name == "postgresql"]
    theirs = kind.dialect_impl(dialect).bind_processor(dialect)
    ours = binding(kind, dialect)
    assert ours is not None
    assert theirs is not None
    for values in ((), (Millis(1), Millis(2)), None):
        assert ours(values) == theirs(values)


def _as_it_is(value: object) -> object:
    return value
