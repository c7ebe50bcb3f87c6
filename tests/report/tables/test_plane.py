from __future__ import annotations

import io
import re

import pytest
from rich.console import Console

from safebasin.report import tables
from safebasin.report.tables.plane import picture

from ..factory_plane import plane
from ..payloads import EACH


@pytest.mark.parametrize("shape", [(1, 1), (2, 3), (21, 21), (31, 5), (100, 100)])
@pytest.mark.parametrize("changes", [{}, {"partial": True}, {"censored": 9}, {"study": "path"}])
def test_eighty_columns_are_enough(shape, changes):
    for line in tables.text(plane(nx=shape[0], ny=shape[1], **changes)).splitlines():
        assert len(line) <= 80


def test_the_numbers_are_there_with_their_intervals():
    text = tables.text(plane())
    for line in (
        r"VISAGE +38 +\[34, 43\] +36 prompt clusters",
        r"safe area +30 % +\[25, 35\]",
        r"nearest safety edge +0\.26",
        r"capability edge − safety edge +−0\.07",
    ):
        assert re.search(line, text)


def test_the_largest_y_is_on_top_and_each_level_is_a_character():
    assert picture([[0.0, 0.26, None], [0.5, 0.75, 1.0]]) == ["▒▒▓▓██", "  ░░··"]


def test_the_origin_is_a_cross_where_it_lies():
    assert picture([[0.0, 0.0], [0.0, 1.0]], zero=(1, 1)) == ["  +█", "    "]
    lines = [line for line in tables.text(plane()).splitlines() if "█+" in line]
    assert len(lines) == 1
    assert lines[0].index("+") == 12 + 2 * 10


def test_a_large_map_is_thinned_out_evenly():
    share_YX = [[column / 99 for column in range(100)] for _ in range(100)]
    lines = picture(share_YX, zero=(0, 0))
    assert len(lines) == 21
    assert {len(line) for line in lines} == {60}
    assert lines[0][0] == " "
    assert lines[0][-1] == "█"
    assert lines[-1][0] == "+"


def test_nothing_answered_is_drawn():
    everything = [(row, column) for row in range(3) for column in range(3)]
    assert "······" in tables.text(plane(nx=3, ny=3, missing=everything))


@pytest.mark.parametrize("name", EACH)
def test_names_are_neither_markup_nor_terminal_sequences(name):
    shown = io.StringIO()
    console = Console(file=shown, width=80, force_terminal=True, color_system="truecolor")
    console.print(tables.terminal(plane(nx=3, ny=3, name=name, axis_label=name, notes=[name])))
    left = re.sub(r"\x1b\[[\d;]*m", "", shown.getvalue())
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e\u2066]", left)
    assert "\x1b]" not in shown.getvalue()


def test_markdown_is_one_table():
    lines = tables.markdown(plane(name="a|b<c>")).splitlines()
    rows = [line for line in lines if line.startswith("|")]
    assert {row.count("|") for row in rows} == {6}
    assert "| safe area | 30 % | [25, 35] | coherence | 36 prompt clusters |" in rows
    assert lines[-1] == r"a\|b\<c\>, a map of 21 x 21 points"
