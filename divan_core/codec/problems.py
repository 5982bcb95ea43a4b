"""Refusals as problem documents (RFC 9457), the same through every door."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import attrs
from msgspec import UNSET, UnsetType

from divan_core.errors import DivanError, ErrorKind, FieldError

STATUSES: Final[Mapping[ErrorKind, int]] = {
    ErrorKind.BAD_REQUEST: 400,
    ErrorKind.UNAUTHENTICATED: 401,
    ErrorKind.FORBIDDEN: 403,
    ErrorKind.NOT_FOUND: 404,
    ErrorKind.CONFLICT: 409,
    ErrorKind.GONE: 410,
    ErrorKind.TOO_LARGE: 413,
    ErrorKind.UNSUPPORTED: 415,
    ErrorKind.INVALID: 422,
    ErrorKind.LIMITED: 429,
    ErrorKind.UNAVAILABLE: 503,
    ErrorKind.MISCONFIGURED: 500,
}


@attrs.frozen
class Problem:
    """Why a request was refused. ``retry_after`` is in whole seconds."""

    type: str
    title: str
    status: int
    detail: str
    code: str
    request_id: str
    errors: tuple[FieldError, ...] | UnsetType = UNSET
    retry_after: int | UnsetType = UNSET


def problem_of(refusal: DivanError, request_id: str) -> Problem:
    """The problem that tells of a refusal."""
    return attrs.evolve(
        problem(STATUSES[refusal.kind], refusal.code, refusal.title, request_id),
        detail=refusal.detail,
        errors=refusal.errors or UNSET,
        retry_after=UNSET if refusal.retry_after is None else refusal.retry_after,
    )


def problem(status: int, code: str, title: str, request_id: str) -> Problem:
    """A problem that has nothing to say beyond its title."""
    return Problem(f"urn:divan:problem:{code}", title, status, title, code, request_id)


def crash(request_id: str) -> Problem:
    """What a client learns of a bug."""
    return problem(500, "internal_error", "Something went wrong here", request_id)
