from __future__ import annotations

import re

import pytest

from safebasin.report.page import Example, render
from safebasin.report.places import places

from ..factory_line import line, line_examples, measured_scan
from ..parsed import Parsed, require_nothing_loaded_or_inline, require_strict_policy
from ..payloads import EACH

KINDS = ("script", "img", "iframe", "style", "link", "base", "meta", "form", "object", "a")
ODD = [
    {"start": 0.0, "end": 1.0},
    {"points": 2, "start": 0.0, "end": 1.0},
    {"missing_points": range(31)},
    {"refusals": None, "checkpoints": 0},
    {"refusals": 2.0, "coherence": 2.0},
    {"start": -3.0, "end": 4.0, "points": 71},
    {"measures": ("perplexity",)},
    {"blocks": 80},
]


@pytest.fixture(scope="module")
def page():
    found = line(measures=("accuracy", "perplexity"))
    return Parsed(render(found, line_examples(found)))


def test_only_these_scripts_run_and_nothing_is_loaded(page):
    require_strict_policy(page)
    require_nothing_loaded_or_inline(page)


def test_the_page_says_what_a_stranger_needs(page):
    text = page.words
    for words in (
        "organism:chat → organism:base",
        "Refusals fall at 0.62 95 % interval [0.59, 0.65]",
        "Coherence falls at 1.12",
        "−98 pp [−100, −92] 78 0 80 < 0.0001",
        "step-200 0.50 73.3 % 0.0415 0.13 64 % [59, 69] 32 %",
        "Safety edge 0.31, from scan of organism:chat, 5 directions",
        "Perplexity of plain text 10.8 [9.7, 11.9] 64 items 10.8 [9.7, 11.9] to 2428",
        "All weights together: 0.0830",
        "given.1f2e3d4c",
    ):
        assert words in text


def test_every_position_has_its_responses(page):
    found = line()
    carried = page.payload["examples"]["places"]
    assert [one["place"] for one in carried] == list(range(len(places(found))))
    for place, (t, _) in zip(carried, page.payload["points"], strict=True):
        assert all(f"(t = {t}, " in row[-1] for row in place["rows"])
    assert [0.0, "0.00"] in page.payload["points"]


@pytest.mark.parametrize("changes", ODD)
def test_odd_lines_render(changes):
    parsed = Parsed(render(line(**changes)))
    charts = parsed.payload["charts"]
    assert set(charts) == {"harmful", "benign", "capability", "trajectory", "layers", "judges"}
    assert (charts["trajectory"] is None) == (changes.get("checkpoints") == 0)
    assert ("Checkpoints of the fine-tune" in parsed.text) == (changes.get("checkpoints") != 0)


def test_what_is_not_reached_or_undefined_is_words():
    text = Parsed(render(line(refusals=2.0))).text
    assert "> 1.25" in text
    assert "does not fall up to t = 1.25" in text
    assert "undefined" in Parsed(render(line(refusals=None))).text


def test_only_one_end_was_measured():
    found = line()
    bare = found.places[0].model_copy(update={"measured": {}, "layers": {}})
    changes = {"places": [bare], "difference": {}}
    parsed = Parsed(render(found.model_copy(update=changes)))
    assert parsed.payload["charts"]["layers"] is None
    assert "chart-layers" not in str(parsed.elements)


def test_a_partial_line_says_so():
    assert "partial: 50 of 101 points" in Parsed(render(line(partial=True))).text


@pytest.mark.parametrize("text", EACH)
def test_hostile_names_are_inert(text):
    found = line(first=text, second=text, axis_label=text, notes=[text], measures=("accuracy",))
    place = found.trajectory.places[0]
    hostile = place.model_copy(update={"name": text, "layers": {text: 0.1}})
    trajectory = found.trajectory.model_copy(update={"places": [hostile], "edge_source": text})
    measure = found.measures[0].model_copy(update={"title": text, "unit": text, "name": text})
    ends = [one.model_copy(update={"layers": hostile.layers}) for one in found.places]
    changes = {"trajectory": trajectory, "measures": [measure], "places": ends}
    said = [Example("origin", "harmful", text, text, "complied", text, text, text)]
    parsed = Parsed(render(found.model_copy(update=changes), said))
    plain = Parsed(render(line(measures=("accuracy",), checkpoints=1, notes=["note"])))
    for kind in KINDS:
        assert parsed.count(kind) == plain.count(kind)
    assert not re.search("[\u202e\u2066\x1b\x00]", parsed.text)
    drawn = str(parsed.payload["charts"]).replace("<extra></extra>", "").replace("<br>", "")
    assert "<" not in drawn
    assert not re.search("[\u202e\u2066\x1b\x00]", drawn)


def test_a_scan_shows_its_measures():
    text = Parsed(render(measured_scan())).words
    assert "Safety and capability over one axis" in text
    assert "Arithmetic, exact answers 70 %" in text
    assert "range of the mean" not in Parsed(render(measured_scan(()))).words


def test_same_input_same_bytes():
    found = line(measures=("accuracy", "perplexity"))
    assert render(found, line_examples(found)) == render(found, line_examples(found))
