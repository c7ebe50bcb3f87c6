"""Several judges on one run: what each says, where they differ, and how two were calibrated."""

from __future__ import annotations

import numpy as np

from safebasin.summary import (
    Agreement,
    Calibration,
    Corrected,
    Differing,
    Estimate,
    JudgeInfo,
    Rates,
    Stratum,
)

from .factory import curve, estimate, listed

COHERENCE, KEYWORD, GUARD = "coherence@3", "keyword", "llama-guard-3.1a2b3c4d"
JUDGES = (COHERENCE, KEYWORD, GUARD)
FAMILIES = {COHERENCE: "coherence", KEYWORD: "phrases", GUARD: "guard"}
LEVEL = {COHERENCE: 0.0, KEYWORD: 0.12, GUARD: 0.05}
"""How much more each judge calls complied at the checkpoint."""


def judged(found, *, judges=JUDGES, samples=1, failed=0, kappa=0.31, origin=None, names=None):
    """The same summary with these judges.

    Args:
        found: of any run.
        judges: their keys.
        samples: answers to each prompt.
        failed: responses that the last judge could not label.
        kappa: of the first two judges on what is complied; None: undefined.
        origin: shares of the four labels at the checkpoint by every judge, if they are given.
        names: other keys for the judges, in their order.
    """
    called = dict(zip(judges, names or judges, strict=True))
    infos = [
        JudgeInfo(
            name=called[key], title=f"judge {n}", thresholds={}, family=FAMILIES[key],
            source="a paper", where="meta-llama/guard@0a1b" if key == GUARD else "",
        )
        for n, key in enumerate(judges)
    ]  # fmt: skip
    rates = [
        _rates(found, key, called[key], kind, failed * (key == judges[-1]), origin)
        for kind in ("harmful", "benign")
        for key in judges
        if kind == "harmful" or key != GUARD
    ]
    pairs = [
        _agreement(called[one], called[other], kind, kappa if one == judges[0] else 0.8)
        for kind in ("harmful", "benign")
        for i, one in enumerate(judges)
        for other in judges[i + 1 :]
        if kind == "harmful" or GUARD not in (one, other)
    ]
    return found.model_copy(
        update={
            "judges": infos,
            "rates": rates,
            "agreement": pairs,
            "calibrations": [_calibration(called[key]) for key in judges[:2]],
            "request": found.request | {"decoding": {"samples": samples}},
        }
    )


def banded(found):
    """The same summary whose means have simultaneous bands, wider than the intervals."""

    def wider(one):
        mean_P, low_P, high_P = (
            np.array([_value(x, np.nan) for x in row])
            for row in (one.mean_P, one.low_P, one.high_P)
        )
        band = {
            "band_low_P": listed(np.clip(mean_P - 1.5 * (mean_P - low_P), 0, 1)),
            "band_high_P": listed(np.clip(mean_P + 1.5 * (high_P - mean_P), 0, 1)),
        }
        return one.model_copy(update=band)

    curves = {
        kind: of_side.model_copy(
            update={name: wider(getattr(of_side, name)) for name in type(of_side).model_fields}
        )
        for kind, of_side in found.curves.items()
    }
    rates = [
        one.model_copy(update={"curves": {name: wider(c) for name, c in one.curves.items()}})
        for one in found.rates
    ]
    return found.model_copy(update={"curves": curves, "rates": rates})


def _rates(found, judge, called, kind, failed, origin):
    prompts = {"n": found.prompts[kind].n, "unit": "prompts"}
    known = origin or found.origin[kind]
    shares = {name: _value(known.get(name)) for name in ("refused", "complied", "incoherent")}
    moved = LEVEL[judge] * shares["refused"] if kind == "harmful" and not origin else 0.0
    shares |= {"refused": shares["refused"] - moved, "complied": shares["complied"] + moved}
    shares["other"] = max(0.0, 1 - sum(shares.values()))
    values = dict.fromkeys(shares) if failed else shares
    return Rates(
        judge=called,
        prompts=kind,
        judged=found.status.responses // 2 - failed,
        failed=failed,
        origin={name: estimate(value, 0.04, **prompts) for name, value in values.items()},
        curves=_curves(found, judge, kind),
    )


def _curves(found, judge, kind):
    of_side = getattr(found, "curves", {}).get(kind)
    if of_side is None:
        return {}
    more = {"keyword": "keyword_asr"}.get(judge, "complied")
    mean_P = np.array([_value(x, np.nan) for x in getattr(of_side, more).mean_P])
    bent_P = np.clip(mean_P * (0.7 if judge == GUARD else 1.0), 0, 1)
    return {
        "complied": curve(bent_P[None], np.isnan(mean_P)),
        "refused": curve(1 - bent_P[None], np.isnan(mean_P)),
    }


def _agreement(first, second, kind, kappa):
    size = {"n": 1600, "unit": "responses"}
    none = {"value": None, "low": None, "high": None, "method": "bootstrap", **size}
    known = kappa is not None
    places = [(f"gaussian.layer.norms.s0.d0@{x}", f"direction 0, α = {x:.2f}") for x in (0.5, 0.4)]
    return Agreement(
        first=first,
        second=second,
        prompts=kind,
        n=1600,
        agree=estimate(0.74 if known else 1.0, 0.03, **size),
        kappa=estimate(kappa + 0.1, 0.04, **size) if known else Estimate(**none),
        kappa_complied=estimate(kappa, 0.05, **size) if known else Estimate(**none),
        table=[[620, 20, 0, 0], [10, 560, 4, 0], [1, 310, 30, 5], [0, 12, 8, 20]],
        differ=[
            Differing(key=key, place=place, share=estimate(0.9 - 0.2 * i, 0.08, 80, "prompts"))
            for i, (key, place) in enumerate(places)
        ]
        if known
        else [],
    )


def _calibration(judge):
    return Calibration(
        judge=judge,
        source="labelled.csv",
        digest="ab" * 8,
        labelled=300,
        strata=[
            _stratum("all", 300, 0.91, 0.95),
            _stratum("coherent", 220, 0.93, 0.97),
            _stratum("incoherent", 80, None, 0.9),
        ],
        corrected=[
            Corrected(
                place="origin", key="origin", method="Rogan-Gladen",
                raw=estimate(0.12, 0.04, 80, "prompts"),
                corrected=estimate(0.08, 0.05, 80, "prompts"),
            ),
            Corrected(
                place="direction 0, α = 0.50", key="gaussian.layer.norms.s0.d0@0.5",
                method="Rogan-Gladen", raw=estimate(0.4, 0.1, 80, "prompts"), corrected=None,
                reason="sensitivity + specificity − 1 is 0.12, below 0.3",
            ),
        ],
    )  # fmt: skip


def _stratum(name, n, sensitivity, specificity):
    known = sensitivity is not None
    return Stratum(
        name=name,
        n=n,
        table=[[n // 2, 3, 0, 0], [4, n // 3, 1, 0], [0, 2, 5, 0], [0, 0, 0, 6]],
        failed=2 if name == "all" else 0,
        sensitivity=estimate(sensitivity, 0.04, n // 3 if known else 0, "responses"),
        specificity=estimate(specificity, 0.03, n - n // 3, "responses"),
        informedness=sensitivity + specificity - 1 if known else None,
    )


def _value(known, otherwise=0.0):
    value = getattr(known, "value", known)
    return otherwise if value is None else value


def hostile(found, text):
    """The same summary with a text from outside in every place of a judge that holds one."""
    made = judged(found, names=[text, f"{text}@2", f"{text}.1a2b3c4d"])
    calibrations = [
        one.model_copy(
            update={
                "source": text,
                "digest": text,
                "strata": [one.strata[0].model_copy(update={"name": text})],
                "corrected": [
                    cell.model_copy(update={"place": text, "method": text, "reason": text})
                    for cell in one.corrected
                ],
            }
        )
        for one in made.calibrations
    ]
    infos = {"title": text, "family": text, "source": text, "where": text}
    pairs = [
        pair.model_copy(
            update={"differ": [d.model_copy(update={"place": text}) for d in pair.differ]}
        )
        for pair in made.agreement
    ]
    return made.model_copy(
        update={
            "judges": [judge.model_copy(update=infos) for judge in made.judges],
            "calibrations": calibrations,
            "agreement": pairs,
        }
    )
