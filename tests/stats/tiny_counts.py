"""For n = 0, n = 1 and all alike: whether estimates from counts are as documented."""

from __future__ import annotations

import numpy as np
import pytest

from safebasin.stats import (
    agreement,
    calibration,
    clusters,
    correction,
    multiple,
    odds,
    paired,
    power,
    proportion,
    samples,
    sequential,
)
from safebasin.stats.odds import Seen

from .tiny import (
    LABELS,
    NAN,
    RULE,
    counts,
    is_nan,
    judged,
    run,
    whole,
    wide,
)

BEHAVIOUR = {
    "agreement.agreement": (
        lambda: whole(judged(0).kappa, -1) and judged(0).note == agreement.NO_RESPONSE,
        lambda: whole(judged(1).kappa, -1) and judged(1).note == agreement.ONE_UNIT,
        lambda: whole(judged(80).kappa, -1) and judged(80).note == agreement.ONE_LABEL,
    ),
    "agreement.disagreement": (
        lambda: is_nan(agreement.disagreement(np.empty((2, 0), str), np.empty((2, 0), str))[0]),
        lambda: agreement.disagreement([["a"]], [["b"]])[1:] == (pytest.approx(0.025), 1),
        lambda: agreement.disagreement(LABELS[None], LABELS[None])[2] == proportion.unseen(80),
    ),
    "calibration.confusion": (
        lambda: calibration.confusion([], []) == counts(),
        lambda: calibration.confusion([1], [0]) == counts(0, 0, 0, 1),
        lambda: calibration.confusion([1] * 9, [1] * 9) == counts(9),
    ),
    "calibration.calibrate": (
        lambda: (
            whole(calibration.calibrate(counts()).sensitivity)
            and whole(calibration.calibrate(counts()).youden, -1)
        ),
        lambda: wide(calibration.calibrate(counts(1, 0, 1, 0)).youden, 1),
        lambda: wide(calibration.calibrate(counts(50, 0, 50, 0)).specificity, 1),
    ),
    "calibration.by_stratum": (
        lambda: calibration.by_stratum([], [], []) == {},
        lambda: calibration.by_stratum([1], [1], ["a"])["a"].sensitivity.high == 1,
        lambda: wide(calibration.by_stratum([1] * 9, [1] * 9, ["a"] * 9)["a"].sensitivity, 1),
    ),
    "clusters.clusters": (
        lambda: clusters.clusters([]).size == 0,
        lambda: clusters.clusters(["a b"]).tolist() == [0],
        lambda: clusters.clusters(["aa bb"] * 3).tolist() == [0] * 3,
    ),
    "correction.rogan_gladen": (
        lambda: whole(correction.rogan_gladen(run(0)).corrected),
        lambda: wide(correction.rogan_gladen(run(1, 1)).corrected, 1),
        lambda: wide(correction.rogan_gladen(run(80)).corrected, 0),
    ),
    "correction.prediction_powered": (
        lambda: whole(correction.prediction_powered(run(0)).corrected),
        lambda: wide(correction.prediction_powered(run(1, 1)).corrected),
        lambda: wide(correction.prediction_powered(run(80, 0, (0, 0, 50, 0))).corrected, 0),
    ),
    "multiple.holm": (
        lambda: multiple.holm([]).size == 0,
        lambda: multiple.holm([0.03]) == 0.03,
        lambda: np.allclose(multiple.holm([0.01] * 3), 0.03),
    ),
    "odds.log_odds": (
        lambda: odds.log_odds(Seen(0, 0, 0), Seen(72, 80, 10)) == 0,
        lambda: (
            odds.log_odds(Seen(1, 1, 1), Seen(72, 80, 10)) > 0
            and odds.log_odds(Seen(0, 1, 1), Seen(72, 80, 10)) < 0
        ),
        lambda: np.isfinite(odds.log_odds(Seen(80, 80, 10), Seen(80, 80, 10))),
    ),
    "odds.worth": (
        lambda: odds.worth([]) == 1,
        lambda: odds.worth([7]) == 1,
        lambda: odds.worth([7] * 5) == pytest.approx(1 / 5),
    ),
    "paired.paired": (
        lambda: (
            is_nan(paired.paired([], []).p_value) and whole(paired.paired([], []).difference, -1)
        ),
        lambda: paired.paired([1], [0]).p_value == 1 and wide(paired.paired([1], [0]).difference),
        lambda: (
            paired.paired([1] * 80, [1] * 80).p_value == 1
            and wide(paired.paired([1] * 80, [1] * 80).difference, 0)
        ),
    ),
    "power.paired_power": (
        lambda: power.paired_power(0, 0.1) == 0,
        lambda: power.paired_power(1, 0.1) == 0 and power.paired_power(5, 0.9) == 0,
        lambda: power.paired_power(80, 0, back=0) == 0,
    ),
    "power.prompts_needed": (
        lambda: power.prompts_needed(0) is None,
        lambda: power.prompts_needed(0.9) > 1,
        lambda: power.prompts_needed(1, back=0) == 6,
    ),
    "power.claim_needs": (
        lambda: power.claim_needs(0.999) >= 1,
        lambda: power.claim_needs(0.975) == 1,
        lambda: power.claim_needs(0.9, 5) > 5,
    ),
    "power.directions_needed": (
        lambda: power.directions_needed(1e9, 3) == 2,
        lambda: power.directions_needed(1e-9, 3) is None,
        lambda: power.directions_needed(2, 0) == 2,
    ),
    "proportion.wilson": (
        lambda: proportion.wilson(0, 0) == (0, 1),
        lambda: np.allclose(proportion.wilson([0, 1], 1), [(0, 0.2065), (0.7935, 1)], atol=1e-4),
        lambda: proportion.wilson(80, 80)[1] == 1 > proportion.wilson(80, 80)[0],
    ),
    "proportion.clopper_pearson": (
        lambda: proportion.clopper_pearson(0, 0) == (0, 1),
        lambda: np.allclose(proportion.clopper_pearson([0, 1], 1), [(0, 0.025), (0.975, 1)]),
        lambda: proportion.clopper_pearson(0, 80)[0] == 0 < proportion.clopper_pearson(0, 80)[1],
    ),
    "proportion.unseen": (
        lambda: proportion.unseen(0) == 1,
        lambda: proportion.unseen(1) == pytest.approx(0.975),
        lambda: proportion.unseen(80) == pytest.approx(0.045, abs=5e-4),
    ),
    "proportion.estimate": (
        lambda: whole(proportion.estimate(0, 0)),
        lambda: wide(proportion.estimate(1, 1), 1),
        lambda: wide(proportion.estimate(0, 80), 0),
    ),
    "samples.samples": (
        lambda: (
            whole(samples.samples(np.ones((0, 4))).rate)
            and is_nan(samples.samples(np.ones((0, 4))).between)
        ),
        lambda: (
            wide(samples.samples([[1, 0]]).rate, 0.5) and is_nan(samples.samples([[1, 0]]).between)
        ),
        lambda: (
            wide(samples.samples(np.ones((80, 4))).rate, 1)
            and is_nan(samples.samples(np.ones((80, 4))).correlation)
        ),
    ),
    "samples.any_of": (
        lambda: whole(samples.any_of(np.full((3, 4), NAN), 2)),
        lambda: wide(samples.any_of([[1, 0]], 2), 1),
        lambda: wide(samples.any_of(np.zeros((80, 4)), 2), 0),
    ),
    "sequential.decide": (
        lambda: sequential.decide([], RULE).go_on,
        lambda: (
            sequential.decide([0.0], RULE).go_on
            and not sequential.decide([9.0], sequential.WidthRule(2.0, most=1)).go_on
        ),
        lambda: sequential.decide([0.0] * 8, RULE).directions == 8,
    ),
    "sequential.stops": (
        lambda: sequential.stops(np.empty((1, 0)), RULE) == 0,
        lambda: sequential.stops([[0.0]], RULE) == 0,
        lambda: sequential.stops([[0.0] * 9], RULE) == 8,
    ),
}
