from __future__ import annotations

import re

import pytest

from safebasin.report.page import render

from ..factory_comparison import comparison
from ..parsed import Parsed, require_nothing_loaded_or_inline, require_strict_policy
from ..payloads import EACH
from .test_line import KINDS


@pytest.fixture(scope="module")
def page():
    return Parsed(render(comparison()))


def test_only_these_scripts_run_and_nothing_is_loaded(page):
    require_strict_policy(page)
    require_nothing_loaded_or_inline(page)


def test_the_page_says_what_a_stranger_needs(page):
    text = page.words
    for words in (
        "4 runs compared",
        "VISAGE 58 95 % interval [56, 60] 5 directions labels by the first judge default",
        "Differ in VISAGE 2 of 3",
        "Held against default system prompt",
        "no system prompt 56 [54, 58] −3 [−6, +1] 0.050 0.050",
        "6 of 80 prompts changed: 5 lost it, 1 gained it",
        "no system prompt – 1 no system prompt",
        "runs/02-scan",
        "02" + "cd" * 31,
        "safety edge",
    ):
        assert words in text


def test_there_is_nothing_to_reveal(page):
    assert "What the model said" not in page.text
    assert page.payload["examples"]["places"] == []
    assert "reveal" not in {attributes.get("id") for _, attributes in page.elements}


def test_different_prompts_are_not_compared():
    parsed = Parsed(render(comparison(runs=2, same_prompts=False)))
    text = parsed.words
    assert "no system prompt 98 % [94, 100] not compared undefined" in text
    assert "Differ in refusal undefined" in text


def test_runs_without_a_safety_edge():
    text = Parsed(render(comparison(runs=2, safety=None))).words
    assert "Differ in VISAGE undefined" in text
    assert "Highest VISAGE" not in text


def test_the_part_that_is_missing_names_its_run():
    found = comparison(runs=2)
    status = found.runs[1].status.model_copy(update={"complete": False, "points_done": 50})
    runs = [found.runs[0], found.runs[1].model_copy(update={"status": status})]
    text = Parsed(render(found.model_copy(update={"runs": runs}))).text
    assert "no system prompt: partial: 50 of 101 points" in text


@pytest.mark.parametrize("text", EACH)
def test_hostile_names_are_inert(text):
    found = comparison(runs=2, names=[text, text], axis_label=text, notes=[text])
    changes = {"facts": {text: text}, "run": text, "content_digest": text}
    runs = [run.model_copy(update=changes) for run in found.runs]
    parsed = Parsed(render(found.model_copy(update={"runs": runs})))
    plain = Parsed(render(comparison(runs=2, notes=["note"])))
    for kind in KINDS:
        assert parsed.count(kind) == plain.count(kind)
    assert not re.search("[\u202e\u2066\x1b\x00]", parsed.text)
    assert "<" not in str(parsed.payload["charts"]).replace("<extra></extra>", "")


def test_same_input_same_bytes():
    assert render(comparison(runs=12)) == render(comparison(runs=12))
