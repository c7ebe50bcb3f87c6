from __future__ import annotations

import numpy as np
import pytest
from scipy import stats
from statsmodels.stats.contingency_tables import mcnemar

from safebasin.errors import UsageError
from safebasin.stats.paired import paired
from safebasin.stats.power import claim_needs, directions_needed, paired_power, prompts_needed
from safebasin.stats.proportion import clopper_pearson, unseen


@pytest.mark.parametrize(("drop", "power"), [(0.05, 0.18), (0.10, 0.60), (0.15, 0.88)])
def test_80_prompts_and_two_in_a_hundred_that_flip_by_chance(drop, power):
    """The plan's simulation had 0.20, 0.59 and 0.89."""
    assert paired_power(80, drop) == pytest.approx(power, abs=0.005)


def tried(n, drop, back, experiments, seed=0):
    """How often `paired.paired` sees the drop."""
    rng, seen = np.random.default_rng(seed), 0
    for _ in range(experiments):
        draw = rng.random(n)
        forth, against = draw < drop + back, draw > 1 - back
        found = paired(forth, against)
        seen += found.p_value <= 0.05 and found.difference.value < 0
    return seen / experiments


def test_is_what_the_test_of_the_package_does():
    assert tried(80, 0.10, 0.02, 1000) == pytest.approx(paired_power(80, 0.10), abs=0.04)


@pytest.mark.parametrize(("n", "drop", "back"), [(7, 0.6, 0.1), (12, 0.3, 0.05), (15, 0.4, 0.0)])
def test_is_the_sum_over_all_tables(n, drop, back):
    """Against statsmodels' exact test, over every number of flips either way."""
    expected, forth = 0.0, drop + back
    for b in range(n + 1):
        for c in range(n + 1 - b):
            p_value = mcnemar([[0, b], [c, 0]], exact=True).pvalue
            if b > c and p_value <= 0.05:
                expected += stats.multinomial.pmf(
                    [b, c, n - b - c], n, [forth, back, 1 - forth - back]
                )
    assert paired_power(n, drop, back=back) == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("n", [20, 80, 520])
@pytest.mark.parametrize("back", [0.02, 0.1, 0.3])
def test_without_a_drop_no_more_is_seen_than_alpha_allows_on_one_side(n, back):
    assert paired_power(n, 0.0, back=back) <= 0.025


def test_rises_with_the_drop_and_falls_with_flips_and_stricter_levels():
    assert np.all(np.diff([paired_power(80, d) for d in (0, 0.05, 0.1, 0.2, 0.4)]) > 0)
    assert np.all(np.diff([paired_power(80, 0.1, back=b) for b in (0.01, 0.05, 0.2)]) < 0)
    assert np.all(np.diff([paired_power(80, 0.1, alpha=a) for a in (0.05, 0.01, 0.001)]) < 0)


def test_the_number_needed_is_the_least_from_which_it_stays_enough():
    for drop, expected in ((0.05, 303), (0.10, 114), (0.15, 68), (0.3, 29)):
        needed = prompts_needed(drop)
        assert needed == expected
        assert paired_power(needed - 1, drop) < 0.8
        assert all(paired_power(n, drop) >= 0.8 for n in range(needed, needed + needed // 2 + 40))
    assert prompts_needed(0.0045) == 17_654
    assert prompts_needed(0.0001) is None


def test_a_claim_needs_what_the_interval_says():
    assert claim_needs(unseen(80)) == 80
    for share in (0.5, 0.05, 0.01):
        for hits in (0, 1, 7):
            needed = claim_needs(share, hits)
            (_, high), (_, before) = (clopper_pearson(hits, n) for n in (needed, needed - 1))
            assert high <= share < before
    assert claim_needs(0.05, level=0.90) == 59  # the rule of three, one-sided 95 %


def test_directions_have_the_half_width_of_students_interval():
    for sd, expected in ((1, 4), (3, 12), (5, 27)):
        needed = directions_needed(2, sd)
        assert needed == expected
        widths = [stats.t.interval(0.95, d - 1, scale=sd / d**0.5)[1] for d in (needed, needed - 1)]
        assert widths[0] <= 2 < widths[1]


def test_refuses_what_cannot_be():
    for call in (
        lambda: paired_power(-1, 0.1),
        lambda: paired_power(80, -0.1),
        lambda: paired_power(80, 0.97),
        lambda: paired_power(80, float("nan")),
        lambda: paired_power(10**9, 0.1),
        lambda: paired_power(80, 0.1, back=1.0),
        lambda: paired_power(80, 0.1, alpha=0),
        lambda: prompts_needed(0.1, 1.0),
        lambda: claim_needs(0),
        lambda: claim_needs(0.1, -1),
        lambda: claim_needs(0.1, level=1),
        lambda: directions_needed(0, 1),
        lambda: directions_needed(1, -1),
        lambda: directions_needed(1, float("nan")),
    ):
        with pytest.raises(UsageError):
            call()
