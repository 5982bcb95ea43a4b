"""Every setting of a deployment, in one frozen object.

The library never reads the environment; :mod:`divan_core.configuration` builds this object from
variables and a TOML file for the server and the command. A field ``x`` of the top level is the
variable ``DIVAN_X`` and ``x`` of the TOML section ``[divan]``; groups are sections of their own.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final, Literal
from uuid import UUID

import attrs
from attrs import validators as v
from typed_settings import SecretStr

from divan_core.errors import ConfigurationError
from divan_core.kernel.limits import Limit, Window
from divan_core.kernel.secrets import is_guessable

MIN_SECRET_BYTES: Final = 32
DAY_S: Final = 86_400

IN_MEMORY: Final = frozenset({"sqlite://", "sqlite:///", "sqlite:///:memory:"})
"""Addresses of databases that live in one process and end with it."""

NEW_SECRET: Final = 'python -c "import secrets; print(secrets.token_urlsafe(32))"'  # noqa: S105 - it is none
"""The command that makes a secret."""

_REVISION: Final = re.compile(r"(core|moderation|profile)_\d{4}")

JWT_ALGORITHMS: Final = ("HS256", "RS256", "ES256", "EdDSA")


def _count(default: int) -> int:
    field: int = attrs.field(default=default, validator=[v.ge(1), v.le(1_000_000)])
    return field


def _known_algorithms(_instance: object, _attribute: object, value: tuple[str, ...]) -> None:
    if not value or not set(value) <= set(JWT_ALGORITHMS):
        raise ValueError(f"must be some of {', '.join(JWT_ALGORITHMS)}")


def _long_enough(_instance: object, _attribute: object, value: SecretStr) -> None:
    if value and len(value.encode()) < MIN_SECRET_BYTES:
        raise ValueError(f"must be at least {MIN_SECRET_BYTES} bytes long")


def _web_address(_instance: object, _attribute: object, value: str) -> None:
    if value and not value.startswith(("https://", "http://")):
        raise ValueError("must be an address that begins with https:// or http://")


def _domains(_instance: object, _attribute: object, value: tuple[str, ...]) -> None:
    if any(not one or one != one.lower() or not set(one).isdisjoint("/:@ ") for one in value):
        raise ValueError("must be domains in lower case, such as example.org")


def _campuses(_instance: object, _attribute: object, value: tuple[str, ...]) -> None:
    try:
        written = tuple(str(UUID(one)) for one in value)
    except ValueError:
        written = ()
    if written != value:
        raise ValueError("must be ids of campuses, UUIDs in lower case")


def _revisions(_instance: object, _attribute: object, value: tuple[str, ...]) -> None:
    branches = [one.partition("_")[0] for one in value]
    if not all(map(_REVISION.fullmatch, value)) or len(set(branches)) < len(branches):
        raise ValueError("must be revisions, one of a branch, such as core_0011,profile_0001")


def _built_search(_instance: object, _attribute: object, value: str) -> None:
    if value != "db":
        raise ValueError("must be db, as this version has no other search engine")


def _no_communities(_instance: object, _attribute: object, value: bool) -> None:  # noqa: FBT001 - attrs calls it
    if value:
        raise ValueError("must be false, as this version has no communities")


@attrs.frozen
class JwtSettings:
    """``DIVAN_JWT_*``: whose tokens are believed. With no key, no token is."""

    secret: SecretStr = attrs.field(default=SecretStr(""), validator=_long_enough)
    algorithms: tuple[str, ...] = attrs.field(default=("HS256",), validator=_known_algorithms)
    issuer: str = ""
    audience: str = ""
    jwks_file: str = ""
    jwks_url: str = ""
    leeway_s: int = attrs.field(default=5, validator=[v.ge(0), v.le(300)])
    provision: bool = False
    trust_roles: bool = False

    @property
    def has_key(self) -> bool:
        """Whether any token could be verified."""
        return bool(self.secret or self.jwks_file or self.jwks_url)


@attrs.frozen
class AuthSettings:
    """``DIVAN_AUTH_*``: whether people sign in here; else a host has identities of its own."""

    enabled: bool = True


@attrs.frozen
class LimitSettings:
    """``DIVAN_LIMIT_*``: how often one person may do what, in sliding windows."""

    heartbeat_per_minute: int = _count(30)
    nearby_per_minute: int = _count(30)
    subscribe_per_minute: int = _count(6)
    search_per_minute: int = _count(60)
    block_per_minute: int = _count(10)
    invite_per_minute: int = _count(15)
    invite_per_day: int = _count(200)
    enumeration_per_day: int = _count(500)
    sign_in_per_minute: int = _count(10)
    register_per_hour: int = _count(5)

    @property
    def every(self) -> tuple[Limit, ...]:
        """All limits that are counted by person."""
        return (
            self.heartbeat,
            self.nearby,
            self.subscribe,
            self.search,
            self.block,
            self.invite,
            self.enumeration,
            self.report,
            self.activity_create,
            self.activity_action,
        )

    message_per_minute: int = _count(600)
    room_per_day: int = _count(50)
    report_per_day: int = _count(50)
    activity_create_per_day: int = _count(50)
    activity_action_per_minute: int = _count(120)

    @property
    def heartbeat(self) -> Limit:
        """Heartbeats, by HTTP and sockets together."""
        return Limit("heartbeat", (Window(self.heartbeat_per_minute, 60),))

    @property
    def nearby(self) -> Limit:
        """Nearby questions."""
        return Limit("nearby", (Window(self.nearby_per_minute, 60),))

    @property
    def subscribe(self) -> Limit:
        """Live subscriptions."""
        return Limit("subscribe", (Window(self.subscribe_per_minute, 60),))

    @property
    def search(self) -> Limit:
        """Search, discovery and look-up together."""
        return Limit("search", (Window(self.search_per_minute, 60),))

    @property
    def block(self) -> Limit:
        """Blocks."""
        return Limit("block", (Window(self.block_per_minute, 60),))

    @property
    def invite(self) -> Limit:
        """Invites sent."""
        windows = (Window(self.invite_per_minute, 60), Window(self.invite_per_day, DAY_S))
        return Limit("invite", windows)

    @property
    def sign_in(self) -> Limit:
        """Tries to sign in, of one mailbox."""
        return Limit("sign-in", (Window(self.sign_in_per_minute, 60),))

    @property
    def register(self) -> Limit:
        """Registrations of one mailbox."""
        return Limit("register", (Window(self.register_per_hour, 3600),))

    @property
    def enumeration(self) -> Limit:
        """Distinct people answered by search, discovery and look-up."""
        return Limit("enumeration", (Window(self.enumeration_per_day, DAY_S),))

    @property
    def message(self) -> Limit:
        """Messages to people and to rooms together, by HTTP and sockets."""
        return Limit("message", (Window(self.message_per_minute, 60),))

    @property
    def report(self) -> Limit:
        """Reports sent."""
        return Limit("report", (Window(self.report_per_day, DAY_S),))

    @property
    def activity_create(self) -> Limit:
        """Games that friends were asked for."""
        return Limit("activity-create", (Window(self.activity_create_per_day, DAY_S),))

    @property
    def activity_action(self) -> Limit:
        """Everything that is done in games."""
        return Limit("activity-action", (Window(self.activity_action_per_minute, 60),))

    @property
    def room(self) -> Limit:
        """Rooms opened."""
        return Limit("room", (Window(self.room_per_day, DAY_S),))


@attrs.frozen
class HttpSettings:
    """``DIVAN_HTTP_*``: the edge of the HTTP and Socket.IO servers."""

    max_body_bytes: int = attrs.field(default=1_048_576, validator=[v.ge(1024), v.le(2**30)])
    cors_origins: tuple[str, ...] = ()


@attrs.frozen
class IdempotencySettings:
    """``IDEMPOTENCY_*``: how writes with a key are kept from happening twice.

    ``required``: refuse a write whose key cannot be kept; None leaves it to the deployment's
    ``env``. ``key_mandatory``: refuse writes without a key.
    """

    required: bool | None = None
    ttl_seconds: int = attrs.field(default=DAY_S, validator=[v.ge(1), v.le(366 * DAY_S)])
    wait_ms: int = attrs.field(default=1000, validator=[v.ge(0), v.le(5000)])
    key_mandatory: bool = False


@attrs.frozen
class ObsSettings:
    """``OBS_*``: what operators see. With no token, nobody is an operator.

    With ``tracing_enabled`` requests have traces; where they go says :class:`OtelSettings`.
    ``metrics_dir`` is a folder where processes of one machine, servers and workers, share what
    they measure; those of one server do so without.
    """

    admin_token: SecretStr = attrs.field(default=SecretStr(""))
    metrics_public: bool = False
    metrics_dir: str = ""
    tracing_enabled: bool = False


@attrs.frozen
class OtelSettings:
    """``OTEL_*``: the collector that takes traces by OTLP over HTTP; with none, nothing is sent.

    ``exporter_otlp_endpoint`` is its address without ``/v1/traces``.
    """

    exporter_otlp_endpoint: str = attrs.field(default="", validator=_web_address)


@attrs.frozen
class HealthSettings:
    """``HEALTH_*``: without the revisions of ``min_migration``, or later ones, it is not ready."""

    min_migration: tuple[str, ...] = attrs.field(default=(), validator=_revisions)


@attrs.frozen
class SearchSettings:
    """``SEARCH_*``: which engine finds people and rooms by name; there is the database's."""

    backend: str = attrs.field(default="db", validator=_built_search)


@attrs.frozen
class CommunitiesSettings:
    """``COMMUNITIES_*``: whether workers of communities run beside the server; there are none."""

    workers_enabled: bool = attrs.field(default=False, validator=_no_communities)


@attrs.frozen
class LogSettings:
    """``LOG_*``: what is written to standard error, as JSON lines."""

    level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = attrs.field(
        default="INFO", validator=v.in_(("DEBUG", "INFO", "WARNING", "ERROR"))
    )
    sampling_rate_info: float = attrs.field(default=1.0, validator=[v.ge(0.0), v.le(1.0)])


@attrs.frozen
class ModerationSettings:
    """``MODERATION_*``: whether what decides by machine, and acts on it, runs beside the server."""

    workers_enabled: bool = True


@attrs.frozen
class Refused:
    """A setting with which a deployment must not run: what it is about, why, and what mends it."""

    about: str
    seen: str
    remedy: str

    @property
    def text(self) -> str:
        """All of it in a line or two."""
        return f"{self.about}: {self.seen}. {self.remedy}"


@attrs.frozen
class Settings:
    """A deployment's settings; the defaults are those of one process on one developer's machine.

    ``database_url`` empty means a SQLite file in the data folder, ``redis_url`` empty means
    presence in this process. ``secret_key`` empty is allowed in dev and test only. With
    ``workers_enabled``, relay, consumers and periodic jobs run inside of ``Divan.open``.

    ``database_replica_url`` is a server that follows the PostgreSQL database, where figures and
    what is over are read while what it has is at most ``database_replica_lag_s`` seconds old.

    ``audit_checkpoints`` is the file of the audit's checkpoints; empty, it stands beside a SQLite
    database, and elsewhere none are kept.

    ``mail_url`` is ``smtp://user:password@host:587`` or ``smtps://...``; empty, mail is printed in
    dev and test, and elsewhere nobody can register. Links in mails lead to ``public_url``.

    Links to ``denied_domains``, and below them, are malicious to the policies of moderation.
    ``candid_campuses`` are the ids of those that tell people also what was to go unnoticed.
    """

    env: Literal["dev", "test", "prod"] = attrs.field(
        default="dev", validator=v.in_(("dev", "test", "prod"))
    )
    database_url: str = ""
    database_replica_url: str = ""
    database_replica_lag_s: float = attrs.field(default=5.0, validator=[v.ge(2.0), v.le(300.0)])
    redis_url: str = ""
    data_dir: str = ""
    secret_key: SecretStr = attrs.field(default=SecretStr(""), validator=_long_enough)
    audit_checkpoints: str = ""
    location_floor_m: int = attrs.field(default=25, validator=[v.ge(1), v.le(1000)])
    nearby_tick_s: float = attrs.field(default=2.0, validator=[v.ge(0.05), v.le(5.0)])
    workers_enabled: bool = True
    public_url: str = attrs.field(default="", validator=_web_address)
    mail_url: str = ""
    mail_from: str = ""
    denied_domains: tuple[str, ...] = attrs.field(default=(), validator=_domains)
    candid_campuses: tuple[str, ...] = attrs.field(default=(), validator=_campuses)
    jwt: JwtSettings = attrs.field(factory=JwtSettings)
    auth: AuthSettings = attrs.field(factory=AuthSettings)
    limit: LimitSettings = attrs.field(factory=LimitSettings)
    http: HttpSettings = attrs.field(factory=HttpSettings)
    idempotency: IdempotencySettings = attrs.field(factory=IdempotencySettings)
    moderation: ModerationSettings = attrs.field(factory=ModerationSettings)
    search: SearchSettings = attrs.field(factory=SearchSettings)
    communities: CommunitiesSettings = attrs.field(factory=CommunitiesSettings)
    obs: ObsSettings = attrs.field(factory=ObsSettings)
    otel: OtelSettings = attrs.field(factory=OtelSettings)
    health: HealthSettings = attrs.field(factory=HealthSettings)
    log: LogSettings = attrs.field(factory=LogSettings)

    @property
    def dev_credentials(self) -> bool:
        """Whether headers and ``uid:`` bearers are believed."""
        return self.env in {"dev", "test"}

    @property
    def keys_required(self) -> bool:
        """Whether a write whose idempotency key cannot be kept is refused."""
        required = self.idempotency.required
        return self.env == "prod" if required is None else required

    def decided(self) -> Settings:
        """The same with nothing left open: for showing."""
        idempotency = attrs.evolve(self.idempotency, required=self.keys_required)
        return attrs.evolve(self, idempotency=idempotency)

    @property
    def secrets(self) -> dict[str, SecretStr]:
        """What nobody else may know, by the names of the variables."""
        return {
            "DIVAN_SECRET_KEY": self.secret_key,
            "DIVAN_JWT_SECRET": self.jwt.secret,
            "OBS_ADMIN_TOKEN": self.obs.admin_token,
        }

    def refused(self) -> Iterator[Refused]:
        """Why a prod deployment must not run so; nothing elsewhere, or if all is well."""
        if self.env != "prod":
            return
        if not self.secret_key:
            remedy = f"Set at least {MIN_SECRET_BYTES} random bytes: {NEW_SECRET}"
            yield Refused("DIVAN_SECRET_KEY", "it is missing", remedy)
        if not self.jwt.has_key:
            remedy = "Set DIVAN_JWT_SECRET, DIVAN_JWT_JWKS_FILE or DIVAN_JWT_JWKS_URL."
            yield Refused("keys of tokens", "there is no JWT key", remedy)
        for name, secret in self.secrets.items():
            if secret and is_guessable(str(secret)):
                yield Refused(name, "it can be guessed", f"Make another one: {NEW_SECRET}")
        if self.database_url in IN_MEMORY:
            remedy = "Set DIVAN_DATABASE_URL to one that lasts."
            yield Refused("lasting database", "it lives in memory, and ends with it", remedy)

    def check(self) -> None:
        """Refuse what must not run.

        Raises:
            ConfigurationError: a prod deployment without keys, with secrets that can be guessed,
                or with a database in memory. All faults are told.
        """
        if found := [one.text for one in self.refused()]:
            raise ConfigurationError("\n".join(found))
