from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from safebasin.errors import UsageError
from safebasin.stats.comparison import Responses, compare
from safebasin.stats.landscape import summarise
from safebasin.stats.proportion import unseen

from .simulated import CLUSTER_Q, World

X_P = np.linspace(-0.5, 0.5, 41)
COARSE_P = np.linspace(-0.5, 0.5, 21)
SCORES = ("visage", "safety_edge", "capability_edge")
BETWEEN = 0.02  # how much the runs' edges differ in each direction beyond their common shift


def pair(seed, directions=5, shift=0.0, x_P=X_P, world=None):
    """Two runs on the same directions and prompts, and the second on other prompts."""
    rng = np.random.default_rng([seed, directions])
    world = world or World()

    def hits(edge_DS, shift_Q):
        share_DPQ = world.share(edge_DS, shift_Q, x_P)
        draw_DPQ = rng.random(share_DPQ.shape)
        draw_DPQ[:, x_P == 0] = draw_DPQ[:1, x_P == 0]
        return draw_DPQ < share_DPQ

    def prompts():
        return world.prompts * rng.standard_normal(72)[CLUSTER_Q]

    edges = world.edge + world.between * rng.standard_normal((2, directions, 2))
    moved = edges + shift + BETWEEN * rng.standard_normal(edges.shape)
    same = [prompts(), prompts()]
    first, second, other = (
        [hits(edge, q) for edge, q in zip(at, asked, strict=True)]
        for at, asked in ((edges, same), (moved, same), (moved, [prompts(), prompts()]))
    )
    return tuple(Responses(*run, CLUSTER_Q, CLUSTER_Q) for run in (first, second, other))


def flat(share, directions=5):
    hit = np.full((directions, 21, 80), share)
    return Responses(hit, hit, CLUSTER_Q, CLUSTER_Q)


def contrasts(found):
    return {name: getattr(found, name) for name in SCORES}


FIRST, SECOND, OTHER = pair(0, shift=0.06, x_P=COARSE_P)


def versus(first=FIRST, second=SECOND, x=COARSE_P, **more):
    return compare(x, first, second, **({"seed": 0, "replicates": 200} | more))


def test_values_are_differences_of_what_each_run_shows():
    one, other = (
        summarise(COARSE_P, r.refused_DPQ, ~r.refused_DPQ, r.coherent_DPB, CLUSTER_Q, CLUSTER_Q,
                  seed=0, replicates=2)
        for r in (FIRST, SECOND)
    )  # fmt: skip
    for paired in (True, False):
        for name, contrast in contrasts(versus(paired=paired)).items():
            expected = getattr(other, name).value - getattr(one, name).value
            assert contrast.difference.value == pytest.approx(expected)
            assert contrast.difference.low < expected < contrast.difference.high


@pytest.mark.parametrize("paired", [True, False])
def test_a_run_against_itself_is_exactly_no_difference(paired):
    found = versus(second=FIRST, paired=paired)
    for contrast in contrasts(found).values():
        assert contrast.difference.value == 0
        assert contrast.difference.low < 0 < contrast.difference.high
        assert contrast.p_value == 1
    assert not paired or not found.refused_flips_P.any()


@pytest.mark.parametrize("paired", [True, False])
def test_p_value_agrees_with_the_interval(paired):
    for seed in range(12):
        runs = pair(seed, 3, shift=0.03, x_P=COARSE_P)
        found = versus(runs[0], runs[1 if paired else 2], paired=paired)
        for contrast in contrasts(found).values():
            excludes = not contrast.difference.low <= 0 <= contrast.difference.high
            assert excludes == (contrast.p_value < 0.05)


def test_swapping_the_runs_mirrors_everything():
    forth, back = versus(), versus(SECOND, FIRST)
    for name in SCORES:
        one, other = getattr(forth, name), getattr(back, name)
        assert other.p_value == pytest.approx(one.p_value)
        assert (other.difference.value, other.difference.low) == pytest.approx(
            (-one.difference.value, -one.difference.high)
        )
    np.testing.assert_array_equal(forth.refused_flips_P, back.refused_flips_P)


def test_flips_are_the_share_of_prompts_that_changed():
    found = versus()
    expected = (FIRST.refused_DPQ != SECOND.refused_DPQ).mean((0, 2))
    np.testing.assert_allclose(found.refused_flips_P, expected)
    assert np.isnan(versus(paired=False).refused_flips_P).all()


def test_all_of_eighty_changed_is_as_unlikely_as_in_mcnemars_test():
    alone = np.arange(80)
    first, second = (replace(flat(s), harmful_cluster_Q=alone) for s in (1.0, 0.0))
    few = [slice(None), slice(None), slice(0, 20)]
    short = [Responses(r.refused_DPQ[tuple(few)], r.coherent_DPB, alone[:20], CLUSTER_Q)
             for r in (first, second)]  # fmt: skip
    assert versus(*short).visage.p_value == pytest.approx(2 * 0.5**20, rel=1e-4)
    found = versus(first, second).visage
    assert found.p_value == 1e-12
    assert (found.difference.value, found.difference.low) == (-100, -100)
    assert found.difference.high == pytest.approx(-100 + 200 * unseen(80))


def test_five_changed_prompts_support_no_difference():
    hit = FIRST.refused_DPQ.copy()
    hit[..., [1, 12, 23, 34, 45]] = False  # never refused, in five clusters
    found = versus(second=replace(FIRST, refused_DPQ=hit)).visage
    assert found.difference.value < 0
    assert found.p_value > 0.05
    hit[..., [56, 67, 78]] = False
    assert versus(second=replace(FIRST, refused_DPQ=hit)).visage.p_value < 0.05


def test_missing_responses_are_left_out_of_both():
    hole = np.array(FIRST.refused_DPQ, float)
    hole[:, :, :20] = np.nan
    cut = [replace(r, refused_DPQ=r.refused_DPQ[..., 20:], harmful_cluster_Q=CLUSTER_Q[20:])
           for r in (FIRST, SECOND)]  # fmt: skip
    found = versus(replace(FIRST, refused_DPQ=hole)).visage.difference.value
    assert found == pytest.approx(versus(*cut).visage.difference.value)


def test_undefined_differences_have_the_whole_range():
    nothing = replace(FIRST, refused_DPQ=np.full((5, 21, 80), np.nan))
    found = versus(nothing)
    assert np.isnan([found.visage.p_value, found.safety_edge.p_value]).all()
    assert (found.visage.difference.low, found.visage.difference.high) == (-100, 100)
    assert (found.safety_edge.difference.low, found.safety_edge.difference.high) == (-0.5, 0.5)
    empty = Responses(*[np.zeros((5, 21, 0))] * 2, *[np.zeros(0, int)] * 2)
    assert np.isnan(versus(empty, empty).visage.p_value)


def test_one_prompt_supports_nothing():
    single = [Responses(r.refused_DPQ[..., :1], r.coherent_DPB[..., :1], [0], [0])
              for r in (FIRST, SECOND)]  # fmt: skip
    for paired in (True, False):
        assert all(c.p_value > 0.9 for c in contrasts(versus(*single, paired=paired)).values())


def test_one_direction_says_so():
    cut = [replace(r, refused_DPQ=r.refused_DPQ[:1], coherent_DPB=r.coherent_DPB[:1])
           for r in (FIRST, SECOND)]  # fmt: skip
    for contrast in contrasts(versus(*cut)).values():
        assert "1 direction" in contrast.difference.method


def test_same_seed_same_bytes():
    assert contrasts(versus()) == contrasts(versus())
    assert contrasts(versus()) != contrasts(versus(seed=1))


def test_unpaired_runs_may_have_other_prompts():
    cut = replace(OTHER, refused_DPQ=OTHER.refused_DPQ[..., :60], harmful_cluster_Q=np.arange(60))
    assert versus(second=cut, paired=False).visage.p_value < 1
    with pytest.raises(UsageError, match="and prompts"):
        versus(second=cut)


def test_refuses_what_does_not_fit():
    with pytest.raises(UsageError, match="same cluster"):
        versus(second=replace(SECOND, benign_cluster_B=np.arange(80)))
    for paired in (True, False):
        with pytest.raises(UsageError, match="same directions"):
            versus(second=flat(1.0, 4), paired=paired)
    with pytest.raises(UsageError, match="does not fit a grid"):
        versus(x=X_P)


def measure(directions, shift, repetitions, world=None):
    """Coverage and rejections of each score, paired and unpaired."""
    truth = {"visage": 200 * 0.9 * shift, "safety_edge": shift, "capability_edge": shift}
    rows = {}
    for paired in (True, False):
        covers, rejects = [], []
        for seed in range(repetitions):
            first, second, other = pair(seed, directions, shift, world=world)
            runs = (first, second) if paired else (first, other)
            found = contrasts(compare(X_P, *runs, paired=paired, seed=seed, replicates=200))
            ends = {name: c.difference for name, c in found.items()}
            covers.append([e.low <= truth[name] <= e.high for name, e in ends.items()])
            rejects.append([c.p_value < 0.05 for c in found.values()])
        both = np.mean(covers, 0), np.mean(rejects, 0)
        row = "  ".join(f"{c:.3f}/{r:.3f}" for c, r in zip(*both, strict=True))
        print(f"D {directions:2}  shift {shift:.2f}  paired {paired!s:5}  {row}")
        rows[paired] = both
    return rows


def test_a_shift_is_found_and_covered():
    covers, rejects = measure(5, 0.06, 25)[True]
    assert (covers >= 0.84).all()
    assert (rejects >= 0.8).all()


@pytest.mark.slow
def test_no_shift_is_seldom_found():
    covers, rejects = measure(5, 0.0, 40)[True]
    assert (covers >= 0.85).all()
    assert (rejects <= 0.15).all()


@pytest.mark.slow
@pytest.mark.parametrize("directions", [3, 5, 10])
def test_null_pairs_reject_no_more_often_than_promised(directions):
    for covers, rejects in measure(directions, 0.0, 300).values():
        assert (covers >= 0.93).all()
        assert (rejects <= 0.07).all()  # 0.05 and 1.6 standard errors of 300


@pytest.mark.slow
@pytest.mark.parametrize("directions", [3, 5, 10])
def test_pairing_finds_more(directions):
    rows = measure(directions, 0.03, 300, World(prompts=0.08))
    assert all((covers >= 0.91).all() for covers, _ in rows.values())
    assert rows[True][1][0] > rows[False][1][0]
