from __future__ import annotations

import io
import re

import pytest
from rich.console import Console

from safebasin.report import tables

from ..factory_searches import searches
from ..page.test_searches import ODD
from ..payloads import EACH


@pytest.mark.parametrize("changes", [{}, *ODD])
def test_eighty_columns_are_enough(changes):
    for row in tables.text(searches(**changes)).splitlines():
        assert len(row) <= 80
        assert "…" not in row


def test_bars_lie_where_the_edges_do():
    found = searches(directions=1, safety=0.35, capability=0.1)
    rows = [row for row in tables.text(found).splitlines() if re.search("[●◆]", row)]
    assert len(rows) == 6
    start = next(row for row in tables.text(found).splitlines() if "resp." in row).index("0.00")
    for row in rows:
        mark = re.search("[●◆]", row)
        radius = float(re.search(r"0\.\d\d", row)[0])
        assert abs((mark.start() - start + 0.5) / 20 * 0.5 - radius) <= 0.025 / 2 + 0.006
        assert ("safety" in row) == (mark[0] == "●")


def test_a_bound_is_an_arrow_at_the_end():
    rows = tables.text(searches(safety=2.0)).splitlines()
    assert sum("▸" in row and "> 0.50" in row and "[0.45, > 0.50]" in row for row in rows) == 6


def test_many_directions_are_cut_with_a_word():
    plain = tables.text(searches(directions=12))
    assert "9 right" in plain
    assert "10 left" not in plain
    assert "2 more directions: see the page" in plain
    assert "more direction" not in tables.text(searches(directions=10))


def test_unfinished_searches_have_no_bar():
    plain = tables.text(searches(directions=1, finished=1))
    assert plain.count("unfinished") == 3
    assert "partial: 1 of 4 searches" in plain


def test_markdown_is_one_table():
    lines = tables.markdown(searches(name="a|b")).splitlines()
    rows = [row for row in lines if row.startswith("|")]
    assert {row.count("|") for row in rows} == {6}
    assert lines[-1] == r"a\|b, edges of 3 directions within ±0.5, 12 searches"


@pytest.mark.parametrize("name", EACH)
def test_names_are_neither_markup_nor_terminal_sequences(name):
    found = searches(name=name, axis_label=name, notes=[name])
    shown = io.StringIO()
    console = Console(file=shown, width=80, force_terminal=True, color_system="truecolor")
    console.print(tables.terminal(found))
    left = re.sub(r"\x1b\[[\d;]*m", "", shown.getvalue())
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e\u2066]", left)
    assert "\x1b]" not in shown.getvalue()
    rows = [row for row in tables.markdown(found).splitlines() if row.startswith("|")]
    assert {len(re.findall(r"(?<!\\)\|", row)) for row in rows} == {6}
