"""Parameters of path and query."""

from typing import Any
from uuid import UUID

import attrs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from divan_core.errors import ValidationFailed
from divan_core.presence.messages import LookupQuery, NearbyQuery
from divan_http.codec import ParameterReader

UUID_TEXT = "00000000-0000-7000-8000-000000000001"


@attrs.frozen
class Of:
    """Somebody's list."""

    user_id: UUID
    limit: int = 1
    whole: bool = False


def refused(
    reader: ParameterReader[Any], query: dict[str, str | list[str]], path: dict[str, str]
) -> list[str]:
    """Where the faults are; none when the parameters can be read."""
    try:
        reader.read(query, path)
    except ValidationFailed as refusal:
        paths = [fault.path for fault in refusal.errors if fault.message]
        return paths or ["a refusal that says nothing"]
    return []


@settings(deadline=None)
@given(
    st.sampled_from([NearbyQuery, LookupQuery]),
    st.dictionaries(
        st.sampled_from(["radius_m", "limit", "cursor", "filter", "include", "user_ids", "x"]),
        st.text(max_size=6)
        | st.lists(st.text(max_size=3), max_size=3)
        | st.sampled_from(["50", "all", "profile", "profile,distance", UUID_TEXT, "null", "true"]),
    ),
)
def test_parameters_are_read_or_explained(
    command: type[Any], query: dict[str, str | list[str]]
) -> None:
    errors = refused(ParameterReader(command), query, {})
    assert all(path.startswith("query.") for path in errors)


def test_a_path_field_is_never_taken_from_the_query() -> None:
    reader = ParameterReader(Of, ("user_id",))
    query: dict[str, str | list[str]] = {"limit": "3", "user_id": str(UUID(int=9))}
    assert reader.read(query, {"user_id": UUID_TEXT}) == Of(UUID(UUID_TEXT), 3)
    query["user_id"] = ["x", "y"]
    assert reader.read(query, {"user_id": UUID_TEXT}) == Of(UUID(UUID_TEXT), 3)


def test_faults_say_whether_they_are_in_path_or_query() -> None:
    reader = ParameterReader(Of, ("user_id",))
    assert refused(reader, {"limit": "x"}, {"user_id": "y"}) == ["path.user_id", "query.limit"]


@pytest.mark.parametrize(
    ("text", "meant"), [("true", True), ("false", False), ("1", None), ("True", None)]
)
def test_truth_is_written_as_in_json(text: str, *, meant: bool | None) -> None:
    reader, path = ParameterReader(Of, ("user_id",)), {"user_id": UUID_TEXT}
    if meant is None:
        assert refused(reader, {"whole": text}, path) == ["query.whole"]
    else:
        assert reader.read({"whole": text}, path).whole is meant
