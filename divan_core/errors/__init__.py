"""Everything Divan refuses, as classes with a stable ``code``.

The *kind* of an error decides its HTTP status, its Socket.IO acknowledgement and the exit status
of the command, each in one table of the transport. The tree::

    DivanError
    ├── InvalidRequest (400)       IdempotencyKeyInvalid  IdempotencyKeyMissing
    ├── NotAuthenticated (401)     InvalidCredentials  UnknownUser
    ├── NotAllowed (403)           CampusMismatch  Banned  EmailUnverified  Muted
    │                              NotFriends  NotMember  KickedOut  OwnDecision
    ├── NotFound (404)
    ├── Conflict (409)             PresenceRequired  HandleTaken  IdempotencyInProgress
    │                              InviteExists  AlreadyFriends  InviteClosed
    │                              EmailTaken  RoomFull  MessageExists
    │                              AlreadyReported  CaseDecided  CaseOpen  PolicyExists
    │                              AlreadyAppealed  AppealClosed  AppealResolved
    │                              ActivityOpen  ActivityStarted  NotStarted  WrongGame
    │                              NotYourTurn  NotYet  AlreadyMoved
    ├── Gone (410)                 InviteExpired  ConfirmationLapsed  ActivityOver  RoundOver
    ├── TooLarge (413)
    ├── UnsupportedMediaType (415)
    ├── InvalidInput (422)         ValidationFailed  AccuracyTooLow  ImplausibleMovement
    │                              ClockSkew  OutsideCampus  InvalidCursor
    │                              IdempotencyKeyReused  CommitmentMismatch
    ├── LimitExceeded (429)        RateLimited  EnumerationBudget  CooldownActive
    │                              AccountLimited  SlowDown
    ├── Unavailable (503)          StoreUnavailable  OutcomeUnknown  IdempotencyUnavailable
    └── ConfigurationError (never sent to a client: the process does not start)
"""

from __future__ import annotations

from divan_core.errors.desk import (
    AlreadyAppealed,
    AlreadyReported,
    AppealClosed,
    AppealResolved,
    CaseDecided,
    CaseOpen,
    OwnDecision,
    PolicyExists,
)
from divan_core.errors.kinds import (
    ConfigurationError,
    Conflict,
    DivanError,
    ErrorKind,
    FieldError,
    Gone,
    InvalidInput,
    InvalidRequest,
    LimitExceeded,
    NotAllowed,
    NotAuthenticated,
    NotFound,
    TooLarge,
    Unavailable,
    UnsupportedMediaType,
)
from divan_core.errors.playing import (
    ActivityOpen,
    ActivityOver,
    ActivityStarted,
    AlreadyMoved,
    CommitmentMismatch,
    NotStarted,
    NotYet,
    NotYourTurn,
    RoundOver,
    WrongGame,
)

__all__ = [
    "AccountLimited",
    "AccuracyTooLow",
    "ActivityOpen",
    "ActivityOver",
    "ActivityStarted",
    "AlreadyAppealed",
    "AlreadyFriends",
    "AlreadyMoved",
    "AlreadyReported",
    "AppealClosed",
    "AppealResolved",
    "Banned",
    "CampusMismatch",
    "CaseDecided",
    "CaseOpen",
    "ClockSkew",
    "CommitmentMismatch",
    "ConfigurationError",
    "ConfirmationLapsed",
    "Conflict",
    "CooldownActive",
    "DivanError",
    "EmailTaken",
    "EmailUnverified",
    "EnumerationBudget",
    "ErrorKind",
    "FieldError",
    "Gone",
    "HandleTaken",
    "IdempotencyInProgress",
    "IdempotencyKeyInvalid",
    "IdempotencyKeyMissing",
    "IdempotencyKeyReused",
    "IdempotencyUnavailable",
    "ImplausibleMovement",
    "InvalidCredentials",
    "InvalidCursor",
    "InvalidInput",
    "InvalidRequest",
    "InviteClosed",
    "InviteExists",
    "InviteExpired",
    "KickedOut",
    "LimitExceeded",
    "MessageExists",
    "Muted",
    "NotAllowed",
    "NotAuthenticated",
    "NotFound",
    "NotFriends",
    "NotMember",
    "NotStarted",
    "NotYet",
    "NotYourTurn",
    "OutcomeUnknown",
    "OutsideCampus",
    "OwnDecision",
    "PolicyExists",
    "PresenceRequired",
    "RateLimited",
    "RoomFull",
    "RoundOver",
    "SlowDown",
    "StoreUnavailable",
    "TooLarge",
    "Unavailable",
    "UnknownUser",
    "UnsupportedMediaType",
    "ValidationFailed",
    "WrongGame",
]


class IdempotencyKeyInvalid(InvalidRequest):
    """The key is malformed, or was given twice."""

    code = "idempotency_key_invalid"
    title = "The idempotency key is not valid"


class IdempotencyKeyMissing(InvalidRequest):
    """This deployment takes writes with a key only."""

    code = "idempotency_key_missing"
    title = "An idempotency key is required"
    advice = "Send an Idempotency-Key, a new one for each thing to be done."


class InvalidCredentials(NotAuthenticated):
    """The credentials are malformed, forged, expired or not accepted here."""

    code = "invalid_credentials"
    title = "The credentials are not valid"


class UnknownUser(NotAuthenticated):
    """The credentials are well-formed, but there is no such person."""

    code = "unknown_user"
    title = "There is no person with these credentials"


class CampusMismatch(NotAllowed):
    """A campus was named that is not the caller's own."""

    code = "campus_mismatch"
    title = "That is not your campus"


class Banned(NotAllowed):
    """The caller was banned from the community."""

    code = "banned"
    title = "You were banned"


class EmailUnverified(NotAllowed):
    """The password is right, and the mailbox was not confirmed yet."""

    code = "email_unverified"
    title = "Your address is not confirmed"
    advice = "Use the mail that was sent to you, or register again for another one."


class NotFriends(NotAllowed):
    """This is for friends only."""

    code = "not_friends"
    title = "You are not friends"


class NotMember(NotAllowed):
    """This is for those who are in the room."""

    code = "not_member"
    title = "You are not in this room"


class KickedOut(NotAllowed):
    """The caller was put out of the room, and is not added again."""

    code = "kicked"
    title = "You were put out of this room"


class Muted(NotAllowed):
    """The caller may read, and not write for now."""

    code = "muted"
    title = "You may not write now"


class PresenceRequired(Conflict):
    """Nearness is answered only to those who share their own presence."""

    code = "presence_required"
    title = "Send a heartbeat first"


class HandleTaken(Conflict):
    """Another person has this handle."""

    code = "handle_taken"
    title = "That handle is taken"


class EmailTaken(Conflict):
    """Another person has this address. Never told to clients."""

    code = "email_taken"
    title = "That address is somebody's"


class IdempotencyInProgress(Conflict):
    """The first use of the key is still under way."""

    code = "idempotency_in_progress"
    title = "The first request with this key is still under way"
    soon = 1
    advice = "Repeat the request with the same key in a second."


class InviteExists(Conflict):
    """There is an open invite already."""

    code = "invite_exists"
    title = "You have invited this person already"


class AlreadyFriends(Conflict):
    """The two are friends."""

    code = "already_friends"
    title = "You are friends already"


class RoomFull(Conflict):
    """There are as many people in the room as it is for."""

    code = "room_full"
    title = "The room is full"


class MessageExists(Conflict):
    """The sender has used this name for a message before; whoever sends it looks at that one."""

    code = "message_exists"
    title = "The message was sent before"


class InviteClosed(Conflict):
    """The invite was answered or taken back before."""

    code = "invite_closed"
    title = "This invite is closed"


class InviteExpired(Gone):
    """Nobody answered the invite in time."""

    code = "invite_expired"
    title = "This invite has expired"


class ConfirmationLapsed(Gone):
    """Nobody confirmed it in time, or it was taken back before."""

    code = "confirmation_lapsed"
    title = "This can no longer be confirmed"


class ValidationFailed(InvalidInput):
    """Fields are missing, of the wrong type or out of range; ``errors`` names each."""

    code = "validation_failed"
    title = "Some fields are not valid"


class AccuracyTooLow(InvalidInput):
    """The fix is too vague to be used (``accuracy_m`` over 50)."""

    code = "accuracy_too_low"
    title = "The position is too inaccurate"


class ImplausibleMovement(InvalidInput):
    """Nobody moves this fast on a campus."""

    code = "implausible_movement"
    title = "The movement is not plausible"


class ClockSkew(InvalidInput):
    """The client's clock is more than five minutes off the server's."""

    code = "clock_skew"
    title = "The client's clock is wrong"


class OutsideCampus(InvalidInput):
    """The position is farther from the campus's centre than its radius."""

    code = "outside_campus"
    title = "The position is outside the campus"


class InvalidCursor(InvalidInput):
    """The cursor was not made by this list for this caller."""

    code = "invalid_cursor"
    title = "The cursor is not valid here"


class IdempotencyKeyReused(InvalidInput):
    """The key was used before, for something else."""

    code = "idempotency_key_reused"
    title = "The key was used for another request"
    advice = "Use a new key; what the first request did stands."


class RateLimited(LimitExceeded):
    """A sliding window is full; ``retry_after`` says when there is room again."""

    code = "rate_limited"
    title = "Too many requests"


class CooldownActive(LimitExceeded):
    """The caller was too fast for too long, and has to wait."""

    code = "cooldown_active"
    title = "Wait before you write again"


class AccountLimited(LimitExceeded):
    """The caller may not do this for a while, by a decision about their account."""

    code = "account_limited"
    title = "Your account is limited for now"


class SlowDown(LimitExceeded):
    """The caller was told to write less for a while."""

    code = "slow_down"
    title = "Not so fast"


class EnumerationBudget(LimitExceeded):
    """The caller was answered about as many distinct people as may be; others must wait."""

    code = "enumeration_budget"
    title = "Too many different people"


class StoreUnavailable(Unavailable):
    """A store cannot be reached, or did not answer in time."""

    code = "store_unavailable"
    title = "A store is not available"


class OutcomeUnknown(Unavailable):
    """The connection was lost during the commit: all of the unit is kept, or nothing."""

    code = "outcome_unknown"
    title = "Whether it was done is not known"
    advice = "Repeat the request with the same key, if it has one, to settle it; else look first."


class IdempotencyUnavailable(Unavailable):
    """The key could not be kept, so nothing was done."""

    code = "idempotency_unavailable"
    title = "Idempotency keys cannot be kept now"
    advice = "Nothing was done. Repeat the request with the same key later."
