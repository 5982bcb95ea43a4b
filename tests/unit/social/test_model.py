"""Friendships and blocks are between two people."""

from uuid import UUID

import pytest

from divan_core.errors import InvalidInput
from divan_core.kernel.ids import UserId
from divan_core.social.model import Block, Friendship

ANA, BEN = UserId(UUID(int=1)), UserId(UUID(int=2))


def test_a_friendship_is_the_same_from_both_sides() -> None:
    assert Friendship.between(BEN, ANA) == Friendship.between(ANA, BEN) == Friendship(ANA, BEN)


def test_nobody_befriends_or_blocks_themselves() -> None:
    with pytest.raises(InvalidInput):
        Friendship.between(ANA, ANA)
    with pytest.raises(InvalidInput):
        Block(ANA, ANA)
