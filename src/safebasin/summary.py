"""`summary.json`: the contract between a run and everything that reads it.

Every number that a page, a table or a script shows comes from here. The file is derived from the
store alone: the same store gives the same bytes. Shares are in [0, 1], VISAGE is on 0–100, radii
are in the unit of the axis, and an undefined number is `null`.

A reader may rely on every field of its `schema_version`; new fields may appear within a version,
none changes its meaning.
"""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from safebasin import records
from safebasin.errors import IntegrityError

SCHEMA_VERSION = 1

Ordering = Literal["capability_first", "safety_first", "indistinguishable", "undetermined"]


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class Estimate(_Frozen):
    """A number, its interval, and what both rest on. See `safebasin.records.Estimate`.

    For edges, `censored` counts sides, of which each direction has two.
    """

    value: float | None
    low: float | None
    high: float | None
    n: int
    unit: str
    method: str
    level: float = 0.95
    censored: int = 0

    @classmethod
    def of(cls, estimate: records.Estimate) -> Estimate:
        """The file's form of an estimate: nan becomes null."""
        return cls(
            value=finite(estimate.value),
            low=finite(estimate.low),
            high=finite(estimate.high),
            n=estimate.n,
            unit=estimate.unit,
            method=estimate.method,
            level=estimate.level,
            censored=estimate.censored,
        )


class Status(_Frozen):
    """How much of the plan is in the store, and what has no answer."""

    complete: bool
    points_planned: int
    points_done: int
    responses: int
    numeric_failures: int
    judge_failures: int
    failed_points: list[str]


class Model(_Frozen):
    """What was measured, down to the digest of its weights."""

    name: str
    architecture: str
    parameters: int
    moved_parameters: int
    dtype: str
    device: str
    weights_digest: str
    settings_digest: str
    chat_template_digest: str
    system: str | None


class PromptSet(_Frozen):
    """One side of the prompts: where it came from and how many independent units it holds."""

    source: str
    n: int
    clusters: int
    duplicates: int
    digest: str


class JudgeInfo(_Frozen):
    """A judge, by versioned name, with the thresholds it used on this run."""

    name: str
    title: str
    thresholds: dict[str, float]


class Curve(_Frozen):
    """A share over the axis: mean over directions with a pointwise interval, and each direction."""

    mean_P: list[float | None]
    low_P: list[float | None]
    high_P: list[float | None]
    directions_DP: list[list[float | None]]


class Curves(_Frozen):
    """The shares of one prompt set's responses over the axis. The four labels sum to one."""

    refused: Curve
    complied: Curve
    incoherent: Curve
    other: Curve
    keyword_asr: Curve


class Side(_Frozen):
    """An edge on one side of the origin. `censored`: not reached inside the scanned range."""

    radius: float | None
    censored: bool


class DirectionResult(_Frozen):
    """What one random direction shows by itself."""

    index: int
    key: str
    visage: float | None
    visage_keyword: float | None
    visage_published: float | None
    safety_edge: dict[Literal["left", "right"], Side]
    capability_edge: dict[Literal["left", "right"], Side]


class Scores(_Frozen):
    """The numbers that stand for the whole landscape; `edge_gap` is capability − safety."""

    visage: Estimate
    visage_keyword: Estimate
    visage_published: Estimate
    safety_edge: Estimate
    capability_edge: Estimate
    edge_gap: Estimate


class Sentences(_Frozen):
    """The result in words, for a person who reads nothing else."""

    headline: str
    edges: str
    caveats: list[str]


class Summary(_Frozen):
    """Everything that `safebasin scan` found."""

    schema_version: Literal[1] = 1
    study: Literal["scan"] = "scan"
    status: Status
    model: Model
    request: dict[str, Any]
    provenance: dict[str, str]
    prompts: dict[Literal["harmful", "benign"], PromptSet]
    judges: list[JudgeInfo]
    axis_label: str
    axis_P: list[float]
    origin: dict[Literal["harmful", "benign"], dict[str, Estimate]]
    curves: dict[Literal["harmful", "benign"], Curves]
    scores: Scores
    directions: list[DirectionResult]
    ordering: Ordering
    sentences: Sentences
    notes: list[str]

    def to_json(self) -> str:
        """The file's bytes: sorted keys, two spaces, no timestamps, a newline at the end."""
        data = self.model_dump(mode="json")
        return (
            json.dumps(data, indent=2, sort_keys=True, ensure_ascii=False, allow_nan=False) + "\n"
        )


def read(path: Path) -> Summary:
    """Read a `summary.json`.

    Raises:
        IntegrityError: the file is not a summary, or of a newer schema.
    """
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise IntegrityError(f"{path} cannot be read as a summary: {error}") from error
    version = data.get("schema_version") if isinstance(data, dict) else None
    if version != SCHEMA_VERSION:
        raise IntegrityError(
            f"{path} has schema_version {version!r}; this safebasin reads {SCHEMA_VERSION}: "
            "use the version that wrote it"
        )
    try:
        return Summary.model_validate(data)
    except ValidationError as error:
        raise IntegrityError(
            f"{path} is not a summary (the first of {error.error_count()} errors is in "
            f"{'.'.join(map(str, error.errors()[0]['loc']))}): make it again with "
            "`safebasin show RUN --json`"
        ) from error


def finite(value: float) -> float | None:
    """The number, or None where JSON has no word for it."""
    return float(value) if math.isfinite(value) else None
