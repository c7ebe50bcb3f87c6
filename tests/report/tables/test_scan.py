from __future__ import annotations

import io
import re

import pytest
from rich.console import Console

from safebasin.report import tables

from ..factory import summary
from ..payloads import EACH


@pytest.mark.parametrize("points", [1, 3, 21, 41, 61, 999])
@pytest.mark.parametrize("changes", [{}, {"partial": True}, {"safety": None}, {"safety": 0.9}])
def test_eighty_columns_are_enough(points, changes):
    for line in tables.text(summary(points=points, **changes)).splitlines():
        assert len(line) <= 80


def test_the_numbers_are_there_with_their_intervals():
    text = tables.text(summary())
    for line in (
        r"VISAGE +58 +\[56, 60\] +5 directions",
        r"safety edge +0\.31 +\[0\.28, 0\.34\]",
        r"keyword ASR at the origin +3 %",
        r"capability edge − safety edge +−0\.07",
    ):
        assert re.search(line, text)
    assert "Coherent answers fall before refusals do" in text
    assert "−0.5" in text


def test_words_for_what_has_no_number():
    assert "> 0.50" in tables.text(summary(safety=0.9))
    assert "not reached within ±0.50 on 10 sides" in tables.text(summary(safety=0.9))
    assert "undefined" in tables.text(summary(safety=None))
    assert "1 direction\n" in tables.text(summary(directions=1))
    assert "partial: 50 of 101 points" in tables.text(summary(partial=True))


@pytest.mark.parametrize("name", EACH)
def test_names_are_neither_markup_nor_terminal_sequences(name):
    shown = io.StringIO()
    console = Console(file=shown, width=80, force_terminal=True, color_system="truecolor")
    console.print(tables.terminal(summary(name=name, notes=[name])))
    left = re.sub(r"\x1b\[[\d;]*m", "", shown.getvalue())
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e\u2066]", left)
    assert "\x1b]" not in shown.getvalue()
    if name.startswith("[red]"):
        assert "[red]not red[/red]" in left


def test_markdown_is_one_table():
    lines = tables.markdown(summary(name="a|b<c>")).splitlines()
    rows = [line for line in lines if line.startswith("|")]
    assert {row.count("|") for row in rows} == {6}
    assert "| VISAGE | 58 | [56, 60] | coherence | 5 directions |" in rows
    assert lines[-1] == r"a\|b\<c\>, 5 directions of 21 points"
