"""Whether tests try all that is there, or a part that shows the same in a fraction of the time."""

import os
from typing import Final

THOROUGH: Final = "DIVAN_THOROUGH" in os.environ
"""``python3 noxfile.py -s thorough`` sets the variable."""
