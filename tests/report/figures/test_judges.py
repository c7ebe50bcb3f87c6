from __future__ import annotations

import pytest

from safebasin.report import figures

from ..factory import summary
from ..factory_judged import COHERENCE, banded, judged
from ..factory_line import line, measured_scan
from ..factory_plane import plane
from ..factory_searches import searches
from .test_scan import svg_text

PANEL = "What each judge calls complied, harmful prompts"


@pytest.mark.parametrize("make", [summary, measured_scan, line])
def test_several_judges_get_a_panel_with_their_names(tmp_path, make):
    tree, words = svg_text(judged(make()), tmp_path / "a.svg")
    assert {PANEL, "coherence", "keyword", "llama-guard-3"} <= set(words)
    assert float(tree.getroot().get("width").removesuffix("pt")) == pytest.approx(180 / 25.4 * 72)
    _, alone = svg_text(judged(make(), judges=(COHERENCE,)), tmp_path / "b.svg")
    assert PANEL not in alone


def test_titles_say_judge_and_n(tmp_path):
    _, words = svg_text(judged(summary(), samples=4), tmp_path / "a.svg")
    assert "Harmful prompts: organism:harmful  (n = 80 × 4 samples; labels by coherence)" in words
    assert "Benign prompts: organism:benign  (n = 80 × 4 samples; labels by coherence)" in words


def test_maps_and_searches_say_judge_and_n(tmp_path):
    _, words = svg_text(judged(plane(nx=3, ny=3), samples=2), tmp_path / "a.svg")
    assert "40 benign prompts × 2 samples; labels by coherence" in words
    _, words = svg_text(judged(searches()), tmp_path / "b.svg")
    asked = "labels by coherence; 80 harmful and 80 benign prompts"
    assert f"L{asked[1:]} (organism:harmful, organism:benign)." in words


def test_bands_are_drawn_and_explained(tmp_path):
    _, words = svg_text(banded(measured_scan()), tmp_path / "a.svg")
    title = "Safety and capability  (bands: inner: each point at 95 %; outer: the whole curve)"
    assert title in words
    plain, found = (figures.draw(one).axes[2] for one in (measured_scan(), banded(measured_scan())))
    assert len(found.patches) == len(plain.patches) + 2  # refusals and coherent answers
