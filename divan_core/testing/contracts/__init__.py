"""Contracts of the ports as test classes: whoever writes a store inherits them and gives fixtures.

A suite needs pytest, anyio and hypothesis, and nothing of Divan's own test folder::

    class TestMyPresence(PresenceContract):
        @pytest.fixture
        def live(self, clock):
            return my_live_stores(clock)
"""

import pkgutil

import pytest

for _suite in pkgutil.iter_modules(__path__, f"{__name__}."):
    pytest.register_assert_rewrite(_suite.name)
