"""The contract of :class:`~divan_core.activities.games.game.Game`, for the games of any host."""

from __future__ import annotations

import attrs
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    precondition,
    rule,
    run_state_machine_as_test,
)

from divan_core.activities.games.registry import Games, read_options
from divan_core.kernel.ids import UserId
from divan_core.testing.contracts.gamecourses import PLAYERS, Course, GameUnderTest

EXAMPLES = settings(
    max_examples=60,
    stateful_step_count=20,
    deadline=None,
    suppress_health_check=[HealthCheck.differing_executors, HealthCheck.too_slow],
)
ENOUGH = 3
"""Of tries after the end, and of looking how it ends: the rest of a course is for the game."""
SEEDS = st.binary(min_size=16, max_size=16)


@attrs.frozen
class Try:
    """Somebody tries a move, so long after now, or after the next deadline if there is one."""

    player: UserId
    millis: int
    of_deadline: bool = False


WHO = st.sampled_from(PLAYERS)
TRIES = st.one_of(
    st.builds(Try, WHO, st.sampled_from([0, 1])),
    st.builds(Try, WHO, st.sampled_from([999, 1000])),
    st.builds(Try, WHO, st.integers(0, 20_000)),
    st.builds(Try, WHO, st.sampled_from([-1, 0, 1, 60_000, 3_600_000]), st.just(value=True)),
)


class GameContract(GameUnderTest):
    """What activities rely on in every game.

    A subclass says which game, which moves to try and what is hidden; :meth:`check` may add what
    is true of this game alone::

        class TestMyGame(GameContract):
            game = MyGame()

            def moves(self, state, player):
                return st.builds(MyMove, st.just(ACTIVITY), st.integers(1, 3))

            def disguised(self, state, viewer):
                return state  # nothing is hidden
    """

    def test_its_classes_are_what_a_registry_takes(self) -> None:
        """Frozen attrs classes, a name, and options that all have defaults."""
        game = self.game
        assert Games([game]).get(game.kind) is game
        assert read_options(game, {}) == game.options()
        assert game.moves
        for one in (game.options, game.state, *game.moves.values()):
            assert attrs.inspect(one).is_frozen, f"{one.__name__} is not frozen"

    @EXAMPLES
    @given(data=st.data(), seed=SEEDS)
    def test_it_begins_alike_from_the_same_seed(self, data: st.DataObject, seed: bytes) -> None:
        """All chance is that of the draws it is given."""
        options = data.draw(self.options())
        one, other = (Course.begun(self, options, seed) for _ in range(2))
        assert one.state == other.state

    @EXAMPLES
    @given(data=st.data(), seed=SEEDS)
    def test_left_alone_it_ends_or_waits(self, data: st.DataObject, seed: bytes) -> None:
        """Nobody moves; deadlines lead on, and never round in circles."""
        Course.begun(self, data.draw(self.options()), seed).run_out()

    def test_no_course_of_moves_repeats_and_delays_breaks_it(self) -> None:
        """Whatever either player tries, and whenever it is noticed.

        States survive JSON, deadlines are ahead, rounds go on, moves count once and never after
        the end, nothing hidden shows in views, scores, deadlines, refusals or what is told; and
        whatever has happened, deadlines lead to an end.
        """
        moved = 0
        about = self

        class Courses(RuleBasedStateMachine):
            course: Course
            left = 0

            @initialize(data=st.data(), seed=SEEDS)
            def begin(self, data: st.DataObject, seed: bytes) -> None:
                self.course = Course.begun(about, data.draw(about.options()), seed)

            @precondition(lambda self: self.course.late < ENOUGH)
            @rule(data=st.data(), one=TRIES)
            def move(self, data: st.DataObject, one: Try) -> None:
                nonlocal moved
                self.course.wait(_millis(self.course, one))
                moves = about.moves(self.course.state, one.player)
                self.course.try_move(one.player, data.draw(moves), data.draw(moves))
                moved += self.course.moved

            @rule()
            def leave_it_alone_for_once(self) -> None:
                self.left += 1
                if self.left < ENOUGH:
                    attrs.evolve(self.course).run_out()

        run_state_machine_as_test(Courses, settings=EXAMPLES)
        assert moved, "moves() has no good ones"


def _millis(course: Course, one: Try) -> int:
    """How long to wait before somebody tries a move."""
    due = course.about.game.deadline(course.state) if one.of_deadline else None
    return max(one.millis, 0) if due is None else max(due + one.millis - course.now, 0)
