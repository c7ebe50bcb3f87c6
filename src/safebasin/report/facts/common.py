"""What the key numbers and the provenance of all studies share."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from safebasin.report.formatting import Written, count, counted, partial
from safebasin.summary import Estimate, JudgeInfo, Model, PromptSet, Status, Summary

Rows = list[tuple[str, str]]
Numbers = list[tuple[str, Written]]
Cells = list[str | Written]
"""A row of a table: words, and numbers with their intervals."""

Sections = list[tuple[str, Rows]]


@dataclass(frozen=True, slots=True)
class Card:
    """One key number: its name, what it is, and how it came out."""

    title: str
    written: Written
    meaning: str


def by(judge: str, numbers: Numbers) -> Numbers:
    """The same numbers, which all rest on one judge's labels."""
    return [(name, replace(written, judge=judge)) for name, written in numbers]


def cards_by(judge: str, cards: Sequence[Card]) -> list[Card]:
    """The same cards, whose numbers all rest on one judge's labels."""
    return [replace(card, written=replace(card.written, judge=judge)) for card in cards]


def warnings(status: Status) -> list[str]:
    """What has no answer, in words; empty for a whole run."""
    infinite, unlabelled = status.numeric_failures, status.judge_failures
    failed = len(status.failed_points)
    said = [
        (infinite, f"{count(infinite, 'responses')} ended in numbers that are not finite"),
        (unlabelled, f"{counted(unlabelled, 'responses', 'have')} no label: a judge failed"),
        (failed, f"{count(failed, 'points')} failed"),
        *((n, f"{counted(n, 'responses', 'are')} not judged by {j} yet") for j, n in late(status)),
    ]
    return [text for text in (partial(status), *(words for n, words in said if n)) if text]


def late(status: Status) -> list[tuple[str, int]]:
    """Judges that are yet to judge some responses, and how many."""
    return sorted(status.unjudged.items())


def provenance(summary: Summary, *own: tuple[str, Rows]) -> Sections:
    """Everything that is needed to take the numbers again, section by section.

    Args:
        summary: of any study of one run.
        own: the study's own sections.
    """
    status = summary.status
    stored = [("points", f"{status.points_done:,} of {status.points_planned:,}")]
    stored += [("responses", f"{status.responses:,}")]
    return [
        ("Model", model(summary.model)),
        ("Prompts", prompts(summary.prompts)),
        ("Judges", judges(summary.judges)),
        ("Request", rows(summary.request)),
        ("Run", stored),
        *own,
        ("Versions", rows(summary.provenance)),
    ]


def model(model: Model) -> Rows:
    """What was measured, down to its digests."""
    return [
        ("name", model.name),
        ("architecture", model.architecture),
        ("parameters", f"{model.parameters:,}, of which {model.moved_parameters:,} moved"),
        ("dtype and device", f"{model.dtype} on {model.device}"),
        ("weights", model.weights_digest),
        ("chat template", model.chat_template_digest),
        ("system prompt", "none" if model.system is None else model.system),
    ]


def prompts(sets: Mapping[Any, PromptSet]) -> Rows:
    """Where each kind of prompt came from, and how many there are."""
    return [(str(kind), _prompt_set(found)) for kind, found in sets.items()]


def judges(found: Sequence[JudgeInfo]) -> Rows:
    """Each judge by its whole key: what it does, its thresholds, its kind, where it is from."""
    rows = []
    for judge in found:
        known = (("kind", judge.family), ("after", judge.source), ("asked at", judge.where))
        more = [f"{name} {text}" for name, text in known if text]
        rows.append((judge.name, "; ".join([judge.title, *_settings(judge.thresholds), *more])))
    return rows


def origin(summary: Summary, kind: str) -> dict[str, Estimate]:
    """Shares at the model as it is; empty for a kind that was not asked."""
    found: dict[str, dict[str, Estimate]] = {str(name): at for name, at in summary.origin.items()}
    return found.get(kind, {})


def rows(values: Mapping[str, Any]) -> Rows:
    """Any values by name, sorted."""
    return [
        (name, value if isinstance(value, str) else json.dumps(value, ensure_ascii=False))
        for name, value in sorted(values.items())
    ]


def _prompt_set(found: PromptSet) -> str:
    known = [
        f"{found.source}: {count(found.n, 'prompts')} in {count(found.clusters, 'clusters')}, "
        f"{count(found.duplicates, 'duplicates')} left out, digest {found.digest}"
    ]
    more = {"revision": found.revision, "licence": found.licence, "checksum": found.checksum}
    return ", ".join([*known, *(f"{name} {text}" for name, text in more.items() if text)])


def _settings(thresholds: Mapping[str, float]) -> list[str]:
    return [f"{name} {value:g}" for name, value in sorted(thresholds.items())]
