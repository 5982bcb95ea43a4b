import json
from pathlib import Path

from .conftest import Command


def test_numbers_and_nothing_else(divan: Command, tmp_path: Path) -> None:
    ended = divan("chat", "stats")
    assert ended.status == 0
    assert divan("chat", "stats", "--json").json == []
    campus, owner, guest = (f"00000000-0000-7000-8000-00000000000{number}" for number in (1, 2, 3))
    lines = [
        {"type": "campus", "id": campus, "name": "N", "lat": 1, "lon": 1, "timezone": "UTC"},
        *(
            {"type": "person", "id": one, "campus_id": campus, "handle": name, "display_name": name}
            for one, name in ((owner, "ana"), (guest, "ben"))
        ),
        {
            "type": "room",
            "id": "00000000-0000-7000-8000-00000000000f",
            "campus_id": campus,
            "name": "Den",
            "preset": "2-4",
            "visibility": "link",
            "owner": owner,
            "members": [guest],
        },
    ]
    path = tmp_path / "rooms.jsonl"
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    for _ in range(2):
        assert divan("import", str(path)).status == 0
    assert divan("chat", "stats", "--json").json == [
        {"campus_id": campus, "conversations": 0, "rooms": 1, "messages": 0, "messages_24h": 0}
    ]
    assert campus in divan("chat", "stats").out
