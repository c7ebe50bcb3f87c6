from __future__ import annotations

import re

import pytest

from safebasin.report import tables
from safebasin.report.tables.pipes import escaped, table

from ..factory import summary
from ..factory_judged import hostile, judged
from ..payloads import EACH


def test_numbers_stay_as_they_are_and_texts_are_escaped():
    assert table(("a", "b"), [("[x](y)", "[0.1, 0.2]")], ours=(1,), right=(1,)) == [
        "| a | b |",
        "| :-- | --: |",
        r"| \[x\]\(y\) | [0.1, 0.2] |",
    ]
    assert table(("a",), [("",)])[-1] == "| – |"
    assert escaped("a|b\n# c") == r"a\|b \# c"


def widths(markdown):
    """How many cells each row has, table by table."""
    blocks = re.split(r"\n(?!\|)", markdown)
    rows = [[one for one in block.split("\n") if one.startswith("|")] for block in blocks]
    return [{len(re.findall(r"(?<!\\)\|", row)) for row in block} for block in rows if block]


def test_every_table_is_whole():
    markdown = tables.markdown(judged(summary()))
    found = widths(markdown)
    assert len(found) == 1 + 2 + 1 + 2 * 2
    assert all(len(one) == 1 for one in found)
    assert "| coherence | coherence | 98 % [94, 100] | 3 % [0, 7]" in markdown
    assert "| coherence – keyword | harmful | 1,600 | 74 % [71, 77] | 0.41" in markdown
    assert "Origin, 80 harmful prompts; brackets: 95 % intervals" in markdown


@pytest.mark.parametrize("text", EACH)
def test_no_text_breaks_a_table(text):
    found = widths(tables.markdown(hostile(summary(points=3, directions=1), text)))
    assert len(found) == 1 + 2 + 1 + 2 * 2
    assert all(len(one) == 1 for one in found)
