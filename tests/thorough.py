"""How much is tried: what fits into minutes, or all of it, with ``DIVAN_THOROUGH`` set."""

import os

THOROUGH = bool(os.environ.get("DIVAN_THOROUGH"))
FEW = 8


def examples(many: int) -> int:
    """So many at length; by default a third, others in each run, and no fewer than 8."""
    return many if THOROUGH else max(many // 3, min(many, FEW))
