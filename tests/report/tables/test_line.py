from __future__ import annotations

import io
import re

import pytest
from rich.console import Console

from safebasin.report import tables

from ..factory_comparison import comparison
from ..factory_line import line, measured_scan
from ..payloads import EACH

MEASURES = ("accuracy", "perplexity")


@pytest.mark.parametrize(
    "changes",
    [{}, {"refusals": 2.0}, {"refusals": None}, {"points": 400}, {"points": 2, "start": 0.0}],
)
def test_eighty_columns_are_enough(changes):
    for row in tables.text(line(measures=MEASURES, **changes)).splitlines():
        assert len(row) <= 80
        assert "…" not in row.replace("… at 0", "")


def test_the_numbers_are_there_with_their_intervals():
    plain = tables.text(line(measures=MEASURES))
    for row in (
        r"refusals fall at t +0\.62 +\[0\.59, 0\.65\]",
        r"harmful, second − first +−98 pp +\[−100, −92\]",
        r"Perplexity of plain t… at 0 +10\.8 +\[9\.7, 11\.9\] +64 items",
        r"step-400 +1\.00 +0\.0830 +0\.27 +0 % \[0, 5\] +2 % \[0, 7\]",
    ):
        assert re.search(row, plain)
    assert "78 lost it, 0 gained it" in plain


def test_a_scan_gets_its_measures():
    assert re.search(r"Arithmetic, exact ans… at 0 +70 %", tables.text(measured_scan()))
    for row in tables.text(measured_scan()).splitlines():
        assert len(row) <= 80


def test_markdown_is_one_table():
    lines = tables.markdown(line(first="a|b", measures=MEASURES)).splitlines()
    rows = [row for row in lines if row.startswith("|")]
    assert {row.count("|") for row in rows} == {6}
    assert lines[-1] == r"from a\|b to organism:base, 31 points"


@pytest.mark.parametrize("name", EACH)
@pytest.mark.parametrize("study", ["line", "comparison"])
def test_names_are_neither_markup_nor_terminal_sequences(name, study):
    made = line(first=name, second=name, notes=[name], measures=("accuracy",))
    measure = made.measures[0].model_copy(update={"title": name})
    place = made.trajectory.places[0].model_copy(update={"name": name})
    placed = made.trajectory.model_copy(update={"places": [place]})
    made = made.model_copy(update={"measures": [measure], "trajectory": placed})
    found = made if study == "line" else comparison(runs=2, names=[name, name])
    shown = io.StringIO()
    console = Console(file=shown, width=80, force_terminal=True, color_system="truecolor")
    console.print(tables.terminal(found))
    left = re.sub(r"\x1b\[[\d;]*m", "", shown.getvalue())
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e\u2066]", left)
    assert "\x1b]" not in shown.getvalue()
    if name.startswith("[red]"):
        assert "[red]not red[/red]" in left
    rows = [row for row in tables.markdown(found).splitlines() if row.startswith("|")]
    assert {len(re.findall(r"(?<!\\)\|", row)) for row in rows} == {6}
