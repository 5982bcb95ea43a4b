"""Recorded movement: read strictly, replayed together, never as a jump."""

import math
from pathlib import Path

import pytest

from divan_cli.demo.traces import (
    ABSENCE_S,
    LONGEST_PAUSE_S,
    Replay,
    UnreadableTraces,
    centre_of,
    plan_of,
    read_traces,
)
from divan_core.kernel.geo import LocalFrame, Point
from tests.e2e.traces import FILE

HEAD = "person,t_s,lat,lon\n"
FRAME = LocalFrame(Point(40.0, 116.0))


def file(folder: Path, text: str) -> Path:
    path = folder / "walks.csv"
    path.write_text(text, encoding="utf-8")
    return path


def fixes(*moments: float, person: str = "ana") -> str:
    return "".join(f"{person},{at},{40 + at / 1e6},116\n" for at in moments)


def replay(folder: Path, text: str) -> Replay:
    return Replay(read_traces(file(folder, HEAD + text)), FRAME)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("person,t_s,lat\nana,1,2\n", "no column 'lon'"),
        (HEAD + "ana,1,north,116\n", "line 2: t_s, lat and lon must be numbers"),
        (HEAD + "ana,1,40,116\nana,2\n", "line 3: t_s, lat and lon must be numbers"),
        (HEAD + "ana,1,91,116\n", "line 2: not a time and a position"),
        (HEAD + "ana,nan,40,116\n", "line 2: not a time and a position"),
        (HEAD + fixes(1), "nobody with two fixes"),
        ("", "nobody with two fixes"),
    ],
)
def test_what_cannot_be_replayed_is_refused_with_its_place(
    tmp_path: Path, text: str, told: str
) -> None:
    with pytest.raises(UnreadableTraces, match=told):
        read_traces(file(tmp_path, text))


def test_a_missing_file_and_bytes_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UnreadableTraces, match="cannot be read"):
        read_traces(tmp_path / "nowhere.csv")
    (tmp_path / "bytes.csv").write_bytes(b"person,t_s,lat,lon\n\xff\xfe,1,2,3\n")
    with pytest.raises(UnreadableTraces, match="cannot be read"):
        read_traces(tmp_path / "bytes.csv")


def test_everybody_begins_together(tmp_path: Path) -> None:
    both = replay(tmp_path, fixes(0, 10, 20) + fixes(5000, 5010, 5020, person="ben"))
    assert all(both.places())
    both.advance(10)
    ana, ben = both.places()
    assert ana is not None
    assert ben is not None
    assert ana != ben


def test_a_fix_holds_until_the_next(tmp_path: Path) -> None:
    one = replay(tmp_path, fixes(0, 10, 20))
    first = one.places()
    one.advance(9)
    assert one.places() == first
    one.advance(1)
    assert one.places() != first


def test_a_long_silence_is_an_absence(tmp_path: Path) -> None:
    one = replay(tmp_path, fixes(0, 10, 4000, 4010))
    one.advance(10 + ABSENCE_S - 1)
    assert one.places() == [None]
    one.advance(1)
    assert one.places() != [None]


def test_the_end_leads_to_the_beginning_over_an_absence(tmp_path: Path) -> None:
    one = replay(tmp_path, fixes(0, 10, 20))
    first = one.places()
    one.advance(20 + LONGEST_PAUSE_S - 1)
    assert one.places() != [None]
    one.advance(1)
    assert one.places() == [None]
    one.advance(ABSENCE_S)
    assert one.places() == first


def test_the_plan_shows_tracks_without_their_jumps(tmp_path: Path) -> None:
    text = "".join(f"ana,{n},{40 + n * 2e-4},116\n" for n in range(5)) + "ana,9,40.1,116.1\n"
    recording = read_traces(file(tmp_path, HEAD + text))
    plan = plan_of(recording, FRAME)
    assert [len(track) for track in plan.tracks] == [5, 1]
    assert math.dist(plan.start, (0, 0)) < 200


@pytest.mark.skipif(not FILE.exists(), reason=f"needs the recorded walkers at {FILE.name}")
def test_real_walkers_are_there_together() -> None:
    recording = read_traces(FILE)
    frame = LocalFrame(centre_of(recording))
    everybody = Replay(recording, frame)
    present = []
    for _ in range(120):
        present.append(sum(place is not None for place in everybody.places()))
        everybody.advance(60)
    assert len(recording) == 23
    assert min(present) >= 12
    assert all(math.hypot(*place) < 4000 for place in everybody.places() if place)
