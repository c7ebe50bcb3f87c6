from __future__ import annotations

import pytest

from safebasin.report import figures

from ..factory_searches import searches
from ..page.test_searches import ODD
from ..payloads import HOSTILE
from .suffixes import SUFFIXES
from .test_scan import svg_text


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_the_same_searches_give_the_same_bytes(tmp_path, suffix):
    made = []
    for name in ("one", "two"):
        figures.save(searches(), tmp_path / f"{name}{suffix}")
        made.append((tmp_path / f"{name}{suffix}").read_bytes())
    assert made[0] == made[1]


def test_words_are_text_and_the_width_is_180_mm(tmp_path):
    tree, words = svg_text(searches(), tmp_path / "a.svg")
    assert float(tree.getroot().get("width").removesuffix("pt")) == pytest.approx(180 / 25.4 * 72)
    assert {"direction 2, right", "mean", "safety edge", "capability edge"} <= set(words)
    assert "Refused, harmful prompts (open: stopped early)" in words


@pytest.mark.parametrize("changes", ODD)
def test_odd_searches_are_drawn(tmp_path, changes):
    _, words = svg_text(searches(**changes), tmp_path / "a.svg")
    named = [word for word in words if word and word.startswith("direction ")]
    assert len(named) == min(2 * changes.get("directions", 3), 30)


def test_marks_are_where_the_edges_are():
    found = searches(directions=1, safety=2.0)
    forest, harmful, benign = figures.draw(found).axes
    lines = [line for line in forest.get_lines() if line.get_marker() == ">"]
    assert [line.get_xdata()[0] for line in lines] == [0.5, 0.5, 0.5]
    for axes, kind in ((harmful, "harmful"), (benign, "benign")):
        (points,) = axes.collections
        asked = [p for s in found.searches if s.kind == kind for p in s.probes]
        assert len(points.get_offsets()) == len(asked) + 1
        open_ = [len(colour) == 0 or colour[-1] == 0 for colour in points.get_facecolors()]
        assert sum(open_) == sum(p.early for p in asked)


def test_a_partial_run_says_so(tmp_path):
    _, words = svg_text(searches(finished=5), tmp_path / "a.svg")
    assert "partial: 5 of 12 searches" in words


@pytest.mark.parametrize("name", [*HOSTILE[:2], "_hidden", "$x^2$"])
def test_hostile_names_are_only_text(tmp_path, name):
    tree, words = svg_text(searches(name=name, axis_label=name), tmp_path / "a.svg")
    tags = {node.tag.rpartition("}")[2] for node in tree.iter()}
    assert not tags & {"script", "img", "iframe", "foreignObject", "a", "image"}
    assert any(name[:7] in (word or "") for word in words)
