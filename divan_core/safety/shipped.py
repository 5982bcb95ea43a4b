"""The policy that Divan comes with, ``config/moderation_policy.json``."""

from __future__ import annotations

import functools
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from divan_core.errors import ConfigurationError
from divan_core.safety.policies import Policy
from divan_core.safety.reading import read_policy

FILE: Final = "moderation_policy.json"


def default_document() -> Mapping[str, Any]:
    """The policy as it is written: in the installed package, else beside it in a checkout.

    Raises:
        ConfigurationError: in neither.
    """
    package = Path(__file__).parents[1]
    for folder in (package / "config", package.parent / "config"):
        file = folder / FILE
        if file.is_file():
            document: Mapping[str, Any] = json.loads(file.read_text("utf-8"))
            return document
    raise ConfigurationError("The installation is damaged: it has no default policy.")


@functools.cache
def default_policy() -> Policy:
    """The policy, to be evaluated; read once."""
    return read_policy(default_document())
