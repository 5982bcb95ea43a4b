"""What people say, prove themselves by and where they are, watched in every test.

Whatever a test gives to Divan that is theirs is a canary for as long as the test lasts
(``inputs.py``); whatever operators see of it meanwhile is kept (``outputs.py``); and a test after
which one is found in the other has failed (``watch.py``). What may be seen, by the contract: ids,
names of things and of events, codes, routes, public points; never a body, a credential, an e-mail
address, a coordinate. Events are no exception: messages reach subscribers by their numbers.
"""

from tests.canaries import inputs, outputs
from tests.canaries.watch import WATCH

__all__ = ["WATCH", "begin"]


def begin() -> None:
    """Watch all that this process does from now on, through :data:`WATCH`."""
    inputs.watched(WATCH)
    outputs.watched(WATCH)
