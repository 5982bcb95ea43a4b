"""What restrictions mean for what somebody wants to do."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from divan_core.errors import AccountLimited, Banned, CooldownActive, Muted, SlowDown
from divan_core.kernel.clock import Millis
from divan_core.kernel.gate import CLOSED, Act, Decision, Verdict, check_verdict
from divan_core.safety.clearance import clearance
from divan_core.safety.model import Restraint, Restriction
from divan_core.testing.contracts.restrictions import NOW, restriction


def of(restraint: Restraint, **changes: Any) -> Restriction:
    return restriction(1, restraint=restraint, **changes)


@pytest.mark.parametrize("act", Act)
@pytest.mark.parametrize(
    ("restraint", "decision"),
    [
        (Restraint.SLOW, Decision.SLOWED),
        (Restraint.COOLDOWN, Decision.COOLING),
        (Restraint.MUTE, Decision.MUTED),
        (Restraint.SHADOW, Decision.SHADOWED),
        (Restraint.RESTRICT_CREATE, Decision.LIMITED),
        (Restraint.BAN, Decision.BANNED),
    ],
)
def test_what_restrains_from_everything(act: Act, restraint: Restraint, decision: Decision) -> None:
    assert clearance([of(restraint)], act, NOW) == Verdict(decision)


@pytest.mark.parametrize("act", Act)
def test_who_may_only_not_invite(act: Act) -> None:
    found = clearance([of(Restraint.RESTRICT_INVITES)], act, NOW)
    assert (found.decision is Decision.LIMITED) == (act is Act.INVITE)


def test_until_when() -> None:
    mute = of(Restraint.MUTE, until=Millis(NOW + 1_001))
    longer = of(Restraint.MUTE, until=Millis(NOW + 5_000))
    endless = of(Restraint.MUTE)
    assert clearance([mute], Act.MESSAGE, NOW).retry_after == 2
    assert clearance([mute, longer], Act.MESSAGE, NOW).retry_after == 5
    assert clearance([mute, endless], Act.MESSAGE, NOW).retry_after is None
    later = Millis(NOW + 1_001)
    assert clearance([mute], Act.MESSAGE, later) == Verdict()
    shadow = of(Restraint.SHADOW, until=longer.until)
    assert clearance([shadow, mute], Act.MESSAGE, NOW).decision is Decision.MUTED
    assert clearance([shadow, mute], Act.MESSAGE, later) == Verdict(Decision.SHADOWED)


def test_limits_of_two_kinds_end_with_the_last() -> None:
    create = of(Restraint.RESTRICT_CREATE, until=Millis(NOW + 1_000))
    invites = of(Restraint.RESTRICT_INVITES, until=Millis(NOW + 9_000))
    assert clearance([create, invites], Act.INVITE, NOW).retry_after == 9
    assert clearance([create, invites], Act.MESSAGE, NOW).retry_after == 1


@given(
    st.lists(
        st.builds(
            of,
            st.sampled_from(Restraint),
            since=st.sampled_from([NOW - 5, NOW, NOW + 5]),
            until=st.sampled_from([None, NOW, NOW + 5]),
            lifted_at=st.sampled_from([None, None, NOW]),
        ),
        max_size=4,
    ),
    st.sampled_from(Act),
)
def test_only_what_stands_counts(restrictions: list[Restriction], act: Act) -> None:
    standing = [one for one in restrictions if one.stands(NOW)]
    assert clearance(restrictions, act, NOW) == clearance(standing, act, NOW)
    if not standing:
        assert clearance(restrictions, act, NOW) == Verdict()


@pytest.mark.parametrize(
    ("decision", "refusal"),
    [
        (Decision.SLOWED, SlowDown),
        (Decision.COOLING, CooldownActive),
        (Decision.LIMITED, AccountLimited),
        (Decision.MUTED, Muted),
        (Decision.BANNED, Banned),
    ],
)
def test_what_a_verdict_refuses_with(decision: Decision, refusal: type[Exception]) -> None:
    with pytest.raises(refusal) as refused:
        check_verdict(Verdict(decision, 7))
    assert refused.value.retry_after == 7  # type: ignore[attr-defined]
    assert refusal in CLOSED


def test_what_a_verdict_lets_pass() -> None:
    assert check_verdict(Verdict()) is False
    assert check_verdict(Verdict(Decision.SHADOWED)) is True
