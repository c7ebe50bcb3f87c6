from __future__ import annotations

import io
import re

import pytest
from rich.console import Console

from safebasin.report import tables

from ..factory import summary
from ..factory_comparison import comparison
from ..factory_judged import COHERENCE, hostile, judged
from ..factory_line import line
from ..factory_plane import plane
from ..factory_searches import searches
from ..payloads import EACH

CHANGES = [{}, {"kappa": None}, {"failed": 12_345}, {"samples": 10}, {"judges": (COHERENCE,)}]


@pytest.mark.parametrize("make", [summary, line, plane, searches])
@pytest.mark.parametrize("changes", CHANGES)
def test_eighty_columns_are_enough_and_no_number_is_cut(make, changes):
    text = tables.text(judged(make(prompts=1680) if make is summary else make(), **changes))
    assert max(map(len, text.splitlines())) <= 80
    assert "…" not in text


def test_every_judge_stands_beside_the_others():
    text = tables.text(judged(summary()))
    for words in (
        r"labels by coherence\nrefusal at the origin",
        r"labels by keyword\nkeyword ASR",
        r"judge +refused +complied +incoherent +other +prompts",
        r"judge +over-refusal +complied",
        r"coherence +98 % +3 % +0 % +0 % +80\n",
        r"coherence +\[94, 100\] +\[0, 7\]",
        r"keyword +86 % +14 %",
        r"guard +\[89, 97\]",
        r"coherence +74 % +0\.41 +0\.31 +1,600",
        r"keyword +\[71, 77\] +\[0\.37, 0\.45\] +\[0\.26, 0\.36\] +harmful",
        r"coherence against people: labelled\.csv,\s+300\s+labelled\s+responses",
        r"all +300 91 % \[87, 95\] +95 % \[92, 98\] +0\.86",
        r"2 failed +100 responses +200 responses",
        r"origin +12 % \[8, 16\] +8 % \[3, 13\] Rogan-Gladen",
        r"not corrected",
        r"judges\s+disagree\s+strongly",
    ):
        assert re.search(words, text), words


def test_what_is_undefined_withheld_or_alone_is_words():
    assert "κ undefined: both gave one label" in tables.text(judged(summary(), kappa=None))
    failed = tables.text(judged(summary(), failed=3))
    assert "llama-guard-3: 3 responses without a label, rates there are withheld" in failed
    assert "3 failed" in failed
    alone = " ".join(tables.text(judged(summary(), judges=(COHERENCE,))).split())
    assert "Only one kind of judge was asked (coherence)" in alone
    assert "both judges" not in alone


def test_captions_say_judge_and_n_under_every_chart():
    text = " ".join(tables.text(judged(line(), samples=4)).split())
    assert "Labels by coherence; 80 harmful and 80 benign prompts × 4 samples (organism:" in text
    assert "Labels by the first judge" in tables.text(comparison())


def test_runs_without_rates_have_no_section():
    for found in (summary(), comparison()):
        assert "Judges\n" not in tables.text(found)
        assert "### Judges" not in tables.markdown(found)


@pytest.mark.parametrize("text", EACH)
def test_texts_from_outside_are_neither_markup_nor_terminal_sequences(text):
    found = hostile(summary(points=3, directions=1), text)
    shown = io.StringIO()
    console = Console(file=shown, width=80, force_terminal=True, color_system="truecolor")
    console.print(tables.terminal(found))
    left = re.sub(r"\x1b\[[\d;]*m", "", shown.getvalue())
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e\u2066]", left)
    assert "\x1b]" not in shown.getvalue()
    assert max(map(len, left.splitlines())) <= 80
    markdown = tables.markdown(found)
    assert not re.search(r"(?<!\\)[<!`]|(?<!\\)\]\(", markdown)
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e\u2066]", markdown)
