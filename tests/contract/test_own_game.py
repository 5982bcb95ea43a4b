"""The game of the example keeps what every game promises, as a host would find out."""

import importlib.util
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from divan_core.activities.games.game import AnyGame, Step
from divan_core.kernel.ids import UserId
from divan_core.testing.contracts.gamecourses import ACTIVITY
from divan_core.testing.contracts.games import GameContract

EXAMPLE = Path(__file__).parents[2] / "examples" / "own_game.py"


def loaded(path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[path.stem] = module
    spec.loader.exec_module(module)
    return module


example: Any = loaded(EXAMPLE)


class TestNim(GameContract):
    game: AnyGame = example.Nim()

    def options(self) -> SearchStrategy[Any]:
        return st.builds(example.NimOptions, st.integers(5, 50))

    def moves(self, state: Any, player: UserId) -> SearchStrategy[Any]:  # noqa: ARG002 - turns decide
        return st.builds(example.Take, st.just(ACTIVITY), st.integers(1, 3))

    def disguised(self, state: Any, viewer: UserId) -> Any:  # noqa: ARG002 - nothing is hidden
        return state

    def check(self, before: Any, step: Step[Any]) -> None:
        if before is not None and step.outcome is None:
            assert 1 <= before.stones - step.state.stones <= 3
