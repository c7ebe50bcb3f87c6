"""Names: the same thing has one, and two things never share one."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from safebasin.errors import UsageError
from safebasin.points import Direction, Point
from safebasin.records import ModelRef, Prompt, slug

directions = st.builds(
    Direction,
    st.integers(0, 5),
    st.integers(0, 5),
    st.sampled_from(["gaussian", "rademacher"]),
    st.sampled_from(["layer", "row", "model"]),
    st.sampled_from(["norms", "vectors", "none"]),
    st.none() | st.integers(0, 5),
)
coordinates = st.floats(allow_nan=False, allow_infinity=False)
points = st.lists(st.tuples(directions, coordinates), max_size=2).map(lambda t: Point(tuple(t)))


@given(directions, directions)
def test_directions_share_a_key_only_if_they_are_equal(one: Direction, other: Direction) -> None:
    assert (one.key == other.key) == (one == other)


@given(points, points)
def test_points_share_a_key_only_if_they_are_equal(one: Point, other: Point) -> None:
    assert (one.key == other.key) == (one == other)


def test_a_step_of_zero_is_no_step() -> None:
    assert Point(((Direction(3), 0.0), (Direction(1), -0.0))) == Point()
    assert Point().key == "origin"


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("organism:chat", ("organism:chat", None, None, None)),
        ("me/mine@main", ("me/mine", "main", None, None)),
        ("me/mine@v1+you/yours@v2", ("me/mine", "v1", "you/yours", "v2")),
        (" spaced ", ("spaced", None, None, None)),
        ("a+b", ("a", None, "b", None)),
    ],
)
def test_the_grammar_of_models(text: str, parts: tuple) -> None:
    ref = ModelRef.parse(text)
    assert (ref.source, ref.revision, ref.adapter, ref.adapter_revision) == parts
    assert str(ref) == text.strip()


@pytest.mark.parametrize("text", ["", " ", "@main", "a@", "a+", "a+@b", "a+b@"])
def test_half_a_model_is_no_model(text: str) -> None:
    with pytest.raises(UsageError, match="SOURCE"):
        ModelRef.parse(text)


def test_an_existing_folder_is_a_folder_whatever_its_name(tmp_path: Path) -> None:
    folder = tmp_path / "a+b@c"
    folder.mkdir()
    assert ModelRef.parse(str(folder)) == ModelRef(str(folder))


def test_a_name_that_no_file_could_have_is_still_a_name() -> None:
    assert ModelRef.parse("x" * 5000).source == "x" * 5000
    assert ModelRef.parse("nul\0").source == "nul\0"


def test_a_prompt_is_its_kind_and_text() -> None:
    assert Prompt("x", "harmful").id == Prompt("x", "harmful", "c", "f", "t").id
    assert len({Prompt("x", "harmful").id, Prompt("x", "benign").id, Prompt("y", "benign").id}) == 3


@given(st.text(alphabet=st.characters(exclude_categories=["Cs"])))
def test_a_slug_is_a_plain_file_name(text: str) -> None:
    name = slug(text)
    assert "/" not in name
    assert name.isascii()
    assert name.isprintable()
    assert not name.startswith((".", "-"))
    assert len(name) <= 49


def test_slugs_differ_where_texts_do() -> None:
    assert len({slug(text) for text in ("a/b", "a-b", "a b", "../a/b", "")}) == 5
