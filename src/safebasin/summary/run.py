"""What the summary of every run has, whatever the study."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from safebasin.summary.common import (
    Estimate,
    Frozen,
    JudgeInfo,
    Kind,
    Model,
    PromptSet,
    Sentences,
    Status,
    in_brief,
    to_json,
)
from safebasin.summary.judged import Agreement, Calibration, Rates, Sampled


class Summary(Frozen):
    """What the summaries of all studies share.

    Attributes:
        judges: those that were asked when the run was made, then any that were asked later. The
            first gave the labels that scores and edges rest on.
        rates: what each judge says, side by side; never averaged.
        agreement: of every two judges.
        calibrations: judges that were compared with human labels.
        sampled: where each prompt was asked several times, what that says.
    """

    schema_version: Literal[1] = 1
    study: str
    status: Status
    model: Model
    request: dict[str, Any]
    provenance: dict[str, str]
    prompts: dict[Kind, PromptSet]
    judges: list[JudgeInfo]
    origin: dict[Kind, dict[str, Estimate]]
    sentences: Sentences
    notes: list[str]
    rates: list[Rates] = Field(default_factory=list)
    agreement: list[Agreement] = Field(default_factory=list)
    calibrations: list[Calibration] = Field(default_factory=list)
    sampled: list[Sampled] = Field(default_factory=list)

    def to_json(self) -> str:
        """The file's bytes: sorted keys, two spaces, no timestamps, a newline at the end."""
        return to_json(self)

    def __repr__(self) -> str:
        return in_brief(self, self.model.name, self.sentences.headline)

    def __str__(self) -> str:
        return repr(self)
