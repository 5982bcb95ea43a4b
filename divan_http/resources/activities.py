"""Games between friends."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import Annotated, Any, Final

import attrs
from msgspec import Meta

from divan_core.activities.games.rps import Commit, Reveal
from divan_core.activities.games.story import ContinueStory
from divan_core.activities.games.trivia import AnswerQuestion
from divan_core.activities.games.typing import SubmitText
from divan_core.activities.messages import (
    ActivitiesQuery,
    ActivityId,
    ActivityQuery,
    ActivityView,
    CreateActivity,
    MakeMove,
    PromptView,
    SeedActivity,
    prompt_of,
)
from divan_core.divan import Divan
from divan_core.errors import (
    ActivityOpen,
    ActivityOver,
    ActivityStarted,
    AlreadyMoved,
    CommitmentMismatch,
    Conflict,
    DivanError,
    InvalidCursor,
    InvalidInput,
    NotFound,
    NotFriends,
    NotStarted,
    NotYet,
    NotYourTurn,
    OutcomeUnknown,
    RateLimited,
    RoundOver,
    WrongGame,
)
from divan_core.kernel.actor import Actor
from divan_core.kernel.gate import CLOSED
from divan_core.kernel.once import Done, IdempotencyKey
from divan_core.kernel.paging import Page
from divan_http.operation import KeyedOperation, Operation, PersonOperation

ACTING: Final[tuple[type[DivanError], ...]] = (
    *CLOSED,
    NotFound,
    ActivityOver,
    Conflict,
    RateLimited,
)
PLAYING: Final[tuple[type[DivanError], ...]] = (
    *ACTING,
    WrongGame,
    NotStarted,
    NotYet,
    AlreadyMoved,
    RoundOver,
)
"""What every move can be refused with, whatever the game."""


@attrs.frozen
class SeedTrivia:
    """Draw other questions; as many as before unless ``questions`` says how many."""

    activity_id: ActivityId
    questions: Annotated[int, Meta(ge=1, le=20)] | None = None


def create(
    divan: Divan, actor: Actor, command: CreateActivity, key: IdempotencyKey | None
) -> Awaitable[Done[ActivityView]]:
    """Ask a friend for a game; it waits in its lobby until one of you starts it."""
    return divan.activities.create(actor, command, idempotency_key=key)


def start(divan: Divan, actor: Actor, query: ActivityQuery) -> Awaitable[ActivityView]:
    """Begin a game; starting again changes nothing."""
    return divan.activities.start(actor, query)


def cancel(divan: Divan, actor: Actor, query: ActivityQuery) -> Awaitable[ActivityView]:
    """End a game without a winner; cancelling again changes nothing."""
    return divan.activities.cancel(actor, query)


def mine(divan: Divan, actor: Actor, query: ActivitiesQuery) -> Awaitable[Page[ActivityView]]:
    """List your games, the newest first."""
    return divan.activities.mine(actor, query)


def show(divan: Divan, actor: Actor, query: ActivityQuery) -> Awaitable[ActivityView]:
    """Show a game of yours, with what you may know of it by now."""
    return divan.activities.get(actor, query)


async def prompt(divan: Divan, actor: Actor, query: ActivityQuery) -> PromptView:
    """Show what is to be typed in the open round of a typing duel."""
    return prompt_of(await divan.activities.get(actor, query))


def seed_trivia(divan: Divan, actor: Actor, command: SeedTrivia) -> Awaitable[ActivityView]:
    """Draw other questions for a trivia game that is in its lobby."""
    options = {} if command.questions is None else {"questions": command.questions}
    seeding = SeedActivity(command.activity_id, options, kind="trivia")
    return divan.activities.seed(actor, seeding)


def move(
    divan: Divan, actor: Actor, command: MakeMove, key: IdempotencyKey | None
) -> Awaitable[Done[ActivityView]]:
    """Make a move of any game by its name, those of the host's own games included."""
    return divan.activities.move(actor, command, idempotency_key=key)


def commit(
    divan: Divan, actor: Actor, command: Commit, key: IdempotencyKey | None
) -> Awaitable[Done[ActivityView]]:
    """Commit to a choice in rock-paper-scissors, which the other one cannot learn from it."""
    return divan.activities.play(actor, command, idempotency_key=key)


def reveal(
    divan: Divan, actor: Actor, command: Reveal, key: IdempotencyKey | None
) -> Awaitable[Done[ActivityView]]:
    """Show the choice that you have committed to."""
    return divan.activities.play(actor, command, idempotency_key=key)


def submit_text(
    divan: Divan, actor: Actor, command: SubmitText, key: IdempotencyKey | None
) -> Awaitable[Done[ActivityView]]:
    """Hand in what you have typed; the server's clock says how long you took."""
    return divan.activities.play(actor, command, idempotency_key=key)


def answer_question(
    divan: Divan, actor: Actor, command: AnswerQuestion, key: IdempotencyKey | None
) -> Awaitable[Done[ActivityView]]:
    """Answer the open question of a trivia game; whether you are right shows when it closes."""
    return divan.activities.play(actor, command, idempotency_key=key)


def continue_story(
    divan: Divan, actor: Actor, command: ContinueStory, key: IdempotencyKey | None
) -> Awaitable[Done[ActivityView]]:
    """Write the next part of a story, when it is your turn."""
    return divan.activities.play(actor, command, idempotency_key=key)


def _moving(
    path: str,
    name: str,
    command: type[Any],
    perform: Any,  # noqa: ANN401 - of this very command
    *errors: type[DivanError],
) -> Operation:
    """A move of one of Divan's games."""
    return KeyedOperation(
        method="POST",
        path=path,
        name=name,
        command=command,
        view=ActivityView,
        perform=perform,
        errors=(*PLAYING, *errors),
    )


OPERATIONS: Final[tuple[Operation, ...]] = (
    KeyedOperation(
        method="POST",
        path="/activities/with/{peer_id}",
        name="activities.create",
        command=CreateActivity,
        view=ActivityView,
        perform=create,
        errors=(*CLOSED, NotFound, NotFriends, ActivityOpen, InvalidInput, RateLimited),
    ),
    PersonOperation(
        method="GET",
        path="/activities",
        name="activities.mine",
        command=ActivitiesQuery,
        view=Page[ActivityView],
        perform=mine,
        errors=(InvalidCursor,),
    ),
    PersonOperation(
        method="GET",
        path="/activities/{activity_id}",
        name="activities.show",
        command=ActivityQuery,
        view=ActivityView,
        perform=show,
        errors=(NotFound, OutcomeUnknown),
    ),
    PersonOperation(
        method="POST",
        path="/activities/{activity_id}/start",
        name="activities.start",
        command=ActivityQuery,
        view=ActivityView,
        perform=start,
        errors=(*ACTING, NotFriends, OutcomeUnknown),
    ),
    PersonOperation(
        method="POST",
        path="/activities/{activity_id}/cancel",
        name="activities.cancel",
        command=ActivityQuery,
        view=ActivityView,
        perform=cancel,
        errors=(*ACTING, OutcomeUnknown),
    ),
    PersonOperation(
        method="GET",
        path="/activities/{activity_id}/typing/prompt",
        name="activities.prompt",
        command=ActivityQuery,
        view=PromptView,
        perform=prompt,
        errors=(NotFound, WrongGame, NotStarted, OutcomeUnknown),
    ),
    PersonOperation(
        method="POST",
        path="/activities/{activity_id}/trivia/seed",
        name="activities.trivia.seed",
        command=SeedTrivia,
        view=ActivityView,
        perform=seed_trivia,
        errors=(*ACTING, WrongGame, ActivityStarted, OutcomeUnknown),
    ),
    _moving(
        "/activities/{activity_id}/moves",
        "activities.move",
        MakeMove,
        move,
        NotYourTurn,
        CommitmentMismatch,
    ),
    _moving(
        "/activities/typing/submissions", "activities.typing_duel.submit", SubmitText, submit_text
    ),
    _moving(
        "/activities/story/submissions",
        "activities.story.continue",
        ContinueStory,
        continue_story,
        NotYourTurn,
    ),
    _moving(
        "/activities/trivia/answers",
        "activities.trivia.answer",
        AnswerQuestion,
        answer_question,
    ),
    _moving("/activities/rps/commit", "activities.rps.commit", Commit, commit),
    _moving("/activities/rps/reveal", "activities.rps.reveal", Reveal, reveal, CommitmentMismatch),
)
