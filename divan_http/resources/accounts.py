"""Oneself, and the campuses there are."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import Final

from divan_core.accounts.messages import (
    CampusView,
    ChangePrivacy,
    ChangeProfile,
    ListQuery,
    OwnAccount,
    PrivacyView,
)
from divan_core.divan import Divan
from divan_core.errors import InvalidCursor, OutcomeUnknown, StoreUnavailable
from divan_core.kernel.actor import Actor
from divan_core.kernel.gate import CLOSED
from divan_core.kernel.paging import Page
from divan_http.operation import Nothing, Operation, PersonOperation, PublicOperation


def me(divan: Divan, actor: Actor, _: Nothing) -> Awaitable[OwnAccount]:
    """Show your own account."""
    return divan.accounts.me(actor)


def change_profile(divan: Divan, actor: Actor, command: ChangeProfile) -> Awaitable[OwnAccount]:
    """Change what others read about you; fields that are not sent stay."""
    return divan.accounts.change_profile(actor, command)


def change_privacy(divan: Divan, actor: Actor, command: ChangePrivacy) -> Awaitable[PrivacyView]:
    """Change how you are seen, from the very next answer on; fields that are not sent stay."""
    return divan.accounts.change_privacy(actor, command)


def campuses(divan: Divan, query: ListQuery) -> Awaitable[Page[CampusView]]:
    """List all campuses."""
    return divan.accounts.campuses(query)


OPERATIONS: Final[tuple[Operation, ...]] = (
    PersonOperation(
        method="GET",
        path="/me",
        name="accounts.me",
        command=Nothing,
        view=OwnAccount,
        perform=me,
    ),
    PersonOperation(
        method="PATCH",
        path="/me/profile",
        name="accounts.change_profile",
        command=ChangeProfile,
        view=OwnAccount,
        perform=change_profile,
        errors=(*CLOSED, OutcomeUnknown),
    ),
    PersonOperation(
        method="PATCH",
        path="/me/privacy",
        name="accounts.change_privacy",
        command=ChangePrivacy,
        view=PrivacyView,
        perform=change_privacy,
        errors=(OutcomeUnknown,),
    ),
    PublicOperation(
        method="GET",
        path="/campuses",
        name="accounts.campuses",
        command=ListQuery,
        view=Page[CampusView],
        perform=campuses,
        errors=(InvalidCursor, StoreUnavailable),
    ),
)
