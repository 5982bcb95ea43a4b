"""What griffe calls for each docstring that it reads, so that they look well in Markdown."""

from __future__ import annotations

from typing import Any

import griffe

from docsite.words import prose


class Roles(griffe.Extension):
    """Names in roles of reStructuredText become code."""

    def on_object(self, *, obj: griffe.Object, **_more: Any) -> None:  # noqa: ANN401 - griffe's own
        """See griffe."""
        if obj.docstring is not None:
            obj.docstring.value = prose(obj.docstring.value)
