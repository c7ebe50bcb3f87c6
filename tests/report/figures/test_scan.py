from __future__ import annotations

import xml.etree.ElementTree as ET

import matplotlib as mpl
import pytest

from safebasin.errors import ResourceError, UsageError
from safebasin.report import figures

from ..factory import summary
from ..payloads import EACH
from .suffixes import SUFFIXES


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_the_same_summary_gives_the_same_bytes(tmp_path, suffix):
    made = []
    for name in ("one", "two"):
        figures.save(summary(), tmp_path / f"{name}{suffix}")
        made.append((tmp_path / f"{name}{suffix}").read_bytes())
    assert made[0] == made[1]
    assert len(list(tmp_path.iterdir())) == 2


def svg_text(found, path):
    figures.save(found, path)
    tree = ET.parse(path)
    return tree, [node.text for node in tree.iter("{http://www.w3.org/2000/svg}text")]


def test_words_are_text_and_the_width_is_180_mm(tmp_path):
    tree, words = svg_text(summary(), tmp_path / "a.svg")
    assert float(tree.getroot().get("width").removesuffix("pt")) == pytest.approx(180 / 25.4 * 72)
    assert {"safety edge 0.31", "capability edge 0.24", "keyword ASR", "refused"} <= set(words)
    assert "share of responses" in words
    assert summary().axis_label in words


def test_fonts_are_embedded_in_pdf(tmp_path):
    figures.save(summary(), tmp_path / "a.pdf")
    made = (tmp_path / "a.pdf").read_bytes()
    assert b"/CIDFontType2" in made
    assert b"/Type3" not in made


def test_no_global_state_changes(tmp_path):
    before = dict(mpl.rcParams)
    figures.save(summary(), tmp_path / "a.svg")
    assert dict(mpl.rcParams) == before


@pytest.mark.parametrize(
    "changes",
    [
        {"points": 1},
        {"directions": 1},
        {"safety": None},
        {"safety": 0.9, "capability": 0.9},
        {"complied": False},
        {"missing_points": (0, 3, 4, 10)},
        {"missing_points": range(21)},
    ],
)
def test_odd_runs_are_drawn(tmp_path, changes):
    figures.save(summary(**changes), tmp_path / "a.svg")


def test_an_edge_beyond_the_range_is_written(tmp_path):
    _, words = svg_text(summary(safety=0.9), tmp_path / "a.svg")
    assert "safety edge > 0.50" in words


def test_a_partial_run_says_so(tmp_path):
    _, words = svg_text(summary(partial=True), tmp_path / "a.svg")
    assert "partial: 50 of 101 points" in words


@pytest.mark.parametrize("name", EACH)
def test_hostile_names_are_only_text(tmp_path, name):
    tree, _ = svg_text(summary(name=name), tmp_path / "a.svg")
    tags = {node.tag.rpartition("}")[2] for node in tree.iter()}
    assert not tags & {"script", "img", "iframe", "foreignObject", "a", "image"}


@pytest.mark.parametrize("name", ["a.gif", "a", "a.svg.txt"])
def test_another_format_is_refused(tmp_path, name):
    with pytest.raises(UsageError, match=r"\.svg, \.pdf or \.png"):
        figures.save(summary(), tmp_path / name)


def test_a_place_that_cannot_be_written_to_is_named(tmp_path):
    with pytest.raises(ResourceError, match=r"nowhere"):
        figures.save(summary(), tmp_path / "nowhere" / "a.svg")
