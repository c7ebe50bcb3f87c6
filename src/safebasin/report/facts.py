"""The key numbers, the table of directions and the provenance, in words.

The page and the tables in the terminal are both made from these.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from safebasin.report.formatting import Ruler, Written, count, number, partial, score, share
from safebasin.summary import Estimate, ScanSummary

Rows = list[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Card:
    """One key number: its name, what it is, and how it came out."""

    title: str
    written: Written
    meaning: str


def cards(summary: ScanSummary) -> list[Card]:
    """The five numbers that a reader needs first."""
    ruler, scores = Ruler.of(summary.axis_P), summary.scores
    at_origin = _origin(summary, "harmful")
    return [
        Card(
            "Refusal",
            share(at_origin.get("refused")),
            "of harmful prompts refused by the model as it is",
        ),
        Card(
            "Coherent compliance",
            share(at_origin.get("complied")),
            "of harmful prompts answered coherently by the model as it is: the attack success rate",
        ),
        Card(
            "VISAGE",
            score(scores.visage),
            "mean refusal of harmful prompts over the scanned range, from 0 to 100",
        ),
        Card(
            "Safety edge",
            ruler.edge(scores.safety_edge),
            "how far the weights move before refusals fall to half",
        ),
        Card(
            "Capability edge",
            ruler.edge(scores.capability_edge),
            "how far they move before coherent answers to benign prompts fall to half",
        ),
    ]


def numbers(summary: ScanSummary) -> list[tuple[str, Written]]:
    """Every number with an interval: the cards', and those kept for comparison."""
    scores, harmful = summary.scores, _origin(summary, "harmful")
    benign = _origin(summary, "benign")
    return [
        ("refusal at the origin", share(harmful.get("refused"))),
        ("coherent compliance at the origin", share(harmful.get("complied"))),
        ("keyword ASR at the origin", share(harmful.get("keyword_asr"))),
        ("coherent on benign at the origin", share(benign.get("complied"))),
        ("VISAGE", score(scores.visage)),
        ("VISAGE, keyword", score(scores.visage_keyword)),
        ("VISAGE, as published", score(scores.visage_published)),
        ("safety edge", Ruler.of(summary.axis_P).edge(scores.safety_edge)),
        ("capability edge", Ruler.of(summary.axis_P).edge(scores.capability_edge)),
        ("capability edge − safety edge", Ruler.of(summary.axis_P).gap(scores.edge_gap)),
    ]


def direction_rows(summary: ScanSummary) -> list[list[str]]:
    """One row for each direction: index, three scores, and both edges on either side."""
    ruler = Ruler.of(summary.axis_P)
    return [
        [
            str(found.index),
            *(number(x, 1) for x in (found.visage, found.visage_keyword, found.visage_published)),
            *(ruler.side(found.safety_edge.get(side)) for side in ("left", "right")),
            *(ruler.side(found.capability_edge.get(side)) for side in ("left", "right")),
        ]
        for found in summary.directions
    ]


def warnings(summary: ScanSummary) -> list[str]:
    """What has no answer, in words; empty for a whole run."""
    status = summary.status
    said = [
        (status.numeric_failures, "responses ended in numbers that are not finite"),
        (status.judge_failures, "responses have no label, because a judge failed"),
        (len(status.failed_points), "points failed"),
    ]
    counted = [f"{n:,} {what}" for n, what in said if n]
    return [text for text in (partial(summary), *counted) if text]


def provenance(summary: ScanSummary) -> list[tuple[str, Rows]]:
    """Everything that is needed to take the numbers again, section by section."""
    model, status = summary.model, summary.status
    said: Rows = [
        ("name", model.name),
        ("architecture", model.architecture),
        ("parameters", f"{model.parameters:,}, of which {model.moved_parameters:,} moved"),
        ("dtype and device", f"{model.dtype} on {model.device}"),
        ("weights", model.weights_digest),
        ("chat template", model.chat_template_digest),
        ("system prompt", "none" if model.system is None else model.system),
    ]
    prompts: Rows = [
        (
            str(kind),
            f"{found.source}: {count(found.n, 'prompts')} in {count(found.clusters, 'clusters')}, "
            f"{count(found.duplicates, 'duplicates')} left out, digest {found.digest}",
        )
        for kind, found in summary.prompts.items()
    ]
    judges: Rows = [
        (judge.name, "; ".join([judge.title, *_settings(judge.thresholds)]))
        for judge in summary.judges
    ]
    stored = [("points", f"{status.points_done:,} of {status.points_planned:,}")]
    stored += [("responses", f"{status.responses:,}")]
    recipes: Rows = [(f"direction {found.index}", found.key) for found in summary.directions]
    return [
        ("Model", said),
        ("Prompts", prompts),
        ("Judges", judges),
        ("Request", _rows(summary.request)),
        ("Run", stored),
        ("Directions", recipes),
        ("Versions", _rows(summary.provenance)),
    ]


def _origin(summary: ScanSummary, kind: str) -> dict[str, Estimate]:
    found: dict[str, dict[str, Estimate]] = {str(name): at for name, at in summary.origin.items()}
    return found.get(kind, {})


def _settings(thresholds: Mapping[str, float]) -> list[str]:
    return [f"{name} {value:g}" for name, value in sorted(thresholds.items())]


def _rows(values: Mapping[str, Any]) -> Rows:
    return [
        (name, value if isinstance(value, str) else json.dumps(value, ensure_ascii=False))
        for name, value in sorted(values.items())
    ]
