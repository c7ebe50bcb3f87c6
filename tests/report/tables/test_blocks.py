from __future__ import annotations

import numpy as np

from safebasin.report.tables.blocks import bars
from safebasin.summary import Curve


def flat(share_P):
    return Curve(mean_P=share_P, low_P=share_P, high_P=share_P, directions_DP=[share_P])


def test_bars_are_exact_at_both_ends():
    assert bars(flat([0.0, 1.0]), 4) == ("  ██", "  ██")
    assert bars(flat([0.5, None]), 2) == ("  ", "█·")
    assert bars(flat([0.001]), 1) == (" ", "▁")


def test_many_points_become_their_means():
    upper, lower = bars(flat(list(np.repeat([0.0, 1.0], 500))), 10)
    assert (upper, lower) == ("     █████", "     █████")


def test_bars_rise_with_the_share():
    upper, lower = bars(flat(list(np.linspace(0, 1, 17))), 17)
    heights = ["".join(pair) for pair in zip(upper, lower, strict=True)]
    assert len(set(heights)) == 17
