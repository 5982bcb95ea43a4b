"""What every refusal is, and the kinds of them that transports tell apart."""

from __future__ import annotations

import enum
from collections.abc import Iterable
from typing import ClassVar

import attrs


class ErrorKind(enum.Enum):
    """What sort of refusal an error is; transports translate this and nothing else."""

    BAD_REQUEST = "bad_request"
    UNAUTHENTICATED = "unauthenticated"
    FORBIDDEN = "forbidden"
    NOT_FOUND = "not_found"
    CONFLICT = "conflict"
    GONE = "gone"
    TOO_LARGE = "too_large"
    UNSUPPORTED = "unsupported"
    INVALID = "invalid"
    LIMITED = "limited"
    UNAVAILABLE = "unavailable"
    MISCONFIGURED = "misconfigured"


@attrs.frozen
class FieldError:
    """One fault of one field: where it is (``$.lat``, ``query.limit``) and what is allowed."""

    path: str
    message: str


class DivanError(Exception):
    """A refusal that the caller can read and act on.

    ``code`` is stable and meant for programs, ``title`` names the class of problem, ``detail``
    tells this caller what to do (``advice`` where nothing more is said), ``errors`` lists faults
    by field, ``retry_after`` is in whole seconds and set when trying again later can help (``soon``
    where nothing more is said).
    """

    kind: ClassVar[ErrorKind]
    code: ClassVar[str]
    title: ClassVar[str]
    advice: ClassVar[str] = ""
    soon: ClassVar[int | None] = None

    def __init__(
        self,
        detail: str = "",
        *,
        errors: Iterable[FieldError] = (),
        retry_after: int | None = None,
    ) -> None:
        self.detail = detail or self.advice or self.title
        self.errors = tuple(errors)
        self.retry_after = self.soon if retry_after is None else retry_after
        super().__init__(self.detail)


class InvalidRequest(DivanError):
    """The request cannot be read at all."""

    kind = ErrorKind.BAD_REQUEST
    code = "bad_request"
    title = "The request cannot be read"


class NotAuthenticated(DivanError):
    """There are no credentials where some are needed."""

    kind = ErrorKind.UNAUTHENTICATED
    code = "unauthenticated"
    title = "Credentials are required"


class NotAllowed(DivanError):
    """The caller is known and may not do this."""

    kind = ErrorKind.FORBIDDEN
    code = "forbidden"
    title = "You may not do this"


class NotFound(DivanError):
    """There is no such thing, or the caller may not know of it: the answer is the same."""

    kind = ErrorKind.NOT_FOUND
    code = "not_found"
    title = "There is no such thing"


class Conflict(DivanError):
    """The request does not fit the present state."""

    kind = ErrorKind.CONFLICT
    code = "conflict"
    title = "The request does not fit the present state"


class Gone(DivanError):
    """The thing existed and its time is over."""

    kind = ErrorKind.GONE
    code = "gone"
    title = "That is over"


class TooLarge(DivanError):
    """The body or event is larger than the limit."""

    kind = ErrorKind.TOO_LARGE
    code = "body_too_large"
    title = "The body is too large"


class UnsupportedMediaType(DivanError):
    """The body's media type is not accepted."""

    kind = ErrorKind.UNSUPPORTED
    code = "unsupported_media_type"
    title = "Send application/json"


class InvalidInput(DivanError):
    """The request is well-formed, and what it says is not possible."""

    kind = ErrorKind.INVALID
    code = "invalid_input"
    title = "The input is not valid"


class LimitExceeded(DivanError):
    """Too much in too short a time."""

    kind = ErrorKind.LIMITED
    code = "limit_exceeded"
    title = "That is too much"


class Unavailable(DivanError):
    """Something that is needed does not answer."""

    kind = ErrorKind.UNAVAILABLE
    code = "unavailable"
    title = "A dependency is not available"
    soon = 1


class ConfigurationError(DivanError):
    """A setting is missing or wrong; the message says which and what is allowed."""

    kind = ErrorKind.MISCONFIGURED
    code = "misconfigured"
    title = "The configuration is not valid"
