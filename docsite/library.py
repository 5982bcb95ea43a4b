"""Pages of the library's reference: which modules they show; mkdocstrings reads the docstrings."""

from __future__ import annotations

from typing import Final

SHOWN: Final[dict[str, tuple[str, ...]]] = {
    "divan": (
        "divan_core.divan",
        "divan_core.sync",
        "divan_core.settings",
        "divan_core.stores.bundle",
        "divan_core.stores.factories",
        "divan_core.workers.subscription",
    ),
    "accounts": ("divan_core.accounts.service", "divan_core.accounts.messages"),
    "social": ("divan_core.social.service", "divan_core.social.messages"),
    "presence": ("divan_core.presence.service", "divan_core.presence.messages"),
    "discovery": ("divan_core.discovery.service", "divan_core.discovery.messages"),
    "chat": (
        "divan_core.chat.service",
        "divan_core.chat.rooms",
        "divan_core.chat.messages",
        "divan_core.chat.roommessages",
    ),
    "activities": (
        "divan_core.activities.service",
        "divan_core.activities.messages",
        "divan_core.activities.games.game",
    ),
    "leaderboards": ("divan_core.leaderboards.service", "divan_core.leaderboards.messages"),
    "safety": (
        "divan_core.safety.service",
        "divan_core.safety.policies",
        "divan_core.safety.facts",
        "divan_core.safety.messages",
    ),
    "moderation": ("divan_core.moderation.messages", "divan_core.moderation.actionmessages"),
    "hosting": ("divan_core.hosting",),
    "kernel": (
        "divan_core.kernel.actor",
        "divan_core.kernel.clock",
        "divan_core.kernel.delivery",
        "divan_core.kernel.events",
        "divan_core.kernel.ids",
        "divan_core.kernel.once",
        "divan_core.kernel.units",
        "divan_core.kernel.visibility",
    ),
    "testing": (
        "divan_core.testing.clock",
        "divan_core.testing.faults",
        "divan_core.testing.faulty",
    ),
}
"""By the page's name."""


def pages() -> dict[str, str]:
    """By the page's name, what stands there."""
    return {name: _page(name, modules) for name, modules in SHOWN.items()}


def _page(name: str, modules: tuple[str, ...]) -> str:
    return "\n".join([f"# {name}\n", *(f"::: {module}\n" for module in modules)])
