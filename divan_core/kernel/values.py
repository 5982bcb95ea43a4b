"""Values that are frozen where it is checked, and fast where they run.

Setting a field of a :func:`value` is an error for the type checker. While running nothing checks
it again, because an attrs class that does takes three times as long to make, and an answer makes
dozens of them. (attrs documents this way in "Type Annotations", "Frozen at type-checking time".)
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from attrs import frozen as value
else:
    from functools import partial

    import attrs

    value = partial(attrs.define, unsafe_hash=True)

__all__ = ["value"]
