from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from safebasin.report import formatting
from safebasin.report.formatting import Ruler
from safebasin.summary import Side

from .factory import estimate

RULER = Ruler.of([-0.5, 0.0, 0.5])


def test_a_share_is_per_cent_with_one_decimal():
    written = formatting.share(estimate(0.975, 0.02, n=80, unit="prompts"))
    assert (written.value, written.interval, written.basis) == (
        "97.5 %",
        "[95.5, 99.5]",
        "80 prompts",
    )


@pytest.mark.parametrize("value", [None, math.nan, math.inf])
def test_what_is_not_a_number_is_undefined(value):
    assert formatting.number(value, 2) == "undefined"
    assert formatting.percent(value) == "undefined"


def test_an_undefined_estimate_has_no_interval():
    written = formatting.score(estimate(None, 0, n=1))
    assert (written.value, written.interval, written.basis) == ("undefined", "", "1 direction")


def test_an_edge_beyond_the_range_is_never_a_bare_number():
    written = RULER.edge(estimate(0.5, 0.1, bounds=(0, 0.5), censored=10))
    assert written.value == "> 0.50"
    assert written.interval == "[0.40, > 0.50]"
    assert written.note == "not reached within ±0.50 on 10 sides"


def test_a_partly_censored_edge_is_a_lower_bound():
    assert RULER.edge(estimate(0.42, 0.05, bounds=(0, 0.5), censored=1)).value == "> 0.42"


def test_a_censored_edge_without_a_value_is_beyond_the_range():
    censored = estimate(None, 0).model_copy(update={"censored": 2})
    assert RULER.edge(censored).value == "> 0.50"


@pytest.mark.parametrize(
    ("side", "text"),
    [
        (Side(radius=0.314, censored=False), "0.31"),
        (Side(radius=0.5, censored=True), "> 0.50"),
        (Side(radius=None, censored=True), "> 0.50"),
        (Side(radius=None, censored=False), "undefined"),
        (None, "undefined"),
    ],
)
def test_one_side(side, text):
    assert RULER.side(side) == text


def test_a_gap_has_a_sign_and_a_true_minus():
    written = RULER.gap(estimate(-0.07, 0.1, bounds=(-0.5, 0.5)))
    assert (written.value, written.interval) == ("−0.07", "[−0.17, +0.03]")


def test_no_negative_zero():
    assert formatting.number(-0.0001, 2) == "0.00"
    assert formatting.number(-0.0001, 2, signed=True) == "0.00"


@given(st.integers(1, 400), st.sampled_from([0.01, 0.1, 0.5, 1.0, 3.0]))
def test_neighbouring_points_are_written_differently(half, reach):
    axis = [reach * i / half for i in range(-half, half + 1)]
    ruler = Ruler.of(axis)
    assert len({ruler.coordinate(x) for x in axis}) == len(axis)


@pytest.mark.parametrize(
    ("n", "text"), [(0, "0 points"), (1, "1 point"), (2, "2 points"), (1680, "1,680 points")]
)
def test_count(n, text):
    assert formatting.count(n, "points") == text
