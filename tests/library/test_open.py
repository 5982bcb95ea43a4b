"""What opening and closing a Divan does to the program around it."""

import pytest

from divan_core import Divan, Settings, SyncDivan
from divan_core.stores.bundle import Stores


@pytest.mark.anyio
async def test_the_callers_own_exception_comes_out_as_it_was(
    stores: Stores, settings: Settings
) -> None:
    fault = LookupError("the caller's own")
    with pytest.raises(LookupError) as caught:
        async with Divan.open(settings, stores=stores):
            raise fault
    assert caught.value is fault


def test_so_it_does_from_programs_that_wait(settings: Settings, stores: Stores) -> None:
    fault = LookupError("the caller's own")
    with pytest.raises(LookupError) as caught, SyncDivan.open(settings, stores=stores):
        raise fault
    assert caught.value is fault
