"""The threads of SQLite, and the units that are handed to them."""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
import functools
import itertools
import queue
import threading
import time
from collections import deque
from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future
from contextlib import AbstractContextManager
from typing import Any, Final, Generic, TypeVar

from divan_core.errors import StoreUnavailable
from divan_core.kernel.urgency import is_patient
from divan_core.stores.sql.connection import SqlConnection
from divan_core.stores.sql.faults import refusal
from divan_core.stores.sql.settling import settled
from divan_core.stores.sql.sqlite_session import Outcome, SqliteSession

ResultT = TypeVar("ResultT")

MOST_IN_GROUP: Final = 64
"""How many units are committed together at most."""

PATIENCE_S: Final = 0.05
"""How long a unit in no hurry lets others go first."""


class Job(Generic[ResultT]):
    """A unit on its way to a thread and back."""

    def __init__(
        self, body: Callable[[SqlConnection], Awaitable[ResultT]], *, reading: bool
    ) -> None:
        """Run ``body`` for a caller on the running event loop, in the caller's context."""
        self.reading = reading
        self.patient = is_patient()
        self._since = time.monotonic()
        self._body = body
        self._context = contextvars.copy_context()
        self._loop = asyncio.get_running_loop()
        self._future: asyncio.Future[ResultT] = self._loop.create_future()
        self._claimed = threading.Lock()

    @property
    def loop(self) -> asyncio.AbstractEventLoop:
        """Where the caller waits."""
        return self._loop

    @property
    def is_overdue(self) -> bool:
        """Whether it has waited for others long enough."""
        return time.monotonic() - self._since > PATIENCE_S

    def claim(self) -> bool:
        """Take the job: the thread to run it, or the caller to withdraw it. The first one wins."""
        return self._claimed.acquire(blocking=False)

    def run(self, connection: SqlConnection) -> Awaitable[ResultT]:
        """Begin the body, to be run to its end by a session."""
        return self._body(connection)

    def within_context(self, work: Callable[[], Outcome]) -> Outcome:
        """Do work of the session with the caller's context variables."""
        return self._context.run(work)

    def resolve(self, outcome: Outcome) -> None:
        """Tell the caller, on its loop."""
        if self._future.done():
            return
        if outcome.error is not None:
            self._future.set_exception(outcome.error)
        else:
            self._future.set_result(outcome.result)

    async def finished(self) -> ResultT:
        """Wait for the outcome.

        Cancelled before it began, the job is withdrawn. Cancelled later, a reading job is left to
        itself; a writing one is awaited to its end, because then its commit cannot be stopped.
        """
        try:
            return await (self._future if self.reading else asyncio.shield(self._future))
        except asyncio.CancelledError:
            if self.claim() or self.reading:
                self._future.cancel()
            else:
                with contextlib.suppress(Exception):
                    await settled(self._future)
            raise


class Inbox:
    """Jobs that wait for a thread. Those in no hurry let the others go first."""

    def __init__(self) -> None:
        """Begin empty."""
        self._urgent: deque[Job[Any]] = deque()
        self._patient: deque[Job[Any]] = deque()
        self._signs: queue.SimpleQueue[None] = queue.SimpleQueue()
        # One for each job, put after it, and one for each thread that is to end.

    def put(self, job: Job[Any]) -> None:
        """Leave a job."""
        (self._patient if job.patient else self._urgent).append(job)
        self._signs.put(None)

    def close(self) -> None:
        """Let one thread end once it has done what was left before."""
        self._signs.put(None)

    def take(self) -> Job[Any] | None:
        """Wait for the next job; None when the thread is to end."""
        self._signs.get()
        for waiting in (self._urgent, self._patient):
            with contextlib.suppress(IndexError):
                return waiting.popleft()
        return None

    def beside(self, first: Job[Any]) -> Iterator[Job[Any]]:
        """Take those that are to be committed together with a first one, without waiting.

        Once one is in a hurry, nobody else's body is what its commit waits for; but one of those
        that have waited for long goes along, so that all get their turn.
        """
        hurried = not first.patient
        with contextlib.suppress(queue.Empty):
            while self._urgent or (self._patient and not hurried):
                hurried = hurried or bool(self._urgent)
                yield self._taken(self._urgent or self._patient)
            if self._patient and self._patient[0].is_overdue:
                yield self._taken(self._patient)

    def _taken(self, waiting: deque[Job[Any]]) -> Job[Any]:
        self._signs.get_nowait()
        return waiting.popleft()


class SqliteThread:
    """A thread that opens a session of its own and serves the jobs of an inbox."""

    def __init__(
        self, inbox: Inbox, session: Callable[[], AbstractContextManager[SqliteSession]], most: int
    ) -> None:
        """Serve ``inbox``; commit at most ``most`` writing jobs together."""
        self._inbox = inbox
        self._session = session
        self._most = most
        self._opened: Future[None] = Future()
        self._thread = threading.Thread(target=self._run, name="divan-sqlite", daemon=True)

    async def start(self) -> None:
        """Start the thread; raises what its session raises when it opens."""
        self._thread.start()
        await asyncio.wrap_future(self._opened)

    async def join(self) -> None:
        """Wait until the thread has ended."""
        await settled(asyncio.to_thread(self._thread.join))

    def _run(self) -> None:
        try:
            with self._session() as session:
                self._opened.set_result(None)
                while (job := self._inbox.take()) is not None:
                    deliver(self._serve(session, job))
        except Exception as fault:  # noqa: BLE001 - whoever opens the store hears of it
            if not self._opened.done():
                self._opened.set_exception(fault)

    def _serve(self, session: SqliteSession, job: Job[Any]) -> list[tuple[Job[Any], Outcome]]:
        if not job.reading:
            return commit_group(session, job, self._inbox, self._most)
        if not job.claim():
            return []
        return [(job, job.within_context(lambda: session.read(job.run)))]


def commit_group(
    session: SqliteSession, first: Job[Any], inbox: Inbox, most: int
) -> list[tuple[Job[Any], Outcome]]:
    """Run a job and those that wait behind it in one transaction, and commit them together.

    Each has a savepoint of its own. When the commit fails, all that had succeeded are refused.
    """
    jobs = itertools.chain((first,), itertools.islice(inbox.beside(first), most - 1))
    done: list[tuple[Job[Any], Outcome]] = []
    try:
        session.begin()
        done.extend(_written(session, jobs))
        session.commit()
    except Exception as fault:  # noqa: BLE001 - the callers hear of it
        session.roll_back()
        return _refused(done, fault) + _refused(_unbegun(jobs), fault)
    return done


def _written(
    session: SqliteSession, jobs: Iterable[Job[Any]]
) -> Iterator[tuple[Job[Any], Outcome]]:
    for job in jobs:
        if job.claim():
            yield job, job.within_context(functools.partial(session.write, job.run))
            if not session.in_transaction:  # else the next savepoint would begin one of its own
                raise StoreUnavailable("The transaction was ended.")


def _unbegun(jobs: Iterable[Job[Any]]) -> list[tuple[Job[Any], Outcome]]:
    return [(job, Outcome()) for job in jobs if job.claim()]


def _refused(
    jobs: Iterable[tuple[Job[Any], Outcome]], fault: Exception
) -> list[tuple[Job[Any], Outcome]]:
    """The same jobs; those without an error of their own with that of the group."""
    return [
        (job, outcome if outcome.error else Outcome(error=_uncommitted(fault)))
        for job, outcome in jobs
    ]


def _uncommitted(fault: Exception) -> BaseException:
    meaning = refusal(fault)
    if not isinstance(meaning, StoreUnavailable):
        meaning = StoreUnavailable("The commit failed.")
    meaning.__cause__ = fault
    return meaning


def deliver(outcomes: Sequence[tuple[Job[Any], Outcome]]) -> None:
    """Tell the callers, waking each event loop once."""
    for loop in {job.loop for job, _ in outcomes}:
        told = [(job, outcome) for job, outcome in outcomes if job.loop is loop]
        with contextlib.suppress(RuntimeError):  # a loop that was closed has nobody waiting
            loop.call_soon_threadsafe(_resolve, told)


def _resolve(outcomes: Iterable[tuple[Job[Any], Outcome]]) -> None:
    for job, outcome in outcomes:
        job.resolve(outcome)
