from __future__ import annotations

import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from statsmodels.stats.contingency_tables import mcnemar

from safebasin.errors import UsageError
from safebasin.stats.paired import paired
from safebasin.stats.proportion import wilson

from .simulated import CLUSTER_Q

COUNTS = st.integers(0, 30)
PAIRS_Q = np.repeat(np.arange(40), 2)


def outcomes(both, only_first, only_second, neither):
    first = [1] * (both + only_first) + [0] * (only_second + neither)
    second = [1] * both + [0] * only_first + [1] * only_second + [0] * neither
    return np.array(first, float), np.array(second, float)


def change(forth, back, n):
    return outcomes(0, back, forth, n - forth - back)


@given(COUNTS, COUNTS, COUNTS, COUNTS)
def test_p_value_is_mcnemars_exact(both, only_first, only_second, neither):
    found = paired(*outcomes(both, only_first, only_second, neither))
    if not found.n:
        assert np.isnan(found.p_value)
        return
    expected = mcnemar([[both, only_first], [only_second, neither]], exact=True).pvalue
    assert found.p_value == pytest.approx(expected, rel=1e-9)
    assert (found.only_first, found.only_second) == (only_first, only_second)
    assert found.difference.value == pytest.approx((only_second - only_first) / found.n)


@given(COUNTS, COUNTS, st.integers(1, 30))
def test_bounds_are_where_the_score_is_the_quantile(forth, back, unchanged):
    """Tango's restricted estimate found again, by maximising the likelihood numerically."""
    n = forth + back + unchanged
    found = paired(*change(forth, back, n)).difference
    assert -1 <= found.low <= found.value <= found.high <= 1
    for bound in (found.low, found.high):
        least = max(0.0, -bound)
        q = least + (1 - abs(bound)) / 2 * np.linspace(1e-9, 1 - 1e-9, 200_001)
        likelihood = (back * np.log(q) + forth * np.log(q + bound)
                      + unchanged * np.log(1 - 2 * q - bound))  # fmt: skip
        best = q[likelihood.argmax()]
        score = (forth - back - n * bound) / np.sqrt(n * (2 * best + bound - bound**2))
        assert abs(score) == pytest.approx(1.959964, rel=2e-3)


@pytest.mark.parametrize("n", [1, 5, 80])
def test_nothing_changed_is_wilsons_zero_of_n_on_both_sides(n):
    found = paired(np.ones(n), np.ones(n))
    assert found.p_value == 1
    assert found.difference.high == pytest.approx(float(wilson(0, n)[1]), abs=1e-9)
    assert found.difference.low == pytest.approx(-found.difference.high, abs=1e-9)


def test_no_prompts():
    found = paired([], [])
    assert (found.n, found.only_first, found.only_second) == (0, 0, 0)
    assert np.isnan(found.p_value)
    assert np.isnan(found.difference.value)
    assert (found.difference.low, found.difference.high) == (-1, 1)


def test_all_changed_one_way():
    found = paired(np.zeros(80), np.ones(80))
    assert found.p_value == pytest.approx(2 * 0.5**80)
    assert found.difference.high == 1
    assert found.difference.low == pytest.approx(2 * float(wilson(80, 80)[0]) - 1, abs=1e-9)


def test_six_flips_one_way_are_needed():
    assert paired(*change(5, 0, 80)).p_value > 0.05
    assert paired(*change(6, 0, 80)).p_value < 0.05


def test_missing_outcomes_leave_their_prompt_out():
    first, second = outcomes(5, 3, 9, 10)
    more = np.append(first, [np.nan, 1, np.nan]), np.append(second, [1, np.nan, np.nan])
    assert paired(*more) == paired(first, second)
    assert paired(*more, np.append(np.arange(27), [0, 1, 2])) == paired(first, second)


def test_swapping_the_outcomes_mirrors_everything():
    first, second = outcomes(5, 3, 9, 10)
    forth, back = paired(first, second), paired(second, first)
    assert back.p_value == forth.p_value
    assert back.difference.value == -forth.difference.value
    assert (back.difference.low, back.difference.high) == pytest.approx(
        (-forth.difference.high, -forth.difference.low)
    )


def test_duplicated_prompts_say_no_more_than_one_of_each():
    first, second = change(9, 2, 40)
    once = paired(first, second)
    twice = paired(np.repeat(first, 2), np.repeat(second, 2), PAIRS_Q)
    assert twice.p_value == pytest.approx(once.p_value, rel=1e-12)
    assert twice.difference.value == once.difference.value
    width = [d.high - d.low for d in (once.difference, twice.difference)]
    assert width[1] == pytest.approx(width[0], rel=0.06)  # t(39) for z, C / (C - 1)
    assert (twice.difference.n, twice.difference.unit) == (40, "prompt clusters")


def test_clusters_of_one_are_no_clusters():
    first, second = outcomes(5, 3, 9, 10)
    assert paired(first, second, np.arange(27)[::-1]) == paired(first, second)


def test_sign_of_clusters_by_enumeration():
    change_Q = np.array([1, 1, 0, -1, 1, 1, -1, 0])
    cluster_Q = np.array([0, 0, 0, 1, 2, 2, 3, 4])
    sums = [2, 1, 2, 1]
    signs = np.array(np.meshgrid(*[[-1, 1]] * 4)).reshape(4, -1)
    expected = np.mean(np.abs(sums @ signs) >= 2)
    found = paired(change_Q < 0, change_Q > 0, cluster_Q)
    assert found.p_value == pytest.approx(expected)


def test_one_cluster_supports_nothing():
    found = paired(np.zeros(20), np.ones(20), np.zeros(20))
    assert found.p_value == 1
    assert found.difference.low < 0


@pytest.mark.parametrize(
    ("first", "second", "cluster", "message"),
    [
        ([0, 1.5], [0, 1], None, "outcome 1.5 is not in [0, 1]"),
        ([0, 1], [0, 1, 1], None, "do not fit"),
        ([0, 1], [0, 1], [0], "do not fit"),
    ],
)
def test_refuses(first, second, cluster, message):
    with pytest.raises(UsageError, match=re.escape(message)):
        paired(np.array(first, float), np.array(second, float), cluster)
    with pytest.raises(UsageError, match="level"):
        paired([0], [1], level=1.0)


def exactly(n, forth, back):
    """Exact coverage, and how often p < 0.05 rejects, over all counts of independent prompts."""
    covers = rejects = 0.0
    for b in range(n + 1):
        for c in range(n + 1 - b):
            chance = stats.multinomial.pmf([b, c, n - b - c], n, [forth, back, 1 - forth - back])
            if chance > 1e-9:
                found = paired(*change(b, c, n))
                inside = found.difference.low <= forth - back <= found.difference.high
                covers, rejects = (
                    covers + chance * inside,
                    rejects + chance * (found.p_value < 0.05),
                )
    return covers, rejects


CASES = [(0.02, 0.02), (0.07, 0.02), (0.12, 0.02), (0.1, 0.1), (0.4, 0.1)]


@pytest.mark.parametrize(("forth", "back"), [(0.03, 0.03), (0.2, 0.05)])
def test_covers_with_twenty_prompts(forth, back):
    covers, rejects = exactly(20, forth, back)
    assert 0.93 <= covers <= 1
    assert forth != back or rejects <= 0.05


@pytest.mark.slow
@pytest.mark.parametrize("n", [20, 80])
def test_covers_exactly(n):
    found = [exactly(n, *case) for case in CASES]
    print(f"n {n}  " + "  ".join(f"{covers:.3f}/{rejects:.3f}" for covers, rejects in found))
    assert all(covers >= 0.93 for covers, _ in found)
    assert all(r <= 0.05 for (_, r), (f, b) in zip(found, CASES, strict=True) if f == b)
    if n == 80:  # +5 and +10 points, with 2 % of flips the other way
        assert all(covers <= 0.97 for covers, _ in found)
        assert found[1][1] == pytest.approx(0.20, abs=0.03)
        assert found[2][1] == pytest.approx(0.59, abs=0.03)


def clustered(cluster_Q, forth, back, repetitions, alike=0.8):
    """Coverage and rejections where prompts copy their cluster's first with chance `alike`."""
    covers, rejects, naive = [], [], []
    for seed in range(repetitions):
        rng = np.random.default_rng(seed)
        change_Q = rng.choice([1, -1, 0], cluster_Q.size, p=[forth, back, 1 - forth - back])
        first_Q = np.unique(cluster_Q, return_index=True)[1][cluster_Q]
        change_Q = np.where(rng.random(cluster_Q.size) < alike, change_Q[first_Q], change_Q)
        found = paired(change_Q < 0, change_Q > 0, cluster_Q)
        covers.append(found.difference.low <= forth - back <= found.difference.high)
        rejects.append(found.p_value < 0.05)
        naive.append(paired(change_Q < 0, change_Q > 0).p_value < 0.05)
    return np.mean(covers), np.mean(rejects), np.mean(naive)


def test_near_duplicates_do_not_make_evidence():
    covers, rejects, naive = clustered(np.repeat(np.arange(20), 4), 0.15, 0.15, 400)
    assert covers >= 0.92
    assert rejects <= 0.06
    assert naive > 0.12


@pytest.mark.slow
@pytest.mark.parametrize(
    "cluster_Q", [CLUSTER_Q, PAIRS_Q, np.repeat(np.arange(20), 4)], ids=["72", "40", "20"]
)
def test_clusters_cover(cluster_Q):
    found = [clustered(cluster_Q, *case, 2000) for case in CASES]
    print(f"C {cluster_Q.max() + 1}  " + "  ".join(f"{c:.3f}/{r:.3f}" for c, r, _ in found))
    assert all(covers >= 0.92 for covers, _, _ in found)
    assert all(r <= 0.06 for (_, r, _), (f, b) in zip(found, CASES, strict=True) if f == b)


# --- several answers to a prompt


def test_whole_outcomes_are_what_they_were() -> None:
    first, second = [0, 1, 1, 0, 1, 0, 1, 1], [1, 1, 0, 1, 1, 1, 1, 1]
    halves = paired(np.array(first) / 1.0, np.array(second) / 1.0)
    assert halves == paired(first, second)
    assert halves.difference.method == "Tango score"


def test_the_test_of_shares_is_exact() -> None:
    """Every sign of every change is as likely: counted one by one."""
    from itertools import product

    first = np.array([0.25, 0.5, 0.75, 0.5, 0.0, 1.0])
    second = np.array([0.75, 0.5, 1.0, 1.0, 0.25, 0.75])
    change = second - first
    sums = [abs(np.dot(signs, change)) for signs in product((-1, 1), repeat=6)]
    expected = np.mean([total >= abs(change.sum()) - 1e-12 for total in sums])
    found = paired(first, second)
    assert found.p_value == pytest.approx(expected)
    assert (found.only_first, found.only_second) == (1, 4)
    assert found.difference.value == pytest.approx(change.mean())
    assert found.difference.method == "Student t over prompts"


def test_few_changed_shares_leave_room_for_those_not_seen() -> None:
    first, second = np.zeros(80), np.zeros(80)
    second[0] = 0.1
    found = paired(first, second).difference
    assert found.low <= -0.04
    assert found.high >= 0.04


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.slow
def test_intervals_of_shares_cover(seed: int) -> None:
    """The effect, and its null: no difference is hardly ever taken for one."""
    draw = np.random.default_rng(seed)
    covered = rejected = 0
    for _ in range(300):
        p_Q = draw.beta(1, 3, 60)
        shift_Q = np.clip(p_Q + draw.choice([0.0, 0.2], 60), 0, 1)
        first, second, same = (draw.binomial(5, p) / 5 for p in (p_Q, shift_Q, p_Q))
        found = paired(first, second).difference
        covered += found.low <= 0.1 <= found.high  # the population's mean shift, but for clipping
        rejected += paired(first, same).p_value < 0.05
    assert covered >= 0.9 * 300
    assert rejected <= 0.08 * 300
