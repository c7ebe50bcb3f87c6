from __future__ import annotations

import pytest

from safebasin.report import figures

from ..factory_comparison import comparison
from ..payloads import HOSTILE
from .suffixes import SUFFIXES
from .test_scan import svg_text


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_the_same_comparison_gives_the_same_bytes(tmp_path, suffix):
    made = []
    for name in ("one", "two"):
        figures.save(comparison(), tmp_path / f"{name}{suffix}")
        made.append((tmp_path / f"{name}{suffix}").read_bytes())
    assert made[0] == made[1]


@pytest.mark.parametrize("runs", [2, 12])
def test_every_run_is_named_in_the_legend_and_beside_its_row(tmp_path, runs):
    found = comparison(runs=runs)
    tree, words = svg_text(found, tmp_path / "a.svg")
    assert float(tree.getroot().get("width").removesuffix("pt")) == pytest.approx(180 / 25.4 * 72)
    assert words.count(found.runs[0].name) == 1
    for run in found.runs[1:]:
        assert words.count(run.name) == 2
    assert "in units of α" in " ".join(words)


@pytest.mark.parametrize("changes", [{"safety": None}, {"safety": 0.9}, {"same_prompts": False}])
def test_odd_comparisons_are_drawn(tmp_path, changes):
    _, words = svg_text(comparison(**changes), tmp_path / "a.svg")
    assert words.count("undefined") == (6 if changes == {"safety": None} else 0)


def test_a_partial_run_says_so(tmp_path):
    found = comparison(runs=2)
    status = found.runs[1].status.model_copy(update={"complete": False, "points_done": 50})
    runs = [found.runs[0], found.runs[1].model_copy(update={"status": status})]
    _, words = svg_text(found.model_copy(update={"runs": runs}), tmp_path / "a.svg")
    assert "partial: 50 of 101 points" in words


@pytest.mark.parametrize("name", [*HOSTILE[:2], "_hidden", "$x^2$"])
def test_hostile_names_are_only_text(tmp_path, name):
    tree, words = svg_text(comparison(runs=2, names=[name, name]), tmp_path / "a.svg")
    tags = {node.tag.rpartition("}")[2] for node in tree.iter()}
    assert not tags & {"script", "img", "iframe", "foreignObject", "a", "image"}
    assert sum(name[:7] in (word or "") for word in words) == 3
