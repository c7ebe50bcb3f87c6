from __future__ import annotations

import numpy as np
import pytest
from scipy import integrate, stats

from safebasin.stats.odds import Seen, log_odds, worth

from .searched import CLUSTER_Q

ORIGIN = Seen(72, 80, 10)


@pytest.mark.parametrize(("hits", "answered"), [(0, 8), (3, 8), (8, 8), (40, 80), (30, 80)])
@pytest.mark.parametrize("hits0", [4, 40, 80])
def test_odds_are_the_integral_that_they_are_said_to_be(hits, answered, hits0):
    origin = stats.beta(1 + hits0, 81 - hits0)
    share = stats.beta(1 + hits, 1 + answered - hits)
    low, high = origin.ppf([1e-13, 1 - 1e-13])

    def side(function):
        return integrate.quad(lambda p: origin.pdf(p) * function(p / 2), low, high, limit=200)[0]

    above = side(lambda t: share.sf(t) / (1 - t))
    below = side(lambda t: share.cdf(t) / t)
    found = log_odds(Seen(hits, answered, 1), Seen(hits0, 80, 10))
    assert found == pytest.approx(np.log(above / below), rel=1e-3, abs=2e-3)


def test_odds_without_answers_are_even_and_rise_with_every_hit():
    assert log_odds(Seen(0, 0, 1), ORIGIN) == 0
    odds = [log_odds(Seen(hits, 40, 5), ORIGIN) for hits in range(41)]
    assert np.all(np.diff(odds) > 0)
    assert abs(log_odds(Seen(36, 80, 10), ORIGIN)) < 2.5


def test_prompts_that_are_worth_less_say_less():
    assert 0 < log_odds(Seen(30, 40, 5), ORIGIN, 0.5) < log_odds(Seen(30, 40, 5), ORIGIN)
    assert worth(np.arange(80)) == 1
    assert worth(np.zeros(80)) == pytest.approx(1 / 80)
    assert worth(CLUSTER_Q) == pytest.approx(80 / (64 + 8 * 4))
    assert worth([]) == 1
