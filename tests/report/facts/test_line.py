from __future__ import annotations

from safebasin.report import facts
from safebasin.report.facts.line import (
    checkpoint_rows,
    difference_rows,
    names,
    position,
    second_end,
)
from safebasin.report.page import render
from safebasin.report.tables import markdown, text

from ..factory_line import line


def test_page_table_and_text_write_the_same_numbers():
    for changes in ({}, {"refusals": 2.0}, {"refusals": None}, {"coherence": 0.3}):
        found = line(**changes)
        page, plain, table = render(found), text(found), markdown(found)
        for card in facts.cards(found):
            value = card.written.value
            assert value.replace(">", "&gt;") in page
            assert value in plain
            assert value in table


def test_a_fall_beyond_the_line_is_a_bound():
    found = line(refusals=2.0)
    written = position(found.scores.refusals_fall, found.axis.values)
    assert written.value == "> 1.25"
    assert written.note == "does not fall up to t = 1.25"
    gap = dict(facts.numbers(found))["coherence falls later by"]
    assert gap.note == "a fall beyond t = 1.25 counts as 1.25"
    assert not dict(facts.numbers(line()))["coherence falls later by"].note


def test_the_ends_are_compared_prompt_by_prompt():
    harmful, benign, over = difference_rows(line())
    assert [str(cell) for cell in harmful[:4]] == [
        "refused, harmful", "98 % [94, 100]", "0.2 % [0.0, 5.2]", "−98 pp [−100, −92]",
    ]  # fmt: skip
    assert harmful[4:] == ["78", "0", "80", "< 0.0001"]
    assert benign[4:] == ["2", "1", "80", "0.250"]
    assert [str(cell) for cell in over[:4]] == [
        "over-refusal", "3 % [0, 6]", "2 % [0, 7]", "–",
    ]  # fmt: skip
    assert len(over) == len(harmful)
    assert difference_rows(line().model_copy(update={"difference": {}})) == []


def test_a_row_for_each_checkpoint():
    rows = checkpoint_rows(line(checkpoints=3))
    assert [row[0] for row in rows] == ["step-100", "step-200", "step-300"]
    assert {len(row) for row in rows} == {9}
    assert checkpoint_rows(line(checkpoints=0)) == []


def test_provenance_holds_what_the_line_is():
    words = str(facts.provenance(line()))
    for word in (
        "organism:base",
        "given.1f2e3d4c",
        "0.083",
        "scan of organism:chat",
        "sha256:ab12",
    ):
        assert word in words


def test_the_second_end_is_found_where_its_projection_was_rounded():
    found = line()
    end = found.places[0].model_copy(update={"x": 0.9999999})
    assert second_end(found.model_copy(update={"places": [end]})) == end
    bare = found.model_copy(update={"places": []})
    assert second_end(bare) is None
    assert names(bare) == ("organism:chat", "organism:base")
    assert dict(facts.numbers(bare))["refused, harmful, second"].value == "undefined"
