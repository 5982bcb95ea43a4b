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
from divan_core.schema import IN_MEMORY
from divan_core.settings import Settings
from divan_core.stores.factories import file_address
from divan_core.stores.findings import Finding, Verdict

__all__ = ["Finding", "Verdict", "examine", "of_folder", "of_settings"]

_RANDOM: Final = 'python -c "import secrets; print(secrets.token_urlsafe(32))"'

MIN_CHARACTERS: Final = 20
MIN_DISTINCT: Final = 6
STAND_INS: Final = ("changeme", "change-me", "change_me", "change this", "password", "example")

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
    if settings.redis_url:
        try:
            found += await redis.examine(settings.redis_url)
        except ConfigurationError as fault:
            found.append(Finding("redis", "fault", fault.detail, "Mend DIVAN_REDIS_URL."))
    return tuple(found)


def of_settings(settings: Settings) -> Iterator[Finding]:
    """What settings alone tell."""
    yield _environment(settings)
    if not settings.redis_url:
        yield Finding("redis", "ok", "none: presence lives in the one server process")
    if settings.env == "prod":
        yield from _of_prod(settings)
    if settings.jwt.jwks_file:
        yield _readable("keys of tokens", Path(settings.jwt.jwks_file), "DIVAN_JWT_JWKS_FILE")


def _environment(settings: Settings) -> Finding:
    try:
        settings.check()
    except ConfigurationError as fault:
        return Finding("configuration", "fault", fault.detail, "See: divan config show")
    if settings.dev_credentials:
        seen = f"DIVAN_ENV={settings.env}: whoever anyone claims to be is believed"
        remedy = "Set DIVAN_ENV=prod where others than you can reach it."
        return Finding("configuration", "warning", seen, remedy)
    return Finding("configuration", "ok", "prod")


def is_guessable(secret: str) -> bool:
    """Whether a secret is surely none: too short, the same few characters, or a stand-in.

    Of random texts of 20 hexadecimal digits one in three million has under six different ones.
    """
    plain = secret.lower()
    return (
        len(secret) < MIN_CHARACTERS
        or len(set(secret)) < MIN_DISTINCT
        or any(word in plain for word in STAND_INS)
    )


def _secrets(settings: Settings) -> Iterator[Finding]:
    secrets = {
        "DIVAN_SECRET_KEY": settings.secret_key,
        "DIVAN_JWT_SECRET": settings.jwt.secret,
        "OBS_ADMIN_TOKEN": settings.obs.admin_token,
    }
    for name, secret in secrets.items():
        if secret and is_guessable(str(secret)):
            yield Finding(name, "fault", "it can be guessed", f"Run: {_RANDOM}")
        elif secret:
            yield Finding(name, "ok", "set")


def _of_prod(settings: Settings) -> Iterator[Finding]:
    """What works without, but is seldom meant."""
    yield from _secrets(settings)
    if settings.database_url in IN_MEMORY:
        seen = "it lives in memory, and ends with the process"
        yield Finding(
            "lasting database", "fault", seen, "Set DIVAN_DATABASE_URL to one that lasts."
        )
    if settings.auth.enabled and not settings.mail_url:
        remedy = "Set DIVAN_MAIL_URL, or DIVAN_AUTH_ENABLED=false if people sign in elsewhere."
        yield Finding("mail", "warning", "none can be sent, so nobody can register", remedy)
    if not settings.obs.admin_token:
        seen = "nobody is one: /metrics and /ops are closed"
        yield Finding("operator", "warning", seen, "Set OBS_ADMIN_TOKEN.")
    if not settings.audit_checkpoints and settings.database_url.startswith("postgres"):
        seen = "none are kept, so a database that was rolled back would not be noticed"
        yield Finding("checkpoints of the audit", "warning", seen, "Set DIVAN_AUDIT_CHECKPOINTS.")


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
