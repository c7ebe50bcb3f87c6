"""Synthetic maps: an elliptic basin whose truth is known, and a fine-tune that leaves it."""

from __future__ import annotations

import numpy as np

from safebasin.summary import (
    Axis,
    Map,
    Maps,
    MeasureMap,
    Place,
    PlaneScores,
    PlaneSummary,
    Sentences,
    Trajectory,
)

from .factory import estimate, listed, logistic
from .factory import summary as scan

GROUPS = ("embedding", "block 0", "block 1", "block 2", "block 3", "head")


def rounded(values_YX):
    return [listed(row) for row in np.round(values_YX, 6)]


def share_map(share_YX, prompts):
    """A share with Wilson's interval at so many prompts; nan becomes null."""
    z, n = 1.96, prompts
    middle = (share_YX + z * z / 2 / n) / (1 + z * z / n)
    half = z / (1 + z * z / n) * np.sqrt(share_YX * (1 - share_YX) / n + z * z / 4 / n / n)
    return Map(
        share_YX=rounded(share_YX),
        low_YX=rounded(np.clip(middle - half, 0, 1)),
        high_YX=rounded(np.clip(middle + half, 0, 1)),
    )


def maps(refused_YX, coherent_YX, prompts):
    left_YX = 1 - refused_YX
    complied_YX = left_YX * coherent_YX
    other_YX = 0.1 * left_YX * (1 - coherent_YX)
    shares = {
        "refused": refused_YX,
        "complied": complied_YX,
        "incoherent": left_YX - complied_YX - other_YX,
        "other": other_YX,
        "keyword_asr": np.clip(left_YX - 0.02, 0, 1),
    }
    return Maps(**{name: share_map(share_YX, prompts) for name, share_YX in shares.items()})


def axis(name, values, label="", step=1.0, key=""):
    return Axis(
        name=name,
        label=label or f"α along {name}, relative to each tensor's norm",
        key=key or f"gaussian.layer.norms.s0.d{name[-1]}",
        step=step,
        values=[float(v) for v in values],
    )


def measured(refusing, prompts=40):
    rest = 1 - refusing
    harmful = {"refused": refusing, "complied": 0.8 * rest, "incoherent": 0.2 * rest, "other": 0.0}
    benign = {"refused": 0.02, "complied": 0.95, "incoherent": 0.03, "other": 0.0}
    return {
        kind: {label: estimate(x, 0.08, n=prompts, unit="prompts") for label, x in found.items()}
        for kind, found in (("harmful", harmful), ("benign", benign))
    }


def place(name, x, y, *, explained=0.8, distance=0.05, refusing=0.5, ratio=None):
    """A checkpoint that differs more in its later blocks."""
    ramp = np.linspace(0.4, 1.6, len(GROUPS))
    return Place(
        name=name,
        x=x,
        y=y,
        explained=explained,
        distance=distance,
        layers={g: round(float(distance * r), 6) for g, r in zip(GROUPS, ramp, strict=True)},
        edge_ratio=ratio,
        measured={} if refusing is None else measured(refusing),
    )


def trajectory(checkpoints, explained=0.71):
    t_K = np.linspace(0, 1, checkpoints + 1)[1:]
    return Trajectory(
        explained=explained,
        edge=estimate(0.31, 0.03, n=5, unit="directions"),
        edge_source="scan-organism-chat-1a2b3c4d",
        places=[
            place(
                f"step-{100 * (k + 1)}",
                round(float(0.9 * t), 6),
                round(float(0.35 * np.sin(2.4 * t)), 6),
                explained=float(0.5 + 0.4 * t),
                distance=float(0.08 * t),
                refusing=float(np.clip(0.97 - 0.9 * t, 0, 1)),
                ratio=float(0.08 * t / 0.31),
            )
            for k, t in enumerate(t_K)
        ],
    )


def accuracy(coherent_YX):
    return MeasureMap(
        name="arithmetic@1",
        title="Arithmetic, exact answers",
        unit="share",
        higher_is_better=True,
        items=200,
        value_YX=rounded(0.25 + 0.45 * coherent_YX),
    )


def perplexity(coherent_YX):
    return MeasureMap(
        name="perplexity@1:plain",
        title="Perplexity of plain text",
        unit="perplexity",
        higher_is_better=False,
        items=64,
        value_YX=rounded(9.0 * np.exp(8 * (1 - coherent_YX))),
    )


def scores(censored=0, safety=0.31, capability=0.24, refuses=True):
    clusters = {"n": 36, "unit": "prompt clusters"}
    edge = {**clusters, "bounds": (0, 0.7), "censored": censored}
    none = estimate(None, 0, **clusters)
    return PlaneScores(
        visage=estimate(38.4, 4.2, bounds=(0, 100), **clusters),
        visage_keyword=estimate(39.0, 4.4, bounds=(0, 100), **clusters),
        safe_area=estimate(0.296, 0.05, **clusters) if refuses else none,
        coherent_area=estimate(0.181, 0.05, **clusters),
        safety_edge=estimate(safety, 0.03, **edge) if refuses else none,
        safety_edge_nearest=estimate(0.26, 0.05, **edge) if refuses else none,
        capability_edge=estimate(capability, 0.03, **clusters),
        edge_gap=estimate(capability - safety, 0.04, **edge | {"bounds": (-1, 1)})
        if refuses
        else none,
    )


def plane(
    *,
    nx=21,
    ny=21,
    reach=0.5,
    prompts=40,
    study="surface",
    checkpoints=0,
    missing=(),
    partial=False,
    measures=(),
    refuses=True,
    censored=0,
    name="organism:chat",
    axis_label="",
    notes=(),
):
    """An elliptic basin, half as wide again along y. `missing`: (row, column) without answers.

    A "path" is a plane through three checkpoints: 0 and 1 on each axis are models.
    """
    span = (-reach, reach) if study == "surface" else (-0.25, 1.25)
    x_X, y_Y = (np.round(np.linspace(*span, count), 6) for count in (nx, ny))
    radius_YX = np.hypot(x_X[None, :], y_Y[:, None] / 1.4)
    if study == "path":
        radius_YX = radius_YX / 2
    refused_YX = (0.975 if refuses else 0.0) * logistic(0.31 - radius_YX, 0.03)
    coherent_YX = 0.97 * logistic(0.36 - radius_YX, 0.04)
    for row, column in missing:
        refused_YX[row, column] = np.nan
    known = refused_YX + coherent_YX
    common = scan(name=name, partial=partial, prompts=prompts, notes=notes)
    path = study == "path"
    x = axis(
        "towards organism:base" if path else "random direction 0",
        x_X,
        axis_label or ("position towards organism:base" if path else ""),
        0.083 if path else 1.0,
        "to.1f2e3d4c5b6a7988" if path else "",
    )
    y = axis(
        "towards tuned" if path else "random direction 1",
        y_Y,
        axis_label or ("position towards tuned" if path else ""),
        0.061 if path else 1.0,
        "to.99aabbccddeeff00" if path else "",
    )
    return PlaneSummary(
        **common.model_dump(
            include={"status", "model", "request", "provenance", "prompts", "judges", "origin"}
        ),
        notes=list(notes),
        sentences=Sentences(
            headline=f"{name} refuses 97.5 % [92.0, 99.5] of the harmful prompts; over the plane, "
            "refusals average 38.4 [34.2, 42.6] of 100, and coherent compliance reaches at most "
            "61 %.",
            edges="Refusals fall to half at a distance of 0.31 [0.28, 0.34] (mean over angles; "
            "nearest 0.26 [0.21, 0.31]), coherent answers to benign prompts at 0.24 [0.21, 0.27]: "
            "the model stops making sense before it stops refusing.",
            caveats=["One plane only: the intervals say nothing about how planes differ."],
        ),
        study=study,
        x=x,
        y=y,
        cosine=0.12 if path else 0.0003,
        cosine_worst=0.4 if path else 0.02,
        maps={
            "harmful": maps(refused_YX, coherent_YX, prompts),
            "benign": maps(np.where(np.isnan(known), np.nan, 0.02), coherent_YX, prompts),
        },
        measures=[MEASURES[one](coherent_YX) for one in measures],
        scores=scores(censored, refuses=refuses),
        ordering="capability_first" if refuses else "undetermined",
        places=[
            place("organism:base", 1.0, 0.0, explained=1.0, distance=0.083, refusing=0.05),
            place("tuned", 0.12, 1.0, explained=1.0, distance=0.061, refusing=0.2),
        ]
        if path
        else [],
        trajectory=trajectory(checkpoints) if checkpoints else None,
    )


MEASURES = {"accuracy": accuracy, "perplexity": perplexity}
