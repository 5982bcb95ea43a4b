"""How much is tried: a part that shows the same in minutes, or all of it."""

import os
from typing import Final

THOROUGH: Final = bool(os.environ.get("DIVAN_THOROUGH"))
"""``python3 noxfile.py -s thorough`` sets the variable."""

_FEW: Final = 8


def examples(many: int) -> int:
    """So many at length; by default a third, others in each run, and no fewer than eight."""
    return many if THOROUGH else max(many // 3, min(many, _FEW))
