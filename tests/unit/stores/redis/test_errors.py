import pytest

from divan_core.errors import ConfigurationError, ErrorKind, StoreUnavailable
from divan_core.stores.redis.errors import (
    RedisOutcomeUnknown,
    RedisReplyError,
    as_divan_error,
    as_greeting_error,
    with_cause,
)


@pytest.mark.parametrize(
    "text",
    [
        "LOADING Redis is loading the dataset in memory",
        "READONLY You can't write against a read only replica.",
        "CLUSTERDOWN The cluster is down",
        "OOM command not allowed when used memory > 'maxmemory'.",
        "BUSY Redis is busy running a script.",
        "NOAUTH Authentication required.",
        "ERR max number of clients reached",
        # Redis 6.2 wraps what a script's own calls were answered with.
        "ERR Error running script (call to f_1f): @user_script:1: @user_script: 1: -OOM command no",
    ],
)
def test_a_server_that_will_not_work_now_is_unavailable(text: str) -> None:
    assert isinstance(as_divan_error(RedisReplyError(text)), StoreUnavailable)


@pytest.mark.parametrize(
    "text",
    [
        "WRONGTYPE Operation against a key holding the wrong kind of value",
        "ERR unknown command 'GETT'",
        "ERR Error running script (call to f_1f): @user_script:1: user_script:1: OOPS",
        "",
    ],
)
def test_any_other_answer_is_a_bug(text: str) -> None:
    error = RedisReplyError(text)
    assert as_divan_error(error) is error


@pytest.mark.parametrize(
    "text",
    [
        "WRONGPASS invalid username-password pair or user is disabled.",
        "NOAUTH HELLO must be called with the client already authenticated",
        "NOPERM this user has no permissions to run the 'select' command",
        "NOPROTO unsupported protocol version",
        "ERR unknown command `HELLO`",
        "ERR DB index is out of range",
    ],
)
def test_a_greeting_that_is_refused_is_a_wrong_configuration(text: str) -> None:
    assert isinstance(as_greeting_error(RedisReplyError(text)), ConfigurationError)


@pytest.mark.parametrize("text", ["ERR max number of clients reached", "LOADING wait"])
def test_a_greeting_that_comes_too_early_is_not(text: str) -> None:
    assert isinstance(as_greeting_error(RedisReplyError(text)), StoreUnavailable)


def test_an_unknown_outcome_is_unavailability_with_a_code_of_its_own() -> None:
    unknown = RedisOutcomeUnknown()
    assert isinstance(unknown, StoreUnavailable)
    assert (unknown.kind, unknown.code) == (ErrorKind.UNAVAILABLE, "outcome_unknown")
    assert unknown.retry_after == 1


def test_the_log_learns_the_cause() -> None:
    fault = StoreUnavailable("Away")
    assert with_cause(fault) == "Away"
    fault.__cause__ = OSError("refused")
    assert with_cause(fault) == "Away (OSError: refused)"
