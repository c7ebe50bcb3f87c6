"""Coordinates are taken as they are written, or refused with flag and value."""

from __future__ import annotations

import math
import re
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from safebasin.errors import UsageError
from safebasin.studies.axis import MOST, coordinates, covering


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("-0.5:0.5:3", (-0.5, 0.0, 0.5)),
        ("0:1:2", (0.0, 1.0)),
        (" -1 : 1 : 3 ", (-1.0, 0.0, 1.0)),
        ("-0.5,0,0.5", (-0.5, 0.0, 0.5)),
        (" -1e-1, 0 ,.25", (-0.1, 0.0, 0.25)),
        ("-0.0,1", (0.0, 1.0)),
        ([0, 1], (0.0, 1.0)),
        ((-1.5, 0), (-1.5, 0.0)),
        (range(-1, 2), (-1.0, 0.0, 1.0)),
        (np.linspace(-0.3, 0.3, 3), (-0.3, 0.0, 0.3)),
        ("-100:100:3", (-100.0, 0.0, 100.0)),
    ],
)
def test_each_form(written: Any, expected: tuple[float, ...]) -> None:
    found = coordinates("--x", written, 0.0)
    assert found == expected
    assert all(type(x) is float for x in found)
    assert "-0.0" not in map(repr, found)


def test_a_range_is_the_same_places_as_its_coordinates_by_themselves() -> None:
    listed = ",".join(f"{x / 10:g}" for x in range(-5, 16))
    assert coordinates("--x", "-0.5:1.5:21", 0.0, 1.0) == coordinates("--x", listed)


def test_as_many_as_are_possible() -> None:
    assert len(coordinates("--x", f"-50:50:{MOST}", 0.0)) == MOST


NOT_OF_EITHER_FORM = [
    "", "x", "0,x", "0:1", "0:1:x", "0:1:2.5", "0:1:2:3", ":::", "0,,1", "a:b:c", "0;1",
    ["0", "x"], [0, None], [[0, 1], [2, 3]], [0, 10**400], 0.5, None,
]  # fmt: skip

REFUSED = [
    ("nan,0", "contains nan"),
    ("0,inf", "contains inf"),
    ("-inf,0", "contains -inf"),
    ([0.0, math.nan], "contains nan"),
    ("nan:1:3", "contains nan"),
    ("0:nan:3", "contains nan"),
    ("0:inf:3", "contains inf"),
    ("-1e308:1e308:3", "contains -1e+308; coordinates go from -100 to 100"),
    ("0,1e300", "contains 1e+300; coordinates go from -100 to 100"),
    ("-101,0", "contains -101"),
    ("0:101:3", "contains 101"),
    ("0.5:-0.5:3", "has 0.0 after 0.5; give coordinates ascending"),
    ("0,1,0.5", "has 0.5 after 1.0"),
    ("0,0,1", "contains 0.0 twice"),
    ("-0,0,1", "contains 0.0 twice"),
    ("0,1e-13", "contains 0.0 twice"),
    ("0:0:3", "contains 0.0 twice"),
    ("0:1:1", "is '0:1:1'; COUNT must be from 2"),
    ("0:1:-3", "COUNT must be from 2"),
    ("0:1:1002", "is '0:1:1002'; COUNT must be from 2 to 1,001"),
    ("0:1:999999999999", "COUNT must be from 2 to 1,001"),
    (list(range(1002)), "has 1,002 coordinates; at most 1,001"),
    (",".join(map(str, range(1002))), "has 1,002 coordinates; at most 1,001"),
    ("0", "two or more"),
    ([], "two or more"),
    ("1,2", "does not contain 0; add it"),
    ("-0.5:0.5:20", "does not contain 0"),
]


@pytest.mark.parametrize("written", NOT_OF_EITHER_FORM, ids=repr)
def test_what_is_no_list_of_numbers_is_shown_with_both_forms(written: Any) -> None:
    with pytest.raises(UsageError) as caught:
        coordinates("--y", written)
    assert str(caught.value).startswith(f"--y is {written!r}; write START:STOP:COUNT")
    assert caught.value.exit_code == 2


@pytest.mark.parametrize(("written", "said"), REFUSED, ids=lambda value: str(value)[:20])
def test_what_no_map_can_have_is_refused_by_flag_and_value(written: Any, said: str) -> None:
    with pytest.raises(UsageError, match=r"^--x .*" + re.escape(said)) as caught:
        coordinates("--x", written, 0.0)
    assert caught.value.exit_code == 2


def test_every_needed_coordinate_is_asked_for() -> None:
    with pytest.raises(UsageError, match="--x does not contain 1; add it"):
        coordinates("--x", "-0.5:0.5:3", 0.0, 1.0)


@given(
    st.floats(-5, 5),
    st.floats(-5, 5),
    st.integers(2, 60),
    st.sampled_from([0.0, 0.1, 0.5]),
)
def test_covering_goes_beyond_both_ends_and_has_an_exact_zero(low, high, count, margin) -> None:
    low, high = sorted((round(low, 3), round(high, 3)))
    found = covering(low, high, count, margin)
    assert coordinates("--x", found, 0.0) == found
    width = max(high, 0.0) - min(low, 0.0)
    assert found[0] <= min(low, 0.0) - margin * width + 1e-9
    assert found[-1] >= max(high, 0.0) + margin * width - 1e-9
    assert len(found) <= max(count, 3) * 1.1 + 3
    np.testing.assert_allclose(np.diff(found), found[1] - found[0], rtol=1e-6)


def test_covering_nothing_is_still_a_range() -> None:
    found = covering(0.0, 0.0, 21)
    assert found[0] == -0.5
    assert found[-1] == 0.5
    assert len(found) == 21
