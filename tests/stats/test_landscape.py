from __future__ import annotations

from dataclasses import fields

import numpy as np
import pytest

from safebasin.errors import UsageError
from safebasin.records import Estimate
from safebasin.stats.landscape import summarise
from safebasin.stats.proportion import unseen
from safebasin.stats.visage import visage

from .simulated import CLUSTER_Q, X_P, World

SCORES = ("visage", "visage_keyword", "visage_published")
EDGES = ("safety_edge", "capability_edge", "edge_gap")
RNG = np.random.default_rng(0)
REFUSED = World().hits(RNG, 5)
ASR = ~REFUSED & (RNG.random(REFUSED.shape) < 0.9)
COHERENT = World(edge=0.12, slope=0.04).hits(RNG, 5)


def landscape(refused=REFUSED, asr=ASR, coherent=COHERENT, c=CLUSTER_Q, b=CLUSTER_Q, x=X_P, **more):
    return summarise(x, refused, asr, coherent, c, b, **({"seed": 0, "replicates": 200} | more))


def flat(share, directions=5, points=21, prompts=80):
    return np.full((directions, points, prompts), share)


def numbers(statistics):
    """Every number of a result, in order."""
    values = [getattr(statistics, field.name) for field in fields(statistics)]
    found = []
    for value in values:
        if isinstance(value, Estimate):
            found.append([value.value, value.low, value.high, value.censored])
        elif not isinstance(value, str):
            found += value if isinstance(value, tuple) else [value]
    return np.concatenate([np.ravel(np.asarray(part, float)) for part in found])


def estimates(statistics):
    return [getattr(statistics, name) for name in SCORES + EDGES]


def test_values_are_means_over_directions_of_what_each_shows():
    found = landscape()
    assert found.visage.value == pytest.approx(visage(REFUSED.mean(-1), X_P).mean())
    assert found.visage_keyword.value == pytest.approx(100 - visage(ASR.mean(-1), X_P).mean())
    for name in SCORES:
        assert getattr(found, name).value == pytest.approx(getattr(found, f"{name}_D").mean())
    for name in EDGES[:2]:
        assert getattr(found, name).value == pytest.approx(getattr(found, f"{name}_DS").mean())
    difference = found.capability_edge.value - found.safety_edge.value
    assert found.edge_gap.value == pytest.approx(difference)


def test_intervals_contain_their_values_and_stay_in_range():
    found = landscape()
    for name, (least, most) in dict.fromkeys(SCORES, (0, 100)).items():
        e = getattr(found, name)
        assert least <= e.low < e.value < e.high <= most
    for name, (least, most) in zip(EDGES, [(0, 0.5), (0, 0.5), (-0.5, 0.5)], strict=True):
        e = getattr(found, name)
        assert least <= e.low < e.value < e.high <= most
    assert all((e.n, e.unit, e.level) == (5, "directions", 0.95) for e in estimates(found))


@pytest.mark.parametrize("seed", range(4))
def test_a_gap_that_is_there_is_found_in_either_direction(seed):
    rng = np.random.default_rng(seed)
    near, far = World(edge=0.1).hits(rng, 5), World(edge=0.3).hits(rng, 5)
    assert landscape(far, ~far, near).ordering == "capability_first"
    assert landscape(near, ~near, far).ordering == "safety_first"


def test_identical_arrays_have_no_gap_and_are_indistinguishable():
    found = landscape(coherent=REFUSED)
    assert found.edge_gap.value == 0
    assert found.ordering == "indistinguishable"


def test_curves_without_a_drop_have_no_edge():
    found = landscape(flat(1.0), flat(0.0), flat(1.0))
    assert found.safety_edge.censored == found.capability_edge.censored == 10
    assert found.safety_edge.value == 0.5
    assert found.safety_censored_DS.all()
    assert found.ordering == "undetermined"


def test_a_model_that_never_refuses_has_no_safety_edge():
    found = landscape(flat(0.0), flat(1.0), COHERENT)
    assert found.visage.value == 0
    assert np.isnan(found.safety_edge.value)
    assert (found.safety_edge.low, found.safety_edge.high) == (0, 0.5)
    assert found.safety_edge.censored == 0
    assert found.ordering == "undetermined"


@pytest.mark.parametrize("share", [0.0, 1.0])
def test_all_alike_is_never_of_no_width(share):
    found = landscape(flat(share), flat(1 - share), COHERENT)
    allowance = 100 * unseen(72)
    for name in SCORES:
        e = getattr(found, name)
        assert e.value == pytest.approx(100 * share)
        assert e.high - e.low == pytest.approx(allowance)


def test_keyword_and_refusal_agree_where_they_are_each_others_opposite():
    found = landscape(asr=~REFUSED)
    one, other = found.visage, found.visage_keyword
    np.testing.assert_allclose(
        [one.value, one.low, one.high], [other.value, other.low, other.high], atol=1e-6
    )


def test_one_direction_rests_on_prompts_alone_and_says_so():
    one = landscape(REFUSED[:1], ASR[:1], COHERENT[:1])
    assert all(e.n == 1 and "1 direction" in e.method for e in estimates(one))
    five = landscape()
    assert one.visage.high - one.visage.low < five.visage.high - five.visage.low


@pytest.mark.parametrize("points", [1, 3])
@pytest.mark.parametrize("directions", [1, 2])
@pytest.mark.parametrize("prompts", [0, 1, 2])
def test_the_smallest_scans_have_defined_answers(points, directions, prompts):
    x = np.linspace(-0.5, 0.5, points) if points > 1 else np.zeros(1)
    hit = flat(1.0, directions, points, prompts)
    ids = np.arange(prompts)
    found = landscape(hit, 1 - hit, hit, ids, ids, x)
    for e in estimates(found):
        assert e.low <= e.high
        assert np.isnan(e.value) or e.low <= e.value <= e.high
    assert np.isnan(found.visage.value) == (prompts == 0)
    assert np.isnan(found.safety_edge.value) == (prompts == 0 or points == 1)
    assert found.ordering == "undetermined"
    assert found.visage.high - found.visage.low > 80


def test_no_benign_prompts_leave_the_rest_as_it_is():
    found, whole = landscape(coherent=flat(1.0, prompts=0), b=[]), landscape()
    assert np.isnan(found.capability_edge.value)
    assert found.ordering == "undetermined"
    assert found.visage == whole.visage
    assert found.safety_edge == whole.safety_edge


def test_order_of_prompts_and_directions_changes_nothing():
    expected = landscape()
    by_prompt, by_direction = RNG.permutation(80), RNG.permutation(5)
    prompts = landscape(
        REFUSED[..., by_prompt],
        ASR[..., by_prompt],
        COHERENT[..., by_prompt],
        CLUSTER_Q[by_prompt],
        CLUSTER_Q[by_prompt],
    )
    np.testing.assert_array_equal(numbers(prompts), numbers(expected))
    directions = landscape(REFUSED[by_direction], ASR[by_direction], COHERENT[by_direction])
    for one, other in zip(estimates(directions), estimates(expected), strict=True):
        assert (one.value, one.low, one.high) == pytest.approx((other.value, other.low, other.high))
    np.testing.assert_allclose(directions.visage_D, expected.visage_D[by_direction])


def test_numbering_clusters_anew_changes_no_value_and_no_interval_beyond_noise():
    expected = landscape(replicates=2000)
    anew = RNG.permutation(72)[CLUSTER_Q]
    found = landscape(c=anew, b=anew, replicates=2000)
    for one, other in zip(estimates(found), estimates(expected), strict=True):
        assert one.value == other.value
        width = other.high - other.low
        assert (one.low, one.high) == pytest.approx((other.low, other.high), abs=0.05 * width)
    kept = landscape(c=7 * CLUSTER_Q - 100, b=7 * CLUSTER_Q - 100, replicates=2000)
    np.testing.assert_array_equal(numbers(kept), numbers(expected))


def test_same_seed_same_bytes():
    assert numbers(landscape()).tobytes() == numbers(landscape()).tobytes()
    assert numbers(landscape()).tobytes() != numbers(landscape(seed=1)).tobytes()


def test_missing_responses_are_in_no_numerator_and_no_denominator():
    holes = REFUSED.astype(float)
    holes[:, :, 60:] = np.nan
    found = landscape(holes)
    assert found.visage.value == pytest.approx(visage(REFUSED[..., :60].mean(-1), X_P).mean())


def test_a_point_without_answers_is_bridged_in_scores_and_left_open_in_curves():
    holes = REFUSED.astype(float)
    holes[:, 3] = np.nan
    found, whole = landscape(holes), landscape()
    assert np.isnan(found.refused.mean_P[3])
    assert found.visage.value == pytest.approx(whole.visage.value, abs=1)
    assert found.safety_edge.value == pytest.approx(whole.safety_edge.value)


def test_more_prompts_of_the_same_kind_in_one_cluster_narrow_nothing():
    twice = np.repeat(REFUSED, 2, -1)
    found = landscape(twice, ~twice, c=np.repeat(CLUSTER_Q, 2))
    e, expected = found.visage, landscape(REFUSED, ~REFUSED).visage
    assert (e.value, e.low, e.high) == pytest.approx((expected.value, expected.low, expected.high))


@pytest.mark.parametrize(
    "wrong",
    [
        {"x": X_P + 0.01},
        {"x": X_P[::-1]},
        {"x": X_P[:-1]},
        {"coherent": COHERENT[:3]},
        {"c": CLUSTER_Q[:-1]},
        {"refused": 2.0 * REFUSED},
        {"replicates": 1},
        {"seed": -1},
    ],
)
def test_what_does_not_fit_is_refused(wrong):
    with pytest.raises(UsageError):
        landscape(**wrong)
