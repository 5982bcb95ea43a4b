"""JSON schemas in words: what a member may be, and tables of members."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

Schema = Mapping[str, Any]

_NAMES: Final = {
    "": "anything",
    "array": "a list",
    "boolean": "true or false",
    "integer": "a whole number",
    "number": "a number",
    "object": "an object",
}
_ROLE: Final = re.compile(r":\w+:`~?([\w.]+)(?: <[^>]*>)?`")
_EXACT: Final = {"minimum": "from {}", "maximum": "to {}", "pattern": "like `{}`"}
_SIZES: Final = {
    "minLength": "at least {} long",
    "maxLength": "at most {} long",
    "minItems": "at least {}",
    "maxItems": "at most {}",
}


def prose(text: str) -> str:
    """A docstring as Markdown: roles of reStructuredText become names, and double ticks single."""
    named = _ROLE.sub(lambda found: f"`{found[1].rpartition('.')[2]}`", text)
    return named.replace("``", "`")


def about(thing: object) -> str:
    """What something says of itself before its sections."""
    return prose((inspect.getdoc(thing) or "").partition("\n\nRaises:")[0])


def first_line(thing: object) -> str:
    """The first sentence of what something says of itself."""
    return about(thing).partition("\n")[0]


def kind(schema: Schema) -> str:
    """What a value may be."""
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        return f"[{name}](#{name.lower()})"
    for key in ("anyOf", "oneOf", "allOf"):
        if key in schema:
            return " or ".join(dict.fromkeys(kind(one) for one in schema[key]))
    if "const" in schema:
        return f"`{schema['const']}`"
    if "enum" in schema:
        return ", ".join(f"`{'null' if one is None else one}`" for one in schema["enum"])
    return ", ".join([_plain(schema), *_bounds(schema)])


def _plain(schema: Schema) -> str:
    name: str = schema.get("type", "")
    inner = schema.get("items") or schema.get("additionalProperties")
    found = str(schema.get("format", "text")) if name == "string" else _NAMES.get(name, name)
    return f"{found} of {kind(inner)}" if isinstance(inner, dict) and inner else found


def _bounds(schema: Schema) -> Iterator[str]:
    for key, words in (_EXACT | _SIZES).items():
        if key in schema:
            yield words.format(str(schema[key]).replace("|", "\\|"))


def table(heads: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    """A table of Markdown; nothing without rows."""
    lines = [" | ".join(cell.replace("\n", " ") for cell in row) for row in rows]
    if not lines:
        return ""
    names = list(heads)
    parts = [" | ".join(names), " | ".join("---" for _ in names), *lines]
    return "\n".join(f"| {part} |" for part in parts) + "\n"


def members(schema: Schema) -> str:
    """The members of an object as a table."""
    required = set(schema.get("required", ()))
    rows = (
        (f"`{name}`", kind(one), "" if name in required else _default(one))
        for name, one in schema.get("properties", {}).items()
    )
    return table(("member", "what it is", "if left out"), rows)


def _default(schema: Schema) -> str:
    if "default" not in schema:
        return "may be"
    value = schema["default"]
    shown = {None: "null", True: "true", False: "false"}.get(value) if _simple(value) else None
    return f"`{shown or value}`"


def _simple(value: object) -> bool:
    return value is None or isinstance(value, bool)


def components(schemas: Mapping[str, Schema]) -> str:
    """A section for each named schema, in alphabetical order."""
    return "\n".join(_component(name, schemas[name]) for name in sorted(schemas))


def _component(name: str, schema: Schema) -> str:
    words = prose(inspect.cleandoc(schema.get("description", ""))).partition("\n\nRaises:")[0]
    body = members(schema) or f"{kind(schema)}\n"
    return f"### {name} {{ #{name.lower()} }}\n\n{words}\n\n{body}"
