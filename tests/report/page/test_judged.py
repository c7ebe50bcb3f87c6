from __future__ import annotations

import re

import pytest

from safebasin.report.page import Example, render

from ..factory import examples, summary
from ..factory_comparison import comparison
from ..factory_judged import COHERENCE, banded, hostile, judged
from ..factory_line import line, measured_scan
from ..factory_plane import plane
from ..factory_searches import searches
from ..parsed import Parsed, require_nothing_loaded_or_inline, require_strict_policy
from ..payloads import EACH
from .test_line import KINDS

LINES = ("\u2028", "\x1b", "\u202e", "\x00")


@pytest.fixture(scope="module")
def page():
    found = judged(summary())
    return Parsed(render(found, examples(found)))


def test_only_these_scripts_run_and_nothing_is_loaded(page):
    require_strict_policy(page)
    require_nothing_loaded_or_inline(page)


def test_judges_stand_side_by_side(page):
    text = page.words
    for words in (
        "The labels of coherence are those that scores and edges rest on",
        "Harmful prompts, at the origin judge kind refused complied incoherent other",
        "coherence coherence 98 % [94, 100] 3 % [0, 7]",
        "keyword phrases 86 % [82, 90] 14 % [10, 18]",
        "80 harmful prompts; in brackets 95 % intervals",
        "Benign prompts, at the origin judge kind over-refusal complied",
        "What each judge calls complied",
        "coherence keyword harmful 1,600 74 % [71, 77] 0.41 [0.37, 0.45] 0.31",
        "direction 0, α = 0.50 90 % [82, 98], 80 prompts",
        "coherence ↓ keyword → refused complied incoherent other refused 620 20 0 0",
        "On harmful prompts, judges disagree strongly on what is complied",
        "coherence: labelled.csv, 300 labelled responses",
        "all 300 2 91 % [87, 95] 100 responses 95 % [92, 98] 200 responses 0.86",
        "origin 12 % [8, 16] 80 prompts 8 % [3, 13] 80 prompts Rogan-Gladen",
        "not corrected Rogan-Gladen sensitivity + specificity − 1 is 0.12, below 0.3",
        "llama-guard-3.1a2b3c4d",  # the whole key, in the provenance
        "asked at meta-llama/guard@0a1b",
    ):
        assert words in text


def test_cards_say_whose_labels_they_rest_on(page):
    cards = page.words[: page.words.index("Answers to benign prompts")]
    assert cards.count("labels by coherence") == 6
    assert "Over-refusal 3 % 95 % interval [0, 6] 80 prompts labels by coherence" in cards


@pytest.mark.parametrize(
    "make",
    [measured_scan, line, lambda: plane(study="path", checkpoints=2), searches, comparison],
)
def test_every_table_has_a_caption_with_judge_and_n(make):
    found = make() if make is comparison else judged(make(), samples=3)
    page = render(found)
    study = page[page.index('<section id="numbers"') : page.index('<section id="judges"')
                 if make is not comparison else page.index('<section id="reading"')]  # fmt: skip
    after = [part.split("<table")[0] for part in study.split("</table>")[1:]]
    layers = [part for part in study.split("<table")[1:] if part.startswith(' class="layers"')]
    said = ("Labels by", "labels by", "without a judge")
    captions = [part for part in after if any(words in part for words in said)]
    # Tables of one kind that follow each other share the caption below the last of them.
    shared = 5 + 1 if make is comparison else 0  # quantities; what the runs differ in
    assert len(captions) == len(after) - len(layers) - shared
    if make is not comparison:
        assert "prompts × 3 samples" in study


def test_small_and_old_runs_have_no_section():
    for found in (summary(), comparison()):
        text = Parsed(render(found)).words
        assert "The labels of" not in text
    one = Parsed(render(judged(summary(prompts=1, points=3, directions=1), judges=(COHERENCE,))))
    assert "Only one kind of judge was asked (coherence)" in one.words
    assert "What each judge calls complied" not in one.words
    assert "Where judges agree" not in one.words
    assert "1 harmful prompt;" in one.words


def test_undefined_and_withheld_are_words():
    text = Parsed(render(judged(summary(), kappa=None, failed=3))).words
    assert "undefined both gave one label" in text
    assert "3 responses without a label, rates there are withheld" in text
    assert "disagree strongly" not in text


@pytest.mark.parametrize("make", [measured_scan, line])
def test_bands_are_explained_where_there_are_any(make):
    words = "Outer band: the whole curve at 95 %. Inner band: each point at 95 %."
    assert words in Parsed(render(banded(make()))).words
    assert "Outer band" not in Parsed(render(make())).words


@pytest.fixture(scope="module")
def harmless():
    return Parsed(render(hostile(summary(points=3, directions=1), "name")))


@pytest.mark.parametrize("text", EACH)
def test_texts_from_outside_are_inert(text, harmless):
    found = hostile(summary(points=3, directions=1), text)
    said = [Example("origin", "harmful", text, text, "complied", text, text, text)]
    parsed = Parsed(render(found, said))
    for kind in (*KINDS, "details", "svg"):
        assert parsed.count(kind) == harmless.count(kind)
    assert not re.search(f"[{''.join(LINES)}\u2066]", parsed.text)
    require_nothing_loaded_or_inline(parsed)
    drawn = str(parsed.payload["charts"]["judges"]).replace("<extra></extra>", "")
    assert "<" not in drawn


def test_same_input_same_bytes_and_little_more_of_them():
    found = banded(judged(summary()))
    assert render(found) == render(found)
    assert len(render(found)) - len(render(summary())) < 120_000
