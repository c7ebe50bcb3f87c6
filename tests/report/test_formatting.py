from __future__ import annotations

import math

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from safebasin.report import formatting
from safebasin.report.formatting import Ruler
from safebasin.summary import Side

from .factory import estimate

RULER = Ruler.of([-0.5, 0.0, 0.5])


ROUNDED = [
    ((81.3, 74.9, 87.1), ("81", "[75, 87]")),
    ((81.32, 81.21, 81.44), ("81.32", "[81.21, 81.44]")),
    ((12.5, 6.9, 21.5), ("13", "[7, 22]")),
    ((94.5, 92.4, 96.0), ("94.5", "[92.4, 96.0]")),
    ((50, 10, 90), ("50", "[10, 90]")),
    ((0, 0, 4.58), ("0", "[0, 5]")),  # clipped at an end of the scale
    ((100, 95.42, 100), ("100", "[95, 100]")),
    ((1.2, 0.2, 6.7), ("1.2", "[0.2, 6.7]")),  # the interval does not hold 0
    ((98.9, 93.2, 99.8), ("98.9", "[93.2, 99.8]")),  # nor 100
    ((0.02, 0, 5), ("0", "[0, 5]")),  # a decimal more would tell nothing
    ((70, 70, 70), ("70.0", "[70.0, 70.0]")),
    ((70, None, None), ("70.0", "")),
    ((70, 60, math.nan), ("70.0", "")),
    ((None, None, None), ("undefined", "")),
    ((math.nan, 0, 100), ("undefined", "")),
]


@pytest.mark.parametrize(("numbers", "words"), ROUNDED)
def test_numbers_have_as_many_digits_as_their_interval_allows(numbers, words):
    assert formatting.rounded(*numbers, otherwise=1, top=100) == words


@given(st.lists(st.floats(0, 100), min_size=3, max_size=3).map(sorted))
def test_the_half_width_keeps_one_or_two_digits(found):
    low, value, high = found
    digits = formatting.decimals(value, low, high, otherwise=1)
    half = (high - low) / 2
    if digits and high > low:
        assert 1 <= half * 10**digits < 1000  # a third keeps a bound from reading as 0
    written = [float(formatting.number(x, digits)) for x in found]
    assert written == sorted(written)


@given(st.floats(0.02, 50), st.floats(0.1, 50), st.sampled_from([1, -1]))
def test_a_difference_that_is_told_from_0_is_written_so(distance, width, sign):
    low, high = sorted((sign * distance, sign * (distance + width)))
    digits = formatting.decimals((low + high) / 2, low, high, otherwise=2)
    assume(distance > width / 25)
    zero = formatting.number(0, digits)
    assert zero not in (formatting.number(low, digits), formatting.number(high, digits))


def test_a_share_is_in_per_cent_and_says_on_what_it_rests():
    written = formatting.share(estimate(0.9751, 0.03, n=80, unit="prompts"))
    assert (written.value, written.interval, written.basis) == ("98 %", "[95, 100]", "80 prompts")


def test_a_share_of_nothing_is_undefined():
    written = formatting.share(estimate(None, 0, n=0, unit="prompts"))
    assert (written.value, written.interval, written.basis) == ("undefined", "", "0 prompts")


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


@pytest.mark.parametrize(("n", "text"), [(1, "1 search has"), (2, "2 searches have")])
def test_a_verb_goes_with_its_number(n, text):
    assert formatting.counted(n, "searches", "have") == text
