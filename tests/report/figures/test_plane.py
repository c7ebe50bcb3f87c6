from __future__ import annotations

import xml.etree.ElementTree as ET

import matplotlib as mpl
import numpy as np
import pytest

from safebasin.report import figures

from ..factory_plane import plane
from ..payloads import HOSTILE
from .suffixes import SUFFIXES


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_the_same_summary_gives_the_same_bytes(tmp_path, suffix):
    found = plane(nx=7, ny=5, study="path", checkpoints=2)
    made = []
    for name in ("one", "two"):
        figures.save(found, tmp_path / f"{name}{suffix}")
        made.append((tmp_path / f"{name}{suffix}").read_bytes())
    assert made[0] == made[1]


def svg_text(found, path):
    figures.save(found, path)
    tree = ET.parse(path)
    return tree, [node.text for node in tree.iter("{http://www.w3.org/2000/svg}text")]


def test_words_are_text_and_the_width_is_180_mm(tmp_path):
    tree, words = svg_text(plane(nx=9, ny=9, study="path", checkpoints=2), tmp_path / "a.svg")
    assert float(tree.getroot().get("width").removesuffix("pt")) == pytest.approx(180 / 25.4 * 72)
    assert {"Refused", "40 harmful prompts; labels by coherence", "A", "B", "1", "2"} <= set(words)
    assert "position towards organism:base" in words
    said = " ".join(filter(None, words))
    assert "+ organism:chat; A organism:base; B tuned; 1 step-100" in said
    assert "the map holds 71.0 %" in said


def shown(found):
    """The four maps as they are drawn, in the panels' order."""
    panels = [axes for axes in figures.draw(found).axes if axes.get_title(loc="left")]
    return panels, [axes.collections[0].get_array() for axes in panels]


def test_each_panel_shows_its_own_share():
    found = plane(nx=5, ny=3)
    panels, arrays = shown(found)
    assert [axes.get_title(loc="left").split("\n")[0] for axes in panels] == [
        "Refused",
        "Complied",
        "Incoherent",
        "Coherent, benign",
    ]
    harmful, benign = found.maps["harmful"], found.maps["benign"]
    for array, share in zip(
        arrays,
        (harmful.refused, harmful.complied, harmful.incoherent, benign.complied),
        strict=True,
    ):
        np.testing.assert_array_equal(array.filled(np.nan), share.share_YX)


def test_the_line_is_where_half_of_the_answers_are_refused():
    panels, _ = shown(plane())
    (line,) = panels[0].collections[1].get_paths()
    radius = np.hypot(line.vertices[:, 0], line.vertices[:, 1] / 1.4)
    np.testing.assert_allclose(radius, 0.31, atol=0.01)


def test_a_place_without_an_answer_is_not_drawn():
    _, arrays = shown(plane(nx=5, ny=3, missing=[(1, 2)]))
    assert np.argwhere(arrays[0].mask).tolist() == [[1, 2]]


def test_a_checkpoint_outside_the_window_is_named_but_not_drawn(tmp_path):
    found = plane(nx=5, ny=5, study="path")
    away = found.places[0].model_copy(update={"x": 9.0})
    _, words = svg_text(found.model_copy(update={"places": [away]}), tmp_path / "a.svg")
    assert "A" not in words
    assert "A organism:base (outside)" in " ".join(filter(None, words))


@pytest.mark.parametrize(
    "changes",
    [
        {"nx": 1, "ny": 1},
        {"nx": 2, "ny": 1},
        {"refuses": False},
        {"nx": 3, "ny": 2, "missing": [(y, x) for y in range(2) for x in range(3)]},
        {"nx": 60, "ny": 60},
        {"partial": True, "nx": 5, "ny": 5},
        {"study": "path", "checkpoints": 30},
    ],
)
@pytest.mark.slow
def test_odd_maps_are_drawn(tmp_path, changes):
    figures.save(plane(**changes), tmp_path / "a.pdf")


def test_no_global_state_changes(tmp_path):
    before = dict(mpl.rcParams)
    figures.save(plane(nx=5, ny=5), tmp_path / "a.svg")
    assert dict(mpl.rcParams) == before


@pytest.mark.parametrize("name", HOSTILE[::7])
def test_hostile_names_are_only_text(tmp_path, name):
    found = plane(nx=3, ny=3, name=name, axis_label=name, study="path")
    tree, _ = svg_text(found, tmp_path / "a.svg")
    tags = {node.tag.rpartition("}")[2] for node in tree.iter()}
    assert not tags & {"script", "img", "iframe", "foreignObject", "a"}
