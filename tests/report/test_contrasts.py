from __future__ import annotations

import pytest

from safebasin.report.contrasts import bar, contrasts, reach

from .factory import estimate
from .factory_comparison import comparison


def test_contrasts_are_numbered_as_the_runs_are():
    found = contrasts(comparison(runs=3), "visage")
    assert [(one.number, one.name) for one in found] == [(1, "no system prompt"), (2, "role play")]
    assert found[0].words == "no system prompt: −3 [−6, +1]"


def test_every_interval_is_within_reach():
    assert reach(comparison(runs=4), "visage") == pytest.approx(1.1 * 10.5)
    assert reach(comparison(safety=None), "visage") == 1.0
    assert reach(comparison(), "safety_edge") == reach(comparison(), "capability_edge")


def test_a_bound_that_is_missing_has_no_length():
    assert bar(estimate(None, 0)) == (None, 0.0, 0.0)
    assert bar(estimate(0.5, 0.1).model_copy(update={"high": None})) == (0.5, 0.1, 0.0)
