from __future__ import annotations

import re

import pytest

from safebasin.report import searches as drawing
from safebasin.report.page import Example, render
from safebasin.report.places import places

from ..factory_searches import search_examples, searches
from ..parsed import Parsed, require_nothing_loaded_or_inline, require_strict_policy
from ..payloads import EACH
from .test_line import KINDS

ODD = [
    {"directions": 1},
    {"directions": 30},
    {"safety": None},
    {"safety": None, "capability": None},
    {"safety": 2.0, "capability": 2.0},
    {"finished": 0},
    {"finished": 5},
    {"reach": 0.004, "safety": 0.003, "capability": 0.002},
    {"reach": 40.0, "safety": 31.0, "capability": 20.0},
    {"prompts": 1},
]


@pytest.fixture(scope="module")
def page():
    found = searches()
    return Parsed(render(found, search_examples(found)))


def test_only_these_scripts_run_and_nothing_is_loaded(page):
    require_strict_policy(page)
    require_nothing_loaded_or_inline(page)


def test_the_page_says_what_a_stranger_needs(page):
    for words in (
        "organism:chat",
        "Safety edge 0.31 95 % interval [0.28, 0.34]",
        "4.0 times as many",
        "no estimates, and therefore have no intervals",
        "1 right capability 0.25 [0.23, 0.27] 192",
        "gaussian.layer.norms.s0.d2",
    ):
        assert words in page.words
    assert "lower bound not reached" not in page.words
    assert "lower bound not reached" in Parsed(render(searches(safety=2.0))).words


def test_every_place_has_the_responses_that_were_asked_there(page):
    found = searches()
    points, prompts = page.payload["points"], page.payload["examples"]["prompts"]
    carried = {one["place"]: one["rows"] for one in page.payload["examples"]["places"]}
    assert len(points) == len(places(found))
    home = next(i for i, (_, x, *_) in enumerate(points) if x == 0)
    repeated = {i for i, (_, x, *_) in enumerate(points) if x == 0 and i != home}
    assert set(carried) == set(range(len(points))) - repeated
    for number, rows in carried.items():
        index, x, _, kinds = points[number]
        where = "(origin, " if x == 0 else f".d{index}@{float(x)!r}, "
        assert all(where in row[-1] for row in rows)
        assert {prompts[row[0]][1] for row in rows} == set(kinds)


def test_marks_lead_to_their_places(page):
    points = page.payload["points"]
    _, edges, *_ = page.payload["charts"]["searches"]["data"]
    for y, place in zip(edges["y"][:-1], edges["meta"][:-1], strict=True):
        direction, right = divmod(round(y + 0.17), 2)
        assert points[place][0] == direction
        assert (points[place][1] > 0) == bool(right)
    assert edges["meta"][-1] is None
    for chart in page.payload["charts"]["probes"]:
        (trace,) = chart["data"]
        for x, place in zip(trace["x"], trace["meta"], strict=True):
            assert points[place][1] == pytest.approx(x, abs=1e-6)


@pytest.mark.parametrize("changes", ODD)
def test_odd_searches_render(changes):
    found = searches(**changes)
    parsed = Parsed(render(found, search_examples(found)))
    rows = drawing.rows(found)
    assert parsed.payload["charts"]["searches"]["layout"]["yaxis"]["ticktext"] == rows
    assert parsed.words.count("undefined") >= 2 * ("safety" in changes and not changes["safety"])


def test_a_partial_run_says_so():
    assert "partial: 5 of 12 searches" in Parsed(render(searches(finished=5))).text


@pytest.mark.parametrize("text", EACH)
def test_hostile_texts_are_inert(text):
    found = searches(name=text, axis_label=text, notes=[text])
    said = [Example("origin", "harmful", text, text, "complied", text, text, text)]
    parsed, plain = Parsed(render(found, said)), Parsed(render(searches(notes=["note"])))
    for kind in KINDS:
        assert parsed.count(kind) == plain.count(kind)
    assert not re.search("[\u202e\u2066\x1b\x00]", parsed.text)
    drawn = str(parsed.payload["charts"]).replace("<extra></extra>", "").replace("<br>", "")
    assert "<" not in drawn
    assert not re.search("[\u202e\u2066\x1b\x00]", drawn)


def test_same_input_same_bytes():
    found = searches()
    assert render(found, search_examples(found)) == render(found, search_examples(found))
