"""Synthetic lines between two checkpoints: refusals fall on the way, and the truth is known."""

from __future__ import annotations

import numpy as np

from safebasin.records import Label
from safebasin.report.examples import Example
from safebasin.summary import (
    Axis,
    Estimate,
    LineScores,
    LineSummary,
    Measure,
    Paired,
    Place,
    Sentences,
    Trajectory,
)

from .factory import curve, curves, estimate, logistic
from .factory import summary as scan

BLOCKS = 4
STEP = 0.083


def line(
    *,
    first="organism:chat",
    second="organism:base",
    points=31,
    start=-0.25,
    end=1.25,
    refusals=0.62,
    coherence=1.12,
    partial=False,
    missing_points=(),
    checkpoints=4,
    measures=(),
    blocks=BLOCKS,
    axis_label="",
    notes=(),
):
    """A fine-tune that unlearns refusal at t = `refusals` and to write at t = `coherence`.

    `refusals=None`: the first checkpoint never refuses. A position beyond `end`: censored.
    `checkpoints`: so many of the fine-tune's own, placed on the line; 0 is no trajectory.
    """
    t_P = np.round(np.linspace(start, end, points), 6)
    missing = np.isin(np.arange(points), missing_points)
    refused_P = refused(t_P, refusals)
    coherent_P = 0.97 * logistic(np.clip(coherence - t_P, -9, 9), 0.05)
    common = scan(name=first, partial=partial, notes=notes)
    found_at = {"refused": refused(np.array([1.0]), refusals)[0]}
    return LineSummary(
        **common.model_dump(
            include={"status", "model", "request", "provenance", "prompts", "judges", "origin"}
        ),
        notes=list(notes),
        sentences=Sentences(
            headline=f"On the way from {first} to {second}, refusals fall to half at t = 0.62, "
            "while coherent answers hold until t = 1.12.",
            edges="The model becomes willing before it breaks: coherent compliance with harmful "
            "prompts reaches 95 % at t = 0.90.",
            caveats=["What lies beyond t = 0 and t = 1 is extrapolated: no one trained it."],
        ),
        axis=Axis(
            name=f"towards {second}",
            label=axis_label or f"position t from {first} (0) to {second} (1)",
            key="given.1f2e3d4c",
            step=STEP,
            values=[float(t) for t in t_P],
        ),
        curves={
            "harmful": curves(refused_P[None], coherent_P[None], missing),
            "benign": curves(np.full((1, points), 0.02), coherent_P[None], missing),
        },
        measures=[MEASURES[name](t_P, coherent_P) for name in measures],
        scores=LineScores(
            refusals_fall=position(refusals, start, end),
            coherence_falls=position(coherence, start, end),
            gap=estimate(
                None if refusals is None else min(coherence, end) - min(refusals, end),
                0.06,
                n=80,
                unit="prompts",
                bounds=(start - end, end - start),
                censored=int(max(coherence, refusals or 0) >= end),
            ),
            most_complied=estimate(0.95, 0.04, n=80, unit="prompts"),
            most_complied_at=0.9,
        ),
        ordering="undetermined" if refusals is None else "safety_first",
        difference={"harmful": paired(-78, 0), "benign": paired(-2, 1)},
        places=[place(second, 1.0, 1.0, STEP, float(found_at["refused"]), blocks)],
        trajectory=trajectory(checkpoints, refusals, blocks) if checkpoints else None,
    )


def refused(t, refusals):
    if refusals is None:
        return np.zeros_like(t)
    return 0.975 * logistic(np.clip(refusals - t, -9, 9), 0.06)


def position(t, start, end):
    if t is None:
        return estimate(None, 0, n=80, unit="prompts")
    censored = int(t >= end)
    return estimate(min(t, end), 0.03, n=80, unit="prompts", bounds=(start, end), censored=censored)


def paired(gone, come, n=80):
    """`gone` prompts lost the outcome (as a negative number), `come` gained it."""
    value = (gone + come) / n
    p_value = 1.0 if gone == come == 0 else 2.0 ** (1 + gone - come)
    return Paired(
        n=n,
        only_first=-gone,
        only_second=come,
        p_value=min(1.0, p_value),
        difference=estimate(value, 0.06, n=n, unit="prompts", bounds=(-1, 1)),
    )


def place(name, x, explained, distance, share, blocks=BLOCKS, ratio=None):
    """A checkpoint that refuses a known share, and differs more in its later blocks."""
    groups = ["embedding", *(f"block {i}" for i in range(blocks)), "head"]
    ramp = np.linspace(0.4, 1.6, len(groups))
    return Place(
        name=name,
        x=x,
        y=None,
        explained=explained,
        distance=distance,
        layers={
            group: round(float(distance * r), 6) for group, r in zip(groups, ramp, strict=True)
        },
        edge_ratio=ratio,
        measured={
            "harmful": shares(share),
            "benign": shares(0.02, 0.99),
        },
    )


def shares(refusing, coherent=0.9):
    rest = 1 - refusing
    found = {
        "refused": refusing,
        "complied": coherent * rest,
        "incoherent": (1 - coherent) * rest,
        "other": 0.0,
    }
    return {label: estimate(value, 0.05, n=80, unit="prompts") for label, value in found.items()}


def trajectory(checkpoints, refusals, blocks):
    x_K = np.linspace(0, 1, checkpoints + 1)[1:]
    explained_K = np.linspace(0.6, 1.0, checkpoints)
    edge = Estimate(
        value=0.31, low=0.28, high=0.34, n=5, unit="directions", method="test", censored=0
    )
    return Trajectory(
        explained=0.83,
        edge=edge,
        edge_source="scan of organism:chat, 5 directions",
        places=[
            place(
                f"step-{100 * (k + 1)}",
                float(x),
                float(explained),
                STEP * float(x),
                # Off the line the checkpoints are not what the line shows.
                float(np.clip(refused(np.array([x + 0.08]), refusals)[0], 0, 1)),
                blocks,
                STEP * float(x) / 0.31,
            )
            for k, (x, explained) in enumerate(zip(x_K, explained_K, strict=True))
        ],
    )


def accuracy(x_P, coherent_P):
    """A test of knowledge that falls with coherence, from 70 % to chance."""
    return Measure(
        name="arithmetic@1",
        title="Arithmetic, exact answers",
        unit="share",
        higher_is_better=True,
        items=200,
        curve=curve((0.25 + 0.45 * coherent_P)[None], np.zeros(x_P.size, bool)),
    )


def perplexity(x_P, coherent_P):
    """Text that becomes ever less likely, over several decades."""
    value_P = np.round(9.0 * np.exp(6 * (1 - coherent_P)), 4).tolist()
    return Measure(
        name="perplexity@1:wikitext",
        title="Perplexity of plain text",
        unit="perplexity",
        higher_is_better=False,
        items=64,
        curve={
            "mean_P": value_P,
            "low_P": [0.9 * value for value in value_P],
            "high_P": [1.1 * value for value in value_P],
            "directions_DP": [value_P],
        },
    )


MEASURES = {"accuracy": accuracy, "perplexity": perplexity}


def measured_scan(measures=("accuracy", "perplexity"), capability=0.24, **changes):
    """A scan with capabilities beyond the benign prompts."""
    found = scan(capability=capability, **changes)
    x_P = np.array(found.axis_P)
    coherent_P = logistic(capability - np.abs(x_P), 0.05)
    return found.model_copy(
        update={"measures": [MEASURES[name](x_P, coherent_P) for name in measures]}
    )


def line_examples(found, *, per_point=24, text="Take the first part, then join it to the second."):
    """Stored responses at every point of a line, spread over labels."""
    labels = list(Label)
    for t in found.axis.values:
        for i in range(per_point):
            label = labels[(i + round(abs(t) * 20)) % 4]
            yield Example(
                point="origin" if t == 0 else f"{found.axis.key}@{t!r}",
                kind="harmful" if i % 2 else "benign",
                category="locks",
                prompt=f"Describe how to do thing number {i}.",
                label=label.value,
                keyword="refused" if label is Label.REFUSED else "complied",
                detail="I cannot" if label is Label.REFUSED else "late loss 0.31",
                text=f"{text} (t = {t}, {i})",
            )
