"""Values: frozen attrs classes to whoever reads or checks them, made in C while running.

An answer makes dozens of values, and a class of attrs alone takes three times as long to make one
as a struct of msgspec does. So :func:`value` is ``attrs.frozen`` to the type checker, and a frozen
struct that attrs knows as its own (``attrs.evolve``, ``attrs.fields``) to the interpreter.

A :func:`kept_value` is one that stores keep by the thousand: codecs write it as the list of its
fields, without their names. So a new field stands last and has a default.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from attrs import frozen as kept_value
    from attrs import frozen as value
else:
    import attrs
    from msgspec import Struct

    _OF_PLAIN_CLASSES = {"__dict__", "__weakref__"}

    def value(plain: type) -> type:
        """The class of values that this class describes."""
        return _made(plain)

    def kept_value(plain: type) -> type:
        """The same, of values that are written without the names of their fields."""
        return _made(plain, array_like=True)

    def _made(plain: type, **options: bool) -> type:
        names = {name: kept for name, kept in vars(plain).items() if name not in _OF_PLAIN_CLASSES}
        names["__attrs_attrs__"] = attrs.fields(attrs.define(plain))
        bases = (Struct, *(base for base in plain.__bases__ if base is not object))
        return type(Struct)(plain.__name__, bases, names, frozen=True, **options)


__all__ = ["kept_value", "value"]
