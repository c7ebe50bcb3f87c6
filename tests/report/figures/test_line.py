from __future__ import annotations

import pytest

from safebasin.report import figures

from ..factory_line import line, measured_scan
from ..page.test_line import ODD
from ..payloads import HOSTILE
from .suffixes import SUFFIXES
from .test_scan import svg_text


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_the_same_line_gives_the_same_bytes(tmp_path, suffix):
    made = []
    for name in ("one", "two"):
        figures.save(line(measures=("accuracy",)), tmp_path / f"{name}{suffix}")
        made.append((tmp_path / f"{name}{suffix}").read_bytes())
    assert made[0] == made[1]


def test_words_are_text_and_the_width_is_180_mm(tmp_path):
    found = line(measures=("accuracy", "perplexity"))
    tree, words = svg_text(found, tmp_path / "a.svg")
    assert float(tree.getroot().get("width").removesuffix("pt")) == pytest.approx(180 / 25.4 * 72)
    assert {
        "refusals fall 0.62",
        "coherence falls 1.12",
        "organism:base",
        "Arithmetic, exact answers",
        "refused, measured at a checkpoint",
        "perplexity, log scale",
        "block 3",
        "‖Δ‖ / ‖W‖",
    } <= set(words)


@pytest.mark.parametrize("changes", ODD)
def test_odd_lines_are_drawn(tmp_path, changes):
    figures.save(line(**changes), tmp_path / "a.svg")


def test_a_partial_line_says_so(tmp_path):
    _, words = svg_text(line(partial=True), tmp_path / "a.svg")
    assert "partial: 50 of 101 points" in words


@pytest.mark.parametrize("name", [*HOSTILE[:2], "_hidden", "$x^2$"])
def test_hostile_names_are_only_text(tmp_path, name):
    found = line(first=name, second=name, measures=("accuracy",))
    measure = found.measures[0].model_copy(update={"title": name, "unit": name})
    found = found.model_copy(update={"measures": [measure]})
    tree, words = svg_text(found, tmp_path / "a.svg")
    tags = {node.tag.rpartition("}")[2] for node in tree.iter()}
    assert not tags & {"script", "img", "iframe", "foreignObject", "a", "image"}
    assert any(name[:7] in (word or "") and "right axis" in (word or "") for word in words)


def test_a_scan_with_measures_has_a_third_panel(tmp_path):
    _, words = svg_text(measured_scan(), tmp_path / "a.svg")
    title = "Safety and capability  (bands: 95 % intervals)"
    assert {title, "Arithmetic, exact answers"} <= set(words)
    _, words = svg_text(measured_scan(()), tmp_path / "b.svg")
    assert title not in words
