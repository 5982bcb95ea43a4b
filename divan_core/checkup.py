"""The examination of a deployment: its settings, its folder and what it depends on.

It changes nothing, opens no Divan, and goes on where something is broken: that is what it is for.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import anyio

from divan_core.divan import DATABASE_FILE, SECRET_FILE, data_path
from divan_core.errors import ConfigurationError
from divan_core.settings import Settings
from divan_core.stores.factories import file_address
from divan_core.stores.findings import Finding, Verdict

__all__ = ["Finding", "Verdict", "examine", "of_folder", "of_settings"]

_OTHERS: Final = stat.S_IRWXG | stat.S_IRWXO


async def examine(settings: Settings) -> tuple[Finding, ...]:
    """Look at everything that a deployment with these settings needs.

    Each server is waited for a few seconds at most.
    """
    from divan_core.stores.redis import checkup as redis  # noqa: PLC0415 - loads a driver
    from divan_core.stores.sql import checkup as sql  # noqa: PLC0415 - as above

    found = [*of_settings(settings), *of_folder(settings)]
    own_file = data_path(settings) / DATABASE_FILE
    url = settings.database_url or file_address(own_file)
    try:
        if not settings.database_url and not own_file.exists():  # nor is its folder, perhaps
            found += sql.absent(str(own_file))
        else:
            found += await anyio.to_thread.run_sync(sql.examine, url)
    except ConfigurationError as fault:
        found.append(Finding("database", "fault", fault.detail, "Mend DIVAN_DATABASE_URL."))
    found += await _replica(settings, url)
    if settings.redis_url:
        try:
            found += await redis.examine(settings.redis_url)
        except ConfigurationError as fault:
            found.append(Finding("redis", "fault", fault.detail, "Mend DIVAN_REDIS_URL."))
    return tuple(found)


async def _replica(settings: Settings, database_url: str) -> tuple[Finding, ...]:
    """Whether the replica is one, where there is to be one."""
    from divan_core.stores.sql.checkup import examine_replica  # noqa: PLC0415 - loads a driver

    if not settings.database_replica_url:
        return ()
    addresses = settings.database_replica_url, database_url
    try:
        return await anyio.to_thread.run_sync(examine_replica, *addresses)
    except ConfigurationError as fault:
        return (Finding("replica", "fault", fault.detail, "Mend DIVAN_DATABASE_REPLICA_URL."),)


def of_settings(settings: Settings) -> Iterator[Finding]:
    """What settings alone tell."""
    yield from _environment(settings)
    if not settings.redis_url:
        yield Finding("redis", "ok", "none: presence lives in the one server process")
    if settings.env == "prod":
        yield from _of_prod(settings)
    yield from _traces(settings)
    if settings.jwt.jwks_file:
        yield _readable("keys of tokens", Path(settings.jwt.jwks_file), "DIVAN_JWT_JWKS_FILE")


def _environment(settings: Settings) -> Iterator[Finding]:
    """Whether it may run at all, by the rule that the start goes by as well."""
    refused = list(settings.refused())
    for one in refused:
        yield Finding(one.about, "fault", one.seen, one.remedy)
    if settings.dev_credentials:
        seen = f"DIVAN_ENV={settings.env}: whoever anyone claims to be is believed"
        remedy = "Set DIVAN_ENV=prod where others than you can reach it."
        yield Finding("configuration", "warning", seen, remedy)
    elif refused:
        seen = "prod, and it would not start as it is"
        yield Finding("configuration", "fault", seen, "See: divan config show")
    else:
        yield Finding("configuration", "ok", "prod")


def _of_prod(settings: Settings) -> Iterator[Finding]:
    """What works without, but is seldom meant."""
    guessed = {one.about for one in settings.refused()}
    for name, secret in settings.secrets.items():
        if secret and name not in guessed:
            yield Finding(name, "ok", "set")
    if settings.auth.enabled and not settings.mail_url:
        remedy = "Set DIVAN_MAIL_URL, or DIVAN_AUTH_ENABLED=false if people sign in elsewhere."
        yield Finding("mail", "warning", "none can be sent, so nobody can register", remedy)
    if not settings.obs.admin_token:
        seen = "nobody is one: /metrics and /ops are closed"
        yield Finding("operator", "warning", seen, "Set OBS_ADMIN_TOKEN.")
    if not settings.audit_checkpoints and settings.database_url.startswith("postgres"):
        seen = "none are kept, so a database that was rolled back would not be noticed"
        yield Finding("checkpoints of the audit", "warning", seen, "Set DIVAN_AUDIT_CHECKPOINTS.")


def _traces(settings: Settings) -> Iterator[Finding]:
    """Whether what was set about traces leads anywhere."""
    enabled, endpoint = settings.obs.tracing_enabled, settings.otel.exporter_otlp_endpoint
    if enabled and not endpoint:
        seen = "traces are made, and sent nowhere"
        yield Finding("traces", "warning", seen, "Set OTEL_EXPORTER_OTLP_ENDPOINT.")
    elif endpoint and not enabled:
        seen = "there is a collector, and no traces for it"
        yield Finding("traces", "warning", seen, "Set OBS_TRACING_ENABLED=true.")
    elif enabled:
        yield Finding("traces", "ok", endpoint)


def _readable(about: str, path: Path, variable: str) -> Finding:
    if os.access(path, os.R_OK):
        return Finding(about, "ok", str(path))
    return Finding(about, "fault", f"{path} cannot be read", f"Mend {variable}, or its rights.")


def of_folder(settings: Settings) -> Iterator[Finding]:
    """Whether the data folder can be used, where it is, and keeps the secret to itself."""
    needed = not settings.database_url or not settings.secret_key
    if not needed:
        return
    folder = data_path(settings)
    above = next(one for one in (folder, *folder.parents) if one.exists())
    if not above.is_dir() or not os.access(above, os.W_OK | os.X_OK):
        remedy = f"Make {above} a folder that this user may write to, or set DIVAN_DATA_DIR."
        yield Finding("data folder", "fault", f"{folder} cannot be written to", remedy)
        return
    yield Finding("data folder", "ok", str(folder) if folder.exists() else f"{folder}, made later")
    secret = folder / SECRET_FILE
    if not settings.secret_key and secret.exists():
        yield _kept_to_itself(secret)


def _kept_to_itself(secret: Path) -> Finding:
    if os.name != "posix" or not secret.stat().st_mode & _OTHERS:
        return Finding("secret", "ok", f"{secret}, for this user only")
    return Finding("secret", "fault", f"others can read {secret}", f"Run: chmod 600 {secret}")
