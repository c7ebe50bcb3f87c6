from __future__ import annotations

import re

import pytest

from safebasin.report.page import Example, embed, render

from ..factory import examples, summary
from ..parsed import Parsed, require_nothing_loaded_or_inline, require_strict_policy
from ..payloads import EACH, HOSTILE


@pytest.fixture(scope="module")
def page():
    found = summary()
    return Parsed(render(found, examples(found)))


def hostile_examples():
    for text in HOSTILE:
        yield Example(
            "gaussian.layer.norms.s0.d0@0.5", "harmful", text, text, "complied", text, text, text
        )


def test_the_policy_allows_these_scripts_and_styles_and_nothing_else(page):
    require_strict_policy(page)


def test_nothing_is_loaded_and_nothing_is_inline(page):
    require_nothing_loaded_or_inline(page)


def test_the_page_says_what_a_stranger_needs(page):
    text = " ".join(page.text.split())
    for words in (
        "organism:chat refuses 97.5 %",
        "98 %",
        "[94, 100]",
        "58",
        "5 directions",
        "safety edge",
        "capability edge",
        "coherence@3",
        "late_loss 1.25",
        "gaussian.layer.norms.s0.d4",
        "How to read this page",
    ):
        assert words in text


def test_one_direction_is_said():
    text = Parsed(render(summary(directions=1))).text
    assert "1 direction" in text
    assert "1 directions" not in text


def test_censored_and_undefined_edges_are_words():
    text = Parsed(render(summary(safety=0.7))).text
    assert "> 0.50" in text
    assert "undefined" in Parsed(render(summary(safety=None))).text


def test_a_partial_run_says_so_and_a_whole_one_does_not(page):
    text = Parsed(render(summary(partial=True, missing_points=(1, 2)))).text
    assert text.count("partial: 50 of 101 points") == 2
    assert "partial" not in page.text


def test_failures_are_said():
    found = summary()
    status = found.status.model_copy(update={"numeric_failures": 3, "failed_points": ["p"]})
    text = Parsed(render(found.model_copy(update={"status": status}))).text
    assert "3 responses ended in numbers that are not finite" in text


@pytest.mark.parametrize("changes", [{"points": 1}, {"points": 3}, {"missing_points": range(21)}])
def test_small_and_empty_grids_render(changes):
    charts = Parsed(render(summary(**changes))).payload["charts"]
    assert set(charts) == {"harmful", "benign", "capability", "directions", "judges"}


def test_a_missing_point_is_a_gap_not_a_zero():
    charts = Parsed(render(summary(missing_points=(4,)))).payload["charts"]
    mean = charts["directions"]["measures"][0]["data"][-1]
    assert mean["y"][4] is None
    assert "undefined" in mean["customdata"][4]


def test_hostile_texts_arrive_and_stay_texts():
    parsed = Parsed(render(summary(), hostile_examples()))
    benign = Parsed(render(summary()))
    assert len(parsed.elements) == len(benign.elements)
    assert parsed.payload["examples"]["places"][0]["rows"]


@pytest.mark.parametrize("text", EACH)
def test_hostile_text_in_the_payload_is_inert(text):
    embedded = str(embed({"text": text.encode(errors="replace").decode()}))
    assert not re.search("[<>&\u2028\u2029]", embedded)
    example = Example("origin", text, text, text, text, text, text, text)
    row = Parsed(render(summary(points=3, directions=1), [example])).payload["examples"]
    assert row["places"][0]["rows"][0][4][:10] in row["prompts"][0][0]


@pytest.mark.parametrize("text", EACH)
def test_hostile_names_are_inert(text):
    found = summary(points=3, directions=1, name=text, axis_label=text, notes=[text])
    changes = {
        "request": {text: text},
        "provenance": {text: text},
        "model": found.model.model_copy(update={"system": text}),
    }
    parsed = Parsed(render(found.model_copy(update=changes)))
    plain = Parsed(render(summary(points=3, directions=1, notes=["note"])))
    kinds = ("script", "img", "svg", "iframe", "style", "link", "base", "meta", "form", "object")
    for kind in kinds:
        assert parsed.count(kind) == plain.count(kind)
    title = parsed.payload["charts"]["harmful"]["layout"]["xaxis"]["title"]["text"]
    assert "<" not in title
    assert not re.search("[\u202e\u2066\x1b\x00]", parsed.text)


def test_same_input_same_bytes_and_not_too_large():
    found = summary()
    first, second = (
        render(found, examples(found, per_point=160, text="many words " * 80)) for _ in range(2)
    )
    assert first == second
    assert len(first.encode()) < 6_500_000
