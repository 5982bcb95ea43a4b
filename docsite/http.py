"""The reference of HTTP, from the OpenAPI document that servers give out themselves."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from divan_http.routes import document
from docsite.words import components, kind, prose, table

_HEAD: Final = """\
# HTTP

Made from the operation table, as `/openapi.json` is. Every refusal is `application/problem+json`
with a stable `code`; see [errors](errors.md). Fields that are not described are ignored.

"""
_CODE: Final = re.compile(r"`(\w+)`")
_WHO: Final = {"bearer": "people", "operator": "the operator (`X-Admin-Token`)"}


def page() -> str:
    """The page in Markdown."""
    made = document(dev=False)
    tags: dict[str, list[str]] = {}
    for path, methods in made["paths"].items():
        for method, operation in methods.items():
            section = "\n".join(_operation(method.upper(), path, operation))
            tags.setdefault(operation["tags"][0], []).append(section)
    sections = (f"## {tag}\n\n" + "\n".join(tags[tag]) for tag in sorted(tags))
    schemas = components(made["components"]["schemas"])
    return f"{_HEAD}{''.join(sections)}\n## Schemas\n\n{schemas}"


def _operation(method: str, path: str, operation: Mapping[str, Any]) -> Iterator[str]:
    yield f"### `{method} {path}` {{ #{operation['operationId']} }}\n"
    yield prose(operation["summary"]).partition("\n\nRaises:")[0] + "\n"
    yield f"For {_who(operation)}.{_keyed(operation)}\n"
    yield table(("parameter", "in", "what it is"), _parameters(operation))
    if "requestBody" in operation:
        yield f"Body: {_content(operation['requestBody'])}.\n"
    yield table(("status", "answer"), _answers(operation))


def _who(operation: Mapping[str, Any]) -> str:
    schemes = [name for one in operation.get("security", ()) for name in one]
    return _WHO[schemes[0]] if schemes else "everybody"


def _keyed(operation: Mapping[str, Any]) -> str:
    names = {one["name"] for one in operation.get("parameters", ())}
    if "Idempotency-Key" not in names:
        return ""
    return " It is done [once](../exactly-once.md) for each `Idempotency-Key`."


def _parameters(operation: Mapping[str, Any]) -> Iterator[tuple[str, str, str]]:
    for one in operation.get("parameters", ()):
        if one["in"] != "header":
            needed = "" if one["required"] else "; may be left out"
            yield f"`{one['name']}`", one["in"], kind(one["schema"]) + needed


def _content(body: Mapping[str, Any]) -> str:
    ((media, content),) = body["content"].items()
    said = kind(content["schema"])
    return said if media == "application/json" else f"{said} (`{media}`)"


def _answers(operation: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for status, answer in sorted(operation["responses"].items()):
        if int(status) < 300 or "- `" not in answer["description"]:
            yield status, _content(answer) if "content" in answer else "nothing"
        else:
            codes = dict.fromkeys(_CODE.findall(answer["description"]))
            yield status, ", ".join(f"[`{one}`](errors.md#{one})" for one in codes)
