"""The contract of :class:`~divan_core.activities.games.game.Game`, for the games of any host."""

from __future__ import annotations

import attrs
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    rule,
    run_state_machine_as_test,
)

from divan_core.activities.games.registry import Games, read_options
from divan_core.kernel.ids import UserId
from divan_core.testing.contracts.gamecourses import PLAYERS, Course, GameUnderTest

EXAMPLES = settings(
    max_examples=40,
    stateful_step_count=25,
    deadline=None,
    suppress_health_check=[HealthCheck.differing_executors, HealthCheck.too_slow],
)
SEEDS = st.binary(min_size=16, max_size=16)
DELAYS_MS = st.one_of(st.sampled_from([0, 1, 999, 1000]), st.integers(0, 20_000))
AROUND_MS = st.sampled_from([-1, 0, 1, 60_000, 3_600_000])
"""Before a deadline, at it, and noticed late."""


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

            @initialize(data=st.data(), seed=SEEDS)
            def begin(self, data: st.DataObject, seed: bytes) -> None:
                self.course = Course.begun(about, data.draw(about.options()), seed)

            @rule(data=st.data(), player=st.sampled_from(PLAYERS))
            def move(self, data: st.DataObject, player: UserId) -> None:
                _try_some(self.course, data, player)

            @rule(millis=DELAYS_MS)
            def wait(self, millis: int) -> None:
                self.course.wait(millis)

            @rule(millis=AROUND_MS)
            def wait_for_the_deadline(self, millis: int) -> None:
                due = about.game.deadline(self.course.state)
                self.course.wait(0 if due is None else max(due + millis - self.course.now, 0))

            def teardown(self) -> None:
                nonlocal moved
                if hasattr(self, "course"):
                    moved += self.course.moved
                    self.course.run_out()

        run_state_machine_as_test(Courses, settings=EXAMPLES)
        assert moved, "moves() has no good ones"


def _try_some(course: Course, data: st.DataObject, player: UserId) -> None:
    moves = course.about.moves(course.state, player)
    course.try_move(player, data.draw(moves), data.draw(moves))
