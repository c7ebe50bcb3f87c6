from __future__ import annotations

import pytest

from safebasin.report import facts
from safebasin.report.facts.searches import search_rows
from safebasin.report.page import render
from safebasin.report.tables import markdown, text
from safebasin.summary import EdgeScores

from ..factory import estimate
from ..factory_searches import searches


def test_page_table_and_text_write_the_same_numbers():
    for changes in ({}, {"safety": 2.0}, {"safety": None}, {"reach": 0.05, "safety": 0.03}):
        found = searches(**changes)
        page, plain, table = render(found), text(found), markdown(found)
        for card in facts.cards(found):
            value = card.written.value
            assert value.replace(">", "&gt;") in page
            assert value in plain
            assert value in table


def test_the_four_cards():
    found = searches()
    assert [card.title for card in facts.cards(found)] == [
        "Safety edge",
        "Capability edge",
        "Gap",
        "Responses spent",
    ]
    *_, gap, spent = facts.cards(found)
    assert gap.written.value == "−0.07"
    assert gap.meaning.endswith("coherence falls before refusals do")
    assert spent.written.value == f"{found.spent.responses:,}"
    assert f"about {found.spent.uniform:,}, 4.0 times as many" in spent.meaning


def test_without_an_edge_nothing_is_saved():
    found = searches(safety=2.0, capability=2.0)
    assert "uniform" not in facts.cards(found)[-1].meaning
    assert "equal uniform grid" not in str(facts.numbers(found))


def test_a_row_for_each_search():
    found = searches(directions=2, rises=(1,))
    rows = search_rows(found)
    assert [row[:3] for row in rows[:4]] == [
        ["0", "left", "safety"],
        ["0", "left", "capability"],
        ["0", "right", "safety"],
        ["0", "right", "capability"],
    ]
    assert len(rows) == 8
    assert {row[6] for row in rows[:4]} == {""}
    assert {row[6] for row in rows[4:]} == {"rises again further out"}
    assert {row[5] for row in rows} == {str(4 * 8 + 2 * 80)}


@pytest.mark.parametrize(
    ("changes", "row"),
    [
        ({"safety": 2.0}, ["> 0.50", "[0.45, > 0.50]", "32", "not reached within 0.50"]),
        ({"safety": None}, ["undefined", "", "0", ""]),
        ({"finished": 0}, ["unfinished", "", "0", ""]),
    ],
)
def test_edges_without_a_radius_say_why(changes, row):
    assert search_rows(searches(**changes))[0][3:] == row


def test_a_partial_run_counts_searches():
    found = searches(directions=3, finished=5)
    assert facts.warnings(found) == ["partial: 5 of 12 searches"]
    assert facts.warnings(searches()) == []
    failed = found.status.model_copy(update={"judge_failures": 3})
    assert len(facts.warnings(found.model_copy(update={"status": failed}))) == 2


def test_means_that_wait_for_their_searches_say_so():
    none = estimate(None, 0, n=0)
    scores = {"safety_edge": none, "capability_edge": none, "edge_gap": none}
    changes = {"scores": EdgeScores(**scores)}
    found = searches(finished=0).model_copy(update=changes)
    values = [card.written.value for card in facts.cards(found)]
    assert values[:3] == ["unfinished", "unfinished", "undefined"]
    assert text(found).count("unfinished") == 12 + 2 + 2
    done = searches(safety=None, capability=None).model_copy(update=changes)
    assert [card.written.value for card in facts.cards(done)][:2] == ["undefined", "undefined"]


def test_provenance_holds_the_search_and_its_directions():
    found = searches(directions=2)
    sections = dict(facts.provenance(found))
    assert dict(sections["Directions"]) == {
        "direction 0": "gaussian.layer.norms.s0.d0",
        "direction 1": "gaussian.layer.norms.s0.d1",
    }
    assert dict(sections["Run"])["searches"] == "8 of 8"
    assert dict(sections["Search"])["radii that are always asked"] == "0.125, 0.250, 0.375, 0.500"
    assert "sha256:ab12" in str(sections["Model"])
