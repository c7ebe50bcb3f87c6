from __future__ import annotations

import re

import pytest

from safebasin.report.page import Example, render

from ..factory import examples
from ..factory_plane import plane
from ..parsed import Parsed, require_nothing_loaded_or_inline, require_strict_policy
from ..payloads import EACH


@pytest.fixture(scope="module")
def page():
    found = plane(study="path", checkpoints=5)
    return Parsed(render(found, examples(found)))


def words(page):
    return " ".join(page.text.split())


def test_the_policy_is_strict_and_nothing_is_loaded(page):
    require_strict_policy(page)
    require_nothing_loaded_or_inline(page)


def test_the_page_says_what_a_stranger_needs(page):
    text = words(page)
    for said in (
        "organism:chat refuses 97.5 %",
        "Safe area",
        "30 %",
        "Nearest safety edge",
        "Falls first capability",
        "capability − safety −0.07 [−0.11, −0.03]",
        "36 prompt clusters",
        "step-300",
        "15.5 %",
        "the projection, not the checkpoint",
        "71.0 % of their squared displacement in the map",
        "towards organism:base: to.1f2e3d4c5b6a7988, 21 values, step 0.083 of ‖W‖",
        "0.1200 over all weights, 0.4000 in the tensor where it is largest",
        "scan-organism-chat-1a2b3c4d",
    ):
        assert said in text


def test_a_map_without_checkpoints_has_no_table_of_them():
    text = words(Parsed(render(plane())))
    assert "Checkpoints on the map" not in text
    assert "its weights move along two directions" in text


def test_layers_are_shaded_by_distance(page):
    shades = [
        attributes["class"].split()[1]
        for tag, attributes in page.elements
        if attributes.get("class", "").startswith("shade")
    ]
    assert len(shades) == (2 + 5) * 6
    assert shades[5] == "s20"
    assert shades[:6] == sorted(shades[:6], key=lambda shade: int(shade[1:]))


def test_responses_are_carried_by_number_of_the_place():
    found = plane(nx=5, ny=3)
    said = Example("gaussian.layer.norms.s0.d0@0.5", "harmful", "", "p", "refused", "", "", "t")
    places = Parsed(render(found, [said])).payload["examples"]["places"]
    assert [place["place"] for place in places] == [1 * 5 + 4]


def test_a_partial_map_says_so():
    text = words(Parsed(render(plane(partial=True))))
    assert text.count("partial: 50 of 101 points") == 2


@pytest.fixture(scope="module")
def harmless():
    found = plane(nx=3, ny=3, notes=["note"], study="path", checkpoints=1)
    return [tag for tag, _ in Parsed(render(found)).elements]


@pytest.mark.parametrize("text", EACH)
def test_hostile_names_are_inert(text, harmless):
    found = plane(nx=3, ny=3, name=text, axis_label=text, notes=[text], study="path", checkpoints=1)
    renamed = [place.model_copy(update={"name": text}) for place in found.places]
    axis = found.x.model_copy(update={"name": text})
    parsed = Parsed(render(found.model_copy(update={"places": renamed, "x": axis})))
    assert [tag for tag, _ in parsed.elements] == harmless
    assert not re.search("[\u202e\u2066\x1b\x00]", parsed.text)


def test_same_input_same_bytes_and_not_too_large():
    found = plane(nx=21, ny=21, checkpoints=5)
    long = "many words " * 80
    first, second = (render(found, examples(found, per_point=40, text=long)) for _ in range(2))
    assert first == second
    assert len(first.encode()) < 8_000_000


def test_a_fine_map_is_not_too_large():
    assert len(render(plane(nx=100, ny=100)).encode()) < 8_000_000


def test_a_line_and_a_random_direction_are_not_called_three_checkpoints() -> None:
    found = plane(study="path")
    one = found.model_copy(update={"places": found.places[:1]})
    none = found.model_copy(update={"places": []})
    assert "three checkpoints" in render(found, ())
    assert "three checkpoints" not in render(one, ())
    assert f"along {one.y.name}" in " ".join(render(one, ()).split())
    assert "along two directions" in " ".join(render(none, ()).split())
