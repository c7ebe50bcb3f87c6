"""What `safebasin compare` found: several scans on the same directions."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from safebasin.summary.common import (
    Curves,
    Estimate,
    Frozen,
    JudgeInfo,
    Kind,
    Model,
    Ordering,
    PromptSet,
    Sentences,
    Status,
    in_brief,
    to_json,
)
from safebasin.summary.line import Paired
from safebasin.summary.scan import Scores


class Compared(Frozen):
    """One of the scans.

    Attributes:
        name: what tells it from the others: its model, system prompt or jailbreak.
        run: its folder's name.
        facts: everything in which the scans differ, by name.
        prompts: that it was asked; empty in summaries of earlier versions.
    """

    name: str
    run: str
    facts: dict[str, str]
    status: Status
    model: Model
    content_digest: str
    origin: dict[Kind, dict[str, Estimate]]
    curves: dict[Kind, Curves]
    scores: Scores
    ordering: Ordering
    prompts: dict[Kind, PromptSet] = Field(default_factory=dict)


class Difference(Frozen):
    """One scan minus the first one.

    Attributes:
        name: of the scan.
        paired: whether both asked the same prompts; if not, prompts are resampled apart.
        origin: at the checkpoints themselves, for refused harmful and complied benign responses;
            null where prompts differ.
        visage, safety_edge, capability_edge: differences with intervals, paired by direction.
        p_values: two-sided, for "visage", "safety_edge", "capability_edge", "origin_harmful" and
            "origin_benign"; null where undefined.
        adjusted: the same after Holm's correction over the scans that are compared with the first.
    """

    name: str
    paired: bool
    origin: dict[Kind, Paired | None]
    visage: Estimate
    safety_edge: Estimate
    capability_edge: Estimate
    p_values: dict[str, float | None]
    adjusted: dict[str, float | None]


class ComparisonSummary(Frozen):
    """Everything that a comparison found. The other scans are held against the first."""

    schema_version: Literal[1] = 1
    study: Literal["compare"] = "compare"
    axis_label: str
    axis_P: list[float]
    runs: list[Compared]
    differences: list[Difference]
    sentences: Sentences
    notes: list[str]
    judges: list[JudgeInfo] = Field(default_factory=list)

    def to_json(self) -> str:
        """The file's bytes: sorted keys, two spaces, no timestamps, a newline at the end."""
        return to_json(self)

    def __repr__(self) -> str:
        return in_brief(self, ", ".join(run.name for run in self.runs), self.sentences.headline)

    def __str__(self) -> str:
        return repr(self)
