from __future__ import annotations

import pytest

from safebasin.report.facts.contrasts import flips, p_value, paired_difference, score_difference

from ..factory import estimate
from ..factory_line import paired


@pytest.mark.parametrize(
    ("p", "written"),
    [
        (None, "undefined"),
        (float("nan"), "undefined"),
        (1.0, "1.000"),
        (0.0312, "0.031"),
        (0.00042, "0.0004"),
        (0.0001, "0.0001"),
        (0.00009, "< 0.0001"),
        (0.0, "< 0.0001"),
    ],
)
def test_p_values_are_never_zero(p, written):
    assert p_value(p) == written


def test_prompts_that_changed_are_counted_both_ways():
    assert flips(paired(-5, 1)) == "6 of 80 prompts changed: 5 lost it, 1 gained it"
    assert flips(paired(0, 0)) == "no prompt changed"


def test_a_paired_difference_is_in_percentage_points():
    written = paired_difference(paired(-8, 0))
    assert (written.value, written.basis) == ("−10 pp", "80 prompts")
    assert written.interval == "[−16, −4]"
    assert written.note.endswith("p = 0.008 (McNemar)")


def test_an_undefined_difference_has_no_interval():
    written = score_difference(estimate(None, 0))
    assert (written.value, written.interval) == ("undefined", "")
