from __future__ import annotations

import pytest

from safebasin.report import facts
from safebasin.report.facts.capability import at_origin, quantity, rows, span

from ..factory_line import measured_scan


@pytest.mark.parametrize(
    ("value", "unit", "written"),
    [
        (0.7, "share", "70.0 %"),
        (None, "share", "undefined"),
        (9.4512, "perplexity", "9.45"),
        (12.04, "perplexity", "12.0"),
        (2428.3, "perplexity", "2428"),
        (0.0, "perplexity", "0.00"),
        (3.2e9, "perplexity", "3.2e09"),
        (-0.5, "score", "−0.500"),
        (float("inf"), "perplexity", "undefined"),
    ],
)
def test_three_digits_count(value, unit, written):
    assert quantity(value, unit) == written


def test_the_origin_and_the_range_are_said():
    found = measured_scan()
    (accuracy, first), (_, second) = facts.numbers(found)[-2:]
    assert accuracy == "Arithmetic, exact ans… at 0"
    assert (first.value, first.basis) == ("70 %", "200 items")
    span_ = "25 % [14, 37] to 70 % [57, 82]"
    assert first.note == f"{span_} over the axis; higher is better"
    assert second.note.endswith("lower is better")
    assert rows(found.measures, found.axis_P)[0][0] == "Arithmetic, exact answers"


def test_what_was_not_measured_is_undefined():
    measure = measured_scan().measures[0]
    assert at_origin(measure, [0.1, 0.2]).value == "undefined"
    empty = measure.curve.model_copy(update={"mean_P": [None] * 21})
    assert span(measure.model_copy(update={"curve": empty})) == "nowhere known"
