"""Synthetic comparisons: each run is a basin whose edges are known."""

from __future__ import annotations

from safebasin.stats.multiple import holm
from safebasin.summary import Compared, ComparisonSummary, Difference, Estimate, Sentences

from .factory import estimate
from .factory import summary as scan
from .factory_line import paired

NAMES = (
    "default system prompt",
    "no system prompt",
    "role play",
    "few-shot jailbreak",
    "prefix injection",
    "10-shot fine-tune",
    "50-shot fine-tune",
    "100-shot fine-tune",
    "mixed fine-tune",
    "benign fine-tune",
    "quantised to 8 bits",
    "merged with base",
)
TESTED = ("visage", "safety_edge", "capability_edge", "origin_harmful", "origin_benign")


def comparison(
    *, runs=4, names=NAMES, same_prompts=True, reach=0.5, safety=0.31, axis_label="", notes=()
):
    """Run i keeps refusing up to `safety` · (1 - 0.06 i); its prompts are those of the first."""
    scans = [
        scan(name=names[i], reach=reach, safety=None if safety is None else safety * (1 - 0.06 * i))
        for i in range(runs)
    ]
    compared = [_compared(found, i) for i, found in enumerate(scans)]
    return ComparisonSummary(
        axis_label=axis_label or scans[0].axis_label,
        axis_P=scans[0].axis_P,
        runs=compared,
        differences=_differences(compared, same_prompts, reach),
        sentences=Sentences(
            headline=f"Of {runs} runs, {names[0]} keeps refusing furthest.",
            edges="The capability edges are indistinguishable, so the difference is one of safety.",
            caveats=["Runs differ in more than one thing: see the table of what differs."],
        ),
        notes=list(notes),
    )


def _compared(found, i):
    model = found.model.model_copy(update={"weights_digest": f"sha256:{i:02x}" + "ab" * 31})
    return Compared(
        name=found.model.name,
        run=f"runs/{i:02}-scan",
        facts={"system prompt": found.model.name, "seed": str(i), "jailbreak": "" if i else "none"},
        status=found.status,
        model=model,
        content_digest=f"{i:02x}" + "cd" * 31,
        origin=found.origin,
        curves=found.curves,
        scores=found.scores.model_copy(update={"visage": _visage(found, i)}),
        ordering=found.ordering,
    )


def _visage(found, i):
    value = found.scores.visage.value
    return estimate(None if value is None else value - 2.5 * i, 2.1, n=5, bounds=(0, 100))


def _differences(runs, same_prompts, reach):
    first, found = runs[0], []
    for i, run in enumerate(runs[1:], start=1):
        pair = {"harmful": paired(-5 * i, 1), "benign": paired(-1, 1)}
        found.append(
            Difference(
                name=run.name,
                paired=same_prompts,
                origin=pair if same_prompts else dict.fromkeys(pair),
                visage=_minus(run, first, "visage", 3.0, 100),
                safety_edge=_minus(run, first, "safety_edge", 0.02, reach),
                capability_edge=_minus(run, first, "capability_edge", 0.02, reach),
                p_values=_p_values(i, same_prompts, first.scores.visage.value is not None),
                adjusted={},
            )
        )
    adjusted = {name: holm([_nan(one.p_values[name]) for one in found]).tolist() for name in TESTED}
    return [
        one.model_copy(update={"adjusted": {name: _null(adjusted[name][i]) for name in TESTED}})
        for i, one in enumerate(found)
    ]


def _minus(run, first, name, half, reach):
    one, other = getattr(run.scores, name), getattr(first.scores, name)
    if one.value is None or other.value is None:
        return Estimate(value=None, low=None, high=None, n=0, unit="directions", method="test")
    censored = one.censored + other.censored
    return estimate(one.value - other.value, half, bounds=(-reach, reach), censored=censored)


def _p_values(i, same_prompts, defined):
    tested = dict(zip(TESTED, (0.2 / 4**i, 0.1 / 5**i, 0.9, 0.01 / 2**i, 1.0), strict=True))
    undefined = set() if defined else {"visage", "safety_edge"}
    undefined |= set() if same_prompts else {"origin_harmful", "origin_benign"}
    return {name: None if name in undefined else p for name, p in tested.items()}


def _nan(value):
    return float("nan") if value is None else value


def _null(value):
    return None if value != value else value
