from __future__ import annotations

import re

import pytest

from safebasin.report import tables

from ..factory_comparison import comparison


@pytest.mark.parametrize(
    "changes", [{}, {"safety": None}, {"safety": 0.9}, {"same_prompts": False}]
)
@pytest.mark.parametrize("runs", [2, 12])
def test_eighty_columns_are_enough(runs, changes):
    for row in tables.text(comparison(runs=runs, **changes)).splitlines():
        assert len(row) <= 80


def test_every_run_is_held_against_the_first():
    plain = tables.text(comparison())
    for row in (
        r"default system prompt +58 \[56, 60\]\n",
        r"no system prompt +56 \[54, 58\] +−3 +\[−6, \+1\] +0\.050\n",
        r"few-shot jailbreak +0\.25 \[0\.22, 0\.28\] +−0\.06 +\[−0\.08, −0\.04\] +0\.002\n",
        r"role play +98 % \[94, 100\] +−11 pp",
    ):
        assert re.search(row, plain)


def test_markdown_holds_every_value_and_difference():
    made = tables.markdown(comparison(runs=3))
    rows = [row for row in made.splitlines() if row.startswith("|")]
    assert len(rows) == 2 + 6 * (3 + 2)
    assert {row.count("|") for row in rows} == {6}
    row = "| VISAGE, role play − first | −5 | [−8, −2] | the first judge | 5 directions; p"
    assert f"{row} 0.013" in made
    assert made.splitlines()[-1].startswith("3 runs, held against default system prompt")
