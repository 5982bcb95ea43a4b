"""``divan openapi``: the description of the HTTP interface."""

from __future__ import annotations

from divan_cli import render, session


@session.command
def openapi() -> None:
    """Print the OpenAPI 3.1 document of the HTTP interface."""
    from divan_http.routes import document

    settings = session.configuration().settings
    described = document(dev=settings.dev_credentials, signing_in=settings.auth.enabled)
    render.as_json(described)
