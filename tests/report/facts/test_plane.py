from __future__ import annotations

import pytest

from safebasin.report import facts
from safebasin.report.facts.plane import checkpoint_rows
from safebasin.report.page import render
from safebasin.report.tables import markdown, text

from ..factory_plane import plane


@pytest.mark.parametrize("changes", [{}, {"censored": 9}, {"refuses": False}])
def test_page_table_and_text_write_the_same_numbers(changes):
    found = plane(nx=5, ny=5, **changes)
    page, plain, table = render(found), text(found), markdown(found)
    for card in facts.cards(found)[:-1]:
        value = card.written.value
        assert value.replace(">", "&gt;") in page
        assert value in plain
        assert value in table


def test_a_distance_that_is_not_reached_is_a_lower_bound():
    edge = facts.cards(plane(censored=9))[2].written
    assert edge.value == "> 0.31"
    assert edge.interval == "[0.28, > 0.34]"
    assert edge.note == "9 angles of 72 without an edge count with the window's border"


def test_which_edge_comes_first_is_said_with_the_gap():
    first = facts.cards(plane())[-1]
    assert first.written.value == "capability"
    assert first.written.note == "capability − safety −0.07 [−0.11, −0.03]"
    assert "stops making sense before" in first.meaning
    assert facts.cards(plane(refuses=False))[-1].written.note == ""


def test_a_row_for_each_checkpoint():
    rows = checkpoint_rows(plane(study="path", checkpoints=2))
    assert [row[0] for row in rows] == ["A", "B", "1", "2"]
    assert rows[0][1:7] == ["organism:base", "1.000", "0.000", "100.0 %", "0.0830", "–"]
    assert [str(cell) for cell in rows[3][6:8]] == ["25.8 %", "7 % [0, 15]"]
    assert str(rows[3][9]) == "2 % [0, 10]"  # over-refusal


def test_what_is_not_known_of_a_checkpoint_is_a_dash():
    found = plane(study="path")
    bare = found.places[0].model_copy(update={"measured": {}, "explained": None})
    row = checkpoint_rows(found.model_copy(update={"places": [bare]}))[0]
    assert row[4] == "–"
    assert row[7:] == ["–"] * 4


def test_provenance_holds_the_axes():
    words = str(facts.provenance(plane()))
    assert "gaussian.layer.norms.s0.d1, 21 values, step 1 of ‖W‖" in words
    assert "0.0003 over all weights" in words
