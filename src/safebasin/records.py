"""The frozen values that travel between layers: no behaviour beyond naming themselves."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from typing import Literal

from safebasin.errors import UsageError

Kind = Literal["harmful", "benign", "bait"]
Finish = Literal["eos", "length", "decided", "numeric_failure"]
Status = Literal["ok", "judge_failed", "numeric_failure"]

Items = Mapping[str, tuple[float, float]]
"""What a measure found at a point: value (nan if not a number) and weight, by item."""

KINDS: tuple[Kind, ...] = ("harmful", "benign", "bait")


class Label(StrEnum):
    """What a response is. The four are exclusive, and every response has one."""

    REFUSED = "refused"
    COMPLIED = "complied"
    INCOHERENT = "incoherent"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class ModelRef:
    """A model by name: `organism:chat`, a folder or a hub id, with revision and adapter."""

    source: str
    revision: str | None = None
    adapter: str | None = None
    adapter_revision: str | None = None

    @classmethod
    def parse(cls, text: str) -> ModelRef:
        """Read the one MODEL grammar: `SOURCE[@REVISION][+ADAPTER[@REVISION]]`.

        A text that names an existing folder is that folder, whatever characters it contains.

        Raises:
            UsageError: the text is empty, or a part of it is.
        """
        text = text.strip()
        if os.path.isdir(text):  # noqa: PTH112 - Path.is_dir raises on a name that is too long
            return cls(text)
        head, plus, adapter = text.partition("+")
        source, at, revision = head.partition("@")
        adapter_source, adapter_at, adapter_revision = adapter.partition("@")
        parts = [
            (source, True),
            (revision, at),
            (adapter_source, plus),
            (adapter_revision, adapter_at),
        ]
        if any(required and not part for part, required in parts):
            raise UsageError(
                f"model {text!r} is not of the form SOURCE[@REVISION][+ADAPTER[@REVISION]]"
            )
        return cls(source, revision or None, adapter_source or None, adapter_revision or None)

    def __str__(self) -> str:
        at = f"@{self.revision}" if self.revision else ""
        adapter_at = f"@{self.adapter_revision}" if self.adapter_revision else ""
        return f"{self.source}{at}" + (f"+{self.adapter}{adapter_at}" if self.adapter else "")


@dataclass(frozen=True)
class Prompt:
    """One request, as a person would type it.

    Attributes:
        text: the request itself; wrapped, if a jailbreak wraps it.
        kind: harmful, benign (its harmless twin), or bait (harmless, but sounds dangerous).
        category: the topic, for breakdowns; may be empty.
        form: the task form (describe, code, translate, classify); may be empty.
        target: the right answer, or the start of it, where the set has one; never shown to a model.
        original: id of the request that a jailbreak is wrapped around; empty where none is.
    """

    text: str
    kind: Kind
    category: str = ""
    form: str = ""
    target: str = ""
    original: str = ""

    @property
    def side(self) -> Literal["harmful", "benign"]:
        """Which side of a comparison it is on: bait is harmless too."""
        return "harmful" if self.kind == "harmful" else "benign"

    @cached_property
    def id(self) -> str:
        """Sixteen hex digits that depend on kind and text alone."""
        return hashlib.sha256(f"{self.kind}\0{self.text}".encode()).hexdigest()[:16]


@dataclass(frozen=True, slots=True)
class Response:
    """What a model said to one prompt at one point.

    Attributes:
        prompt_id: the prompt it answers.
        text: the answer, decoded without special tokens; empty where `finish` is
            "numeric_failure", and where the text ended among its thoughts.
        token_ids: as generated, without the end-of-sequence token; those that a prefill gave come
            first.
        finish: the model ended it ("eos"), the token limit did ("length"), the verdict could no
            longer change ("decided"), or the logits were not finite ("numeric_failure").
        sample: which of several answers to the same prompt, from 0.
        thoughts: what a reasoning model wrote before it; no judge reads it.
        thought_tokens: how many of the first tokens are thoughts and their markers; all of them
            if there is no answer, even if nothing stands behind the first marker.
    """

    prompt_id: str
    text: str
    token_ids: tuple[int, ...]
    finish: Finish
    sample: int = 0
    thoughts: str = ""
    thought_tokens: int = 0

    @property
    def unanswered(self) -> bool:
        """Whether it consists of thoughts alone, so that there is nothing to judge."""
        begun = bool(self.thoughts or self.thought_tokens)
        return begun and not self.text and self.finish != "numeric_failure"

    @property
    def id(self) -> str:
        """What it is called among a point's responses; see `response_id`."""
        return response_id(self.prompt_id, self.sample)


def response_id(prompt_id: str, sample: int) -> str:
    """The prompt's id; with `#` and a number for every answer to it but the first."""
    return f"{prompt_id}#{sample}" if sample else prompt_id


def asked_by(response_id: str) -> str:
    """The id of the prompt that a response answers."""
    return response_id.partition("#")[0]


@dataclass(frozen=True, slots=True)
class Verdict:
    """What one judge says of one response.

    Attributes:
        label: None only where `status` is not "ok".
        score: the judge's own scale, if it has one.
        detail: the phrase, signal or rule that decided, for a person who asks why.
        status: "ok", or why there is no label.
    """

    label: Label | None
    score: float | None = None
    detail: str = ""
    status: Status = "ok"


@dataclass(frozen=True, slots=True)
class Estimate:
    """A number with its interval.

    Attributes:
        value: nan where it is undefined (n = 0).
        low, high: bounds of the interval at `level`; never outside the quantity's own range.
        n: how many independent units it rests on.
        unit: what these units are ("prompts", "directions").
        method: how the interval was made.
        censored: of an edge, how many sides (two for each direction) it was not reached on inside
            the range that was scanned. If any, `value` and `high` are lower bounds.
    """

    value: float
    low: float
    high: float
    n: int
    unit: str
    method: str
    level: float = 0.95
    censored: int = 0


_UNSAFE = re.compile(r"[^A-Za-z0-9._-]+")


def slug(text: str, *, length: int = 40) -> str:
    """A file name for any text: readable start, then a hash, so that two texts never collide."""
    readable = _UNSAFE.sub("-", text).strip("-.")[:length] or "x"
    return f"{readable}-{hashlib.sha256(text.encode()).hexdigest()[:8]}"
