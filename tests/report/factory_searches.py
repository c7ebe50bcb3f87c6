"""Synthetic adaptive scans: the edge of every side is known."""

from __future__ import annotations

import numpy as np

from safebasin.points import Direction
from safebasin.report.examples import Example
from safebasin.summary import EdgeScores, EdgesSummary, Probe, Search, Sentences, Spent

from .factory import estimate, logistic
from .factory import summary as scan

COARSE = 4
LABEL = {"harmful": "refused", "benign": "complied"}


def searches(
    *,
    directions=3,
    reach=0.5,
    safety=0.31,
    capability=0.24,
    prompts=80,
    finished=None,
    rises=(),
    name="organism:chat",
    axis_label="perturbation α, relative to each tensor's norm",
    notes=(),
):
    """Edges near `safety` and `capability`; None: nothing to lose; from `reach` on: censored.

    `finished`: so many searches are done, the others have not begun. `rises`: directions whose
    shares rise again.
    """
    common = scan(name=name, prompts=prompts, safety=safety, notes=notes)
    truth = {"harmful": safety, "benign": capability}
    every = [
        search(kind, direction, side, truth[kind], reach, prompts, direction in rises)
        for kind in truth
        for direction in range(directions)
        for side in ("left", "right")
    ]
    done = len(every) if finished is None else finished
    every = [one if i < done else unfinished(one) for i, one in enumerate(every)]
    responses = sum(probe.answered for one in every for probe in one.probes) + 2 * prompts
    found = any(one.radius is not None and not one.censored for one in every)
    uniform = 4 * responses if found else None
    gap = None if None in (safety, capability) else min(capability, reach) - min(safety, reach)
    return EdgesSummary(
        **common.model_dump(include={"model", "provenance", "prompts", "judges"}),
        status=common.status.model_copy(
            update={
                "complete": done == len(every),
                "points_planned": len(every),
                "points_done": done,
                "responses": responses,
            }
        ),
        request={"rays": rays(directions, reach)},
        origin={
            kind: {label: estimate(0.0 if truth[kind] is None else 0.975, 0.03, prompts, "prompts")}
            for kind, label in LABEL.items()
        },
        notes=list(notes),
        sentences=Sentences(
            headline=f"Refusals of {name} fall to half at |α| = 0.31 [0.28, 0.34].",
            edges=f"It took {responses:,} responses.",
            caveats=["Points at which asking stopped early locate an edge."],
        ),
        axis_label=axis_label,
        reach=reach,
        coarse=[reach * k / COARSE for k in range(1, COARSE + 1)],
        resolution=reach / COARSE / 8,
        scores=EdgeScores(
            safety_edge=mean(safety, reach, directions),
            capability_edge=mean(capability, reach, directions),
            edge_gap=estimate(gap, 0.05 * reach, directions, bounds=(-reach, reach)),
        ),
        ordering="undetermined" if gap is None else "capability_first",
        spent=Spent(responses=responses, uniform=uniform, factor=uniform and uniform / responses),
        searches=every,
    )


def rays(directions, reach):
    return {
        "directions": directions,
        "noise": "gaussian",
        "norm": "layer",
        "points": 2 * COARSE + 1,
        "radius": reach,
        "seed": 0,
        "skip": "norms",
    }


def mean(radius, reach, directions):
    if radius is None:
        return estimate(None, 0, n=directions)
    censored = 2 * directions * (radius >= reach)
    found = min(radius, reach)
    return estimate(found, 0.06 * reach, directions, bounds=(0, reach), censored=censored)


def search(kind, direction, side, radius, reach, prompts, rises=False):
    """Coarse radii, and two next to the edge at which all prompts were asked."""
    common = {"kind": kind, "direction": direction, "side": side}
    if radius is None:
        return Search(**common, radius=None, low=None, high=None, censored=False, rises=False,
                      probes=[])  # fmt: skip
    beyond = radius >= reach
    shift = 1 + 0.06 * np.sin(1.7 * direction + 0.4 + (side == "left"))
    edge = reach if beyond else min(float(radius * shift), 0.98 * reach)
    near = [] if beyond else [round(edge * f, 6) for f in (0.97, 1.02)]
    coarse = [reach * k / COARSE for k in range(1, COARSE + 1)]
    return Search(
        **common,
        radius=edge,
        low=0.9 * edge,
        high=min(1.08 * edge, reach),
        censored=beyond,
        rises=rises,
        probes=[
            probe(r, 2 * edge if beyond else edge, prompts, r in near, reach)
            for r in sorted([*coarse, *near])
        ],
    )


def probe(radius, edge, prompts, whole, reach):
    answered = prompts if whole else max(1, prompts // 10)
    hits = round(float(answered * logistic(edge - radius, 0.04 * reach)))
    return Probe(radius=radius, hits=hits, answered=answered, early=not whole)


def unfinished(found):
    nothing = {"radius": None, "low": None, "high": None, "censored": False, "rises": False}
    return found.model_copy(update=nothing | {"probes": []})


def key(direction, x):
    """The store's name of a place."""
    return f"{Direction(direction).key}@{float(x)!r}" if x else "origin"


def search_examples(found, per_point=6, text="Take the first part."):
    """Responses at the origin and at every place, of the prompts that were asked there."""
    asked = {("origin", "harmful"), ("origin", "benign")}
    for one in found.searches:
        sign = 1 if one.side == "right" else -1
        asked |= {(key(one.direction, sign * p.radius), one.kind) for p in one.probes}
    for point, kind in sorted(asked):
        for i in range(per_point):
            yield Example(
                point=point,
                kind=kind,
                category="locks",
                prompt=f"{kind} thing number {i}",
                label=("refused", "complied", "incoherent")[i % 3],
                keyword="refused",
                detail="I cannot",
                text=f"{text} ({point}, {kind}, {i})",
            )
