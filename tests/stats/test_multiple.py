from __future__ import annotations

import numpy as np
import pytest
from statsmodels.stats.multitest import multipletests

from safebasin.errors import UsageError
from safebasin.stats.multiple import holm


def test_is_holms_rule():
    for seed in range(20):
        rng = np.random.default_rng(seed)
        p_values = np.round(rng.random(1 + seed) ** 3, 2)  # with ties, zeros and ones
        expected = multipletests(p_values, method="holm")[1]
        np.testing.assert_allclose(holm(p_values), expected, rtol=1e-12)


def test_by_hand():
    np.testing.assert_allclose(holm([0.04, 0.01, 0.03]), [0.06, 0.03, 0.06])


def test_comparisons_that_were_not_made_do_not_count():
    np.testing.assert_allclose(holm([0.01, np.nan, 0.04]), [0.02, np.nan, 0.04])
    assert np.isnan(holm([np.nan])).all()
    assert holm([]).size == 0


def test_one_comparison_needs_no_correction():
    assert holm([0.03])[0] == 0.03


def test_false_rejections_among_true_nulls_are_no_likelier_than_promised():
    p_values = np.random.default_rng(0).random((4000, 6))
    assert np.mean([holm(p).min() <= 0.05 for p in p_values]) <= 0.06
    assert (p_values.min(1) <= 0.05).mean() > 0.2


@pytest.mark.parametrize("bad", [[1.2], [-0.1, 0.5], [[0.1]]])
def test_refuses_what_is_not_a_list_of_p_values(bad):
    with pytest.raises(UsageError, match="between 0 and 1"):
        holm(bad)
