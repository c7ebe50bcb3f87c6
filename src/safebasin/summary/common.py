"""What every summary has: the run, its model and prompts, and estimates with their intervals."""

from __future__ import annotations

import json
import math
import re
import textwrap
from collections.abc import Iterator
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from safebasin import records

SCHEMA_VERSION = 1

_LONGEST = 120
"""Characters of a value that is shown whole."""

_ACTING = re.compile(
    "[\x7f-\x9f\xad\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb"
    "\U000e0000-\U000e007f]"
)
"""Characters that act on a terminal or change what is read, and that JSON allows in a string: C1
controls, bidirectional marks, separators, and what cannot be seen. They are written as escapes."""

Kind = Literal["harmful", "benign"]
Ordering = Literal["capability_first", "safety_first", "indistinguishable", "undetermined"]


class Frozen(BaseModel):
    """Values that do not change; fields of a later version are passed over."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    def __repr_args__(self) -> Iterator[tuple[str | None, Any]]:
        """Of what is long only how much there is: a person looks, and does not read curves."""
        return ((name, _Brief(value)) for name, value in super().__repr_args__())


class Estimate(Frozen):
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


class Status(Frozen):
    """How much of the plan is in the store, and what has no answer.

    Attributes:
        complete: everything that was planned is answered, and judged by every judge of the run.
        points_done: those of which this is so.
        judge_failures: verdicts that a judge was asked for and could not give.
        unjudged: by judge, responses that it is yet to judge.
    """

    complete: bool
    points_planned: int
    points_done: int
    responses: int
    numeric_failures: int
    judge_failures: int
    failed_points: list[str]
    unjudged: dict[str, int] = Field(default_factory=dict)


class Model(Frozen):
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


class PromptSet(Frozen):
    """One side of the prompts: where it came from and how many independent units it holds."""

    source: str
    n: int
    clusters: int
    duplicates: int
    digest: str
    jailbreak: str = ""
    revision: str = ""
    licence: str = ""
    checksum: str = ""


class JudgeInfo(Frozen):
    """A judge that was asked, with what it used on this run.

    Attributes:
        name: the key of its verdicts: versioned, and with a digest where it has weights or wording.
        title: what it does.
        thresholds: numbers that were fitted or chosen.
        family: judges of one family err together.
        source: paper and code.
        where: the weights or endpoint that it was asked at; empty where there are none.
    """

    name: str
    title: str
    thresholds: dict[str, float]
    family: str = ""
    source: str = ""
    where: str = ""


class Curve(Frozen):
    """A share over the axis: mean over directions with a pointwise interval, and each direction.

    `band_low_P` and `band_high_P` hold the whole curve at once, where intervals hold one point;
    empty in summaries of earlier versions.
    """

    mean_P: list[float | None]
    low_P: list[float | None]
    high_P: list[float | None]
    directions_DP: list[list[float | None]]
    band_low_P: list[float | None] = Field(default_factory=list)
    band_high_P: list[float | None] = Field(default_factory=list)


class Curves(Frozen):
    """The shares of one prompt set's responses over the axis. The four labels sum to one."""

    refused: Curve
    complied: Curve
    incoherent: Curve
    other: Curve
    keyword_asr: Curve


class Measure(Frozen):
    """A capability over the axis: accuracy, perplexity, or the metric of a task.

    Attributes:
        name: versioned; two measures that could differ have different names.
        title: for a reader.
        unit: "share" for what lies in [0, 1], else "perplexity" or the metric's own name.
        higher_is_better: in which direction capability lies.
        items: how many questions or stretches of text it rests on.
        curve: over the axis.
    """

    name: str
    title: str
    unit: str
    higher_is_better: bool
    items: int
    curve: Curve


class Sentences(Frozen):
    """The result in words, for a person who reads nothing else."""

    headline: str
    edges: str
    caveats: list[str]


class _Brief:
    """A value that is shown in a few words."""

    def __init__(self, value: Any) -> None:
        self._value = value

    def __repr__(self) -> str:
        shown = repr(self._value)
        if len(shown) <= _LONGEST:
            return shown
        name = type(self._value).__name__
        many = f"{len(self._value):,} items" if isinstance(self._value, list | dict) else "…"
        return f"{shown[:_LONGEST]}…" if isinstance(self._value, str) else f"{name}({many})"


def in_brief(document: BaseModel, of: str, headline: str) -> str:
    """A document in at most ten lines: what it is of, what it says, and what its fields are.

    What could act on a terminal is written as escapes.
    """
    fields = f"fields: {', '.join(type(document).model_fields)}"
    told = [*_wrapped(f"<{type(document).__name__} of {of}>", 1), *_wrapped(headline, 5)]
    return "\n".join([*told, *_wrapped(fields, 4)])


def _wrapped(text: str, lines: int) -> list[str]:
    shown = "".join(c if c.isprintable() else repr(c)[1:-1] for c in text)
    return textwrap.wrap(shown, 100, max_lines=lines, placeholder=" …")


def to_json(document: BaseModel) -> str:
    """A document's bytes: sorted keys, two spaces, no timestamps, a newline at the end."""
    data = document.model_dump(mode="json")
    text = json.dumps(data, indent=2, sort_keys=True, ensure_ascii=False, allow_nan=False)
    return _ACTING.sub(lambda found: _escape(found[0]), text) + "\n"


def _escape(character: str) -> str:
    units = character.encode("utf-16-be").hex()
    return "".join(f"\\u{units[at : at + 4]}" for at in range(0, len(units), 4))


def finite(value: float) -> float | None:
    """The number, or None where JSON has no word for it."""
    return float(value) if math.isfinite(value) else None
