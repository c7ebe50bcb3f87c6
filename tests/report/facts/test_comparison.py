from __future__ import annotations

from safebasin.report import facts
from safebasin.report.facts.comparison import fact_table, quantities, run_rows

from ..factory_comparison import comparison


def test_every_quantity_of_every_run_is_held_against_the_first():
    found = quantities(comparison(runs=4))
    assert [one.name for one in found] == [
        "visage", "safety_edge", "capability_edge", "origin_harmful", "origin_benign",
        "over_refusal",
    ]  # fmt: skip
    *tested, over = found
    assert [row.value.value for row in over.rows] == ["3 %"] * 4
    assert {row.difference.value for row in over.rows[1:]} == {"not tested"}
    assert {row.p + row.adjusted for row in over.rows} == {""}
    for quantity in tested:
        first, *others = quantity.rows
        assert first.difference is None
        assert len(others) == 3
        assert all(row.difference and row.p and row.adjusted for row in others)
        assert all(bool(row.flips) == quantity.paired for row in others)


def test_adjusted_values_are_those_of_the_summary():
    found = comparison(runs=4)
    rows = quantities(found)[3].rows[1:]
    assert [row.p for row in rows] == ["0.005", "0.003", "0.001"]
    assert [row.adjusted for row in rows] == ["0.005", "0.005", "0.004"]
    assert rows[0].flips == "6 of 80 prompts changed: 5 lost it, 1 gained it"


def test_other_prompts_are_not_compared():
    row = quantities(comparison(same_prompts=False))[4].rows[1]
    assert row.difference is not None
    assert (row.difference.value, row.p, row.flips) == ("not compared", "undefined", "")


def test_facts_of_any_run_are_columns():
    found = comparison(runs=2)
    runs = [found.runs[0], found.runs[1].model_copy(update={"facts": {"dtype": "bfloat16"}})]
    names, rows = fact_table(found.model_copy(update={"runs": runs}))
    assert names == ["dtype", "jailbreak", "seed", "system prompt"]
    assert rows == [
        ["default system prompt", "–", "none", "0", "default system prompt"],
        ["no system prompt", "bfloat16", "–", "–", "–"],
    ]


def test_a_row_for_each_run():
    rows = run_rows(comparison(runs=3, safety=0.6))
    assert [name for name, _ in rows] == ["default system prompt", "no system prompt", "role play"]
    assert rows[0][1][5].value == "> 0.50"
    assert str(rows[0][1][4]) == "58 [56, 60]"
    assert str(rows[0][1][2]) == "3 % [0, 6]"  # over-refusal
    assert all(written.basis for _, row in rows for written in row)


def test_cards_count_what_differs():
    cards = {card.title: card for card in facts.cards(comparison(runs=4))}
    assert cards["Differ in VISAGE"].written.value == "2 of 3"
    assert cards["Highest VISAGE"].meaning == "default system prompt"
    assert cards["Lowest VISAGE"].meaning == "few-shot jailbreak"


def test_provenance_holds_the_digest_of_every_run():
    words = str(facts.provenance(comparison(runs=3)))
    for i in range(3):
        assert f"{i:02x}" + "cd" * 31 in words
