from __future__ import annotations

import numpy as np
import pytest

from safebasin.errors import UsageError
from safebasin.stats.axis import axis


def test_keeps_what_is_fit():
    np.testing.assert_array_equal(axis("x", [-1, 0, 0.5], 0), [-1, 0, 0.5])


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ([-1, 1], r"x does not contain 0; add it"),
        ([0, np.nan], r"x contains nan"),
        ([0, np.inf], r"x contains inf"),
        ([0, 0.3, 0.3], r"x contains 0\.3 twice"),
        ([0, 0.3, 0.2], r"x has 0\.2 after 0\.3"),
        ([0], r"x is \[0\.0\]; give two or more"),
        ([], r"x is \[\]; give two or more"),
        ([[0, 1]], r"x is \[\[0\.0, 1\.0\]\]; give"),
    ],
)
def test_names_the_axis_and_the_value(values, message):
    with pytest.raises(UsageError, match=message):
        axis("x", values, 0)
