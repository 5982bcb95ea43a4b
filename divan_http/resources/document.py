"""The description of everything else."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from divan_core.divan import Divan
from divan_http.operation import Nothing, PublicOperation


def describing(
    document: Callable[[], dict[str, Any]],
) -> PublicOperation[Nothing, dict[str, Any]]:
    """The operation that answers ``document()``."""

    async def describe(_divan: Divan, _: Nothing) -> dict[str, Any]:
        """Describe this interface in OpenAPI 3.1."""
        return document()

    return PublicOperation(
        method="GET",
        path="/openapi.json",
        name="document.openapi",
        command=Nothing,
        view=dict[str, Any],
        perform=describe,
    )
