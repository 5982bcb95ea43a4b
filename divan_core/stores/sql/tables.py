"""The tables, by branch of the migrations.

``core`` always exists. ``moderation`` and ``profile`` are optional: a deployment may do without
them, and what only they can hold is then None or as if nobody had decided anything.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from sqlalchemy import (
    Boolean,
    CheckConstraint,
    Column,
    Double,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    SmallInteger,
    String,
    Table,
    Text,
    UniqueConstraint,
)

from divan_core.errors import DivanError, HandleTaken
from divan_core.stores.sql.types import JSON_LIST, Id, Moment

METADATA: Final = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

VERSION_TABLE: Final = "divan_alembic_version"
"""Where Alembic keeps what has been applied; private, so that a host's own does not clash."""

CAMPUSES: Final = Table(
    "campuses",
    METADATA,
    Column("id", Id, primary_key=True),
    Column("name", String(120), nullable=False),
    Column("lat", Double, nullable=False),
    Column("lon", Double, nullable=False),
    Column("timezone", String(64), nullable=False),
    Column("radius_m", Integer, nullable=False),
)

PEOPLE: Final = Table(
    "people",
    METADATA,
    Column("id", Id, primary_key=True),
    Column("campus_id", Id, ForeignKey(CAMPUSES.c.id), nullable=False),
    Column("handle", String(30), nullable=False),
    Column("display_name", String(80), nullable=False),
    Column("avatar_url", String(500)),
    Column("email", Text),
    Column("created_at", Moment, nullable=False),
    Column("visibility", String(16), nullable=False),
    Column("blur_distance_m", SmallInteger, nullable=False),
    Column("ghost_mode", Boolean, nullable=False),
    Column("chat_from", String(16), nullable=False),
    Column("roles", JSON_LIST, nullable=False),
    Column("deleted", Boolean, nullable=False),
    UniqueConstraint("handle"),
    CheckConstraint("visibility IN ('everyone', 'friends', 'none')", name="visibility"),
    CheckConstraint("chat_from IN ('everyone', 'friends')", name="chat_from"),
    Index(None, "campus_id", "id"),
)

FRIENDSHIPS: Final = Table(
    "friendships",
    METADATA,
    Column("low_id", Id, ForeignKey(PEOPLE.c.id), primary_key=True),
    Column("high_id", Id, ForeignKey(PEOPLE.c.id), primary_key=True),
    CheckConstraint("low_id < high_id", name="order"),
    Index(None, "high_id", "low_id"),
    sqlite_with_rowid=False,
)

BLOCKS: Final = Table(
    "blocks",
    METADATA,
    Column("by_id", Id, ForeignKey(PEOPLE.c.id), primary_key=True),
    Column("target_id", Id, ForeignKey(PEOPLE.c.id), primary_key=True),
    CheckConstraint("by_id <> target_id", name="not_oneself"),
    Index(None, "target_id", "by_id"),
    sqlite_with_rowid=False,
)

STANDINGS: Final = Table(
    "standings",
    METADATA,
    Column("user_id", Id, ForeignKey(PEOPLE.c.id), primary_key=True),
    Column("standing", String(16), nullable=False),
    Column("reason", Text),
    Column("since", Moment),
    CheckConstraint("standing IN ('shadowed', 'banned')", name="standing"),
)

PROFILES: Final = Table(
    "profiles",
    METADATA,
    Column("user_id", Id, ForeignKey(PEOPLE.c.id), primary_key=True),
    Column("major", String(80)),
    Column("graduation_year", SmallInteger),
    Column("passions", JSON_LIST),
)

BRANCHES: Final[Mapping[str, tuple[Table, ...]]] = {
    "core": (CAMPUSES, PEOPLE, FRIENDSHIPS, BLOCKS),
    "moderation": (STANDINGS,),
    "profile": (PROFILES,),
}
"""Which branch of the migrations makes which tables, the one that the others need first."""

TAKEN: Final[Mapping[str, type[DivanError]]] = {"uq_people_handle": HandleTaken}
"""What a clash with a unique constraint means."""
