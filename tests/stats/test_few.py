"""Every estimator has an answer for n = 0, n = 1 and all alike."""

from __future__ import annotations

import inspect
import pkgutil
from importlib import import_module

import pytest

from safebasin import stats

from . import tiny_counts, tiny_curves

HELPERS = {
    "axis.axis", "grid.on_grid", "grid.origin_index", "grid.bridge", "grid.mean_known",
    "proportion.check_level", "twoway.method", "twoway.allowing",
    "bisection.next_question", "bisection.block_order", "bisected.uniform_error",
}  # fmt: skip
"""Functions that check, interpolate, name, or decide what to ask: none of them estimates."""

BEHAVIOUR = tiny_counts.BEHAVIOUR | tiny_curves.BEHAVIOUR


def estimators():
    for module in pkgutil.iter_modules(stats.__path__):
        members = vars(import_module(f"safebasin.stats.{module.name}"))
        for name, function in members.items():
            own = inspect.isfunction(function) and function.__module__.endswith(f".{module.name}")
            if own and not name.startswith("_") and f"{module.name}.{name}" not in HELPERS:
                yield f"{module.name}.{name}", function


FUNCTIONS = dict(estimators())


def test_every_estimator_is_tried():
    assert set(FUNCTIONS) == set(BEHAVIOUR)


@pytest.mark.parametrize("name", BEHAVIOUR)
def test_few_and_all_alike(name):
    """n = 0, n = 1, all alike."""
    assert all(case() for case in BEHAVIOUR[name])
