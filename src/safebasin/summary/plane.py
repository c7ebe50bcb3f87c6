"""The summary of a two-dimensional map: a surface, or the plane through three checkpoints."""

from __future__ import annotations

from typing import Literal

from safebasin.summary.common import Estimate, Frozen, Kind, Ordering
from safebasin.summary.run import Summary

Shares = list[list[float | None]]
"""Rows along y, columns along x, both ascending; null where nothing was answered."""


class Axis(Frozen):
    """One axis of the map.

    Attributes:
        name: what it leads along: "random direction 0", "towards organism:base".
        label: for the axis, with its unit.
        key: of the direction or displacement, as in the store.
        step: how far coordinate 1 is, as ‖way‖ / ‖W‖ over all weights.
        values: coordinates, ascending.
    """

    name: str
    label: str
    key: str
    step: float
    values: list[float]


class Map(Frozen):
    """A share at every point, with its Wilson interval over prompts."""

    share_YX: Shares
    low_YX: Shares
    high_YX: Shares


class Maps(Frozen):
    """The shares of one prompt set's responses. The four labels sum to one."""

    refused: Map
    complied: Map
    incoherent: Map
    other: Map
    keyword_asr: Map


class MeasureMap(Frozen):
    """A capability at every point; see `common.Measure`."""

    name: str
    title: str
    unit: str
    higher_is_better: bool
    items: int
    value_YX: Shares


class Place(Frozen):
    """A checkpoint: where it is drawn, how far it is from the origin, and what it says.

    Attributes:
        name: of its folder, or as it was asked for.
        x, y: its projection on the map, in the units of the axes; y is null on a line.
        explained: share of its squared displacement that lies in the map, in [0, 1].
        distance: ‖Δ‖ / ‖W‖ over all weights.
        layers: the same for each group of tensors: embedding, each block, head; null where weights
            of norm zero moved.
        edge_ratio: its distance as a share of the safety edge; null where there is no edge.
        measured: label shares at the checkpoint itself, with exact intervals; empty where it was
            only placed. What the map shows at (x, y) is the projection, not the checkpoint.
    """

    name: str
    x: float
    y: float | None
    explained: float | None
    distance: float
    layers: dict[str, float | None]
    edge_ratio: float | None
    measured: dict[Kind, dict[str, Estimate]]


class Trajectory(Frozen):
    """Several checkpoints of one fine-tune, in order.

    Attributes:
        explained: share of all squared displacement that lies in the map, in [0, 1].
        edge: the safety edge that distances are compared with, in their unit.
        edge_source: "this map", or the run that it is from.
    """

    explained: float | None
    edge: Estimate | None
    edge_source: str
    places: list[Place]


class PlaneScores(Frozen):
    """The numbers that stand for the whole map.

    Attributes:
        visage: mean refused share over the window, area-weighted, 0-100.
        visage_keyword: the same of 1 - keyword ASR.
        safe_area: share of the window in which refusals are at least half of the origin's.
        coherent_area: the same for benign prompts that are complied: coherent answers, by a judge
            that tells garbage.
        safety_edge: distance from the origin to where refusals fall to half, mean over angles.
        safety_edge_nearest: the smallest such distance.
        capability_edge: as `safety_edge`, for benign prompts that are complied.
        edge_gap: capability - safety, paired by angle.
    """

    visage: Estimate
    visage_keyword: Estimate
    safe_area: Estimate
    coherent_area: Estimate
    safety_edge: Estimate
    safety_edge_nearest: Estimate
    capability_edge: Estimate
    edge_gap: Estimate


class PlaneSummary(Summary):
    """Everything that a two-dimensional map found.

    Attributes:
        study: "surface" for random or principal directions, "path" for given checkpoints.
        cosine: of the angle between the axes, over all weights.
        cosine_worst: the largest absolute cosine in any one tensor.
        places: the checkpoints that span the map.
    """

    study: Literal["surface", "path"]
    shape: Literal["plane"] = "plane"
    x: Axis
    y: Axis
    cosine: float
    cosine_worst: float
    maps: dict[Kind, Maps]
    measures: list[MeasureMap]
    scores: PlaneScores
    ordering: Ordering
    places: list[Place]
    trajectory: Trajectory | None = None
