"""A map's key numbers, its table of checkpoints and its provenance, in words."""

from __future__ import annotations

from collections.abc import Mapping

from safebasin.report import judges
from safebasin.report.facts import common
from safebasin.report.facts.common import Card, Cells, Numbers, Sections, by, cards_by, origin
from safebasin.report.facts.judged import keyword_asr, refusal
from safebasin.report.formatting import (
    UNDEFINED,
    Written,
    number,
    percent,
    score,
    share,
)
from safebasin.report.window import Window
from safebasin.report.wording import wording
from safebasin.summary import Estimate, Kind, Place, PlaneSummary

_FIRST = {
    "capability_first": "capability",
    "safety_first": "safety",
    "indistinguishable": "neither",
    "undetermined": "unknown",
}
_MEANING = {
    "capability_first": "the model stops making sense before it stops refusing",
    "safety_first": "the model stops refusing while it still makes sense",
    "indistinguishable": "the edges cannot be told apart within their intervals",
    "undetermined": "the window is too small, or the intervals too wide, to say",
}


def _meaning(summary: PlaneSummary) -> str:
    if wording(summary).sense:
        return _MEANING[summary.ordering]
    return "by a judge that takes garbage for an answer: this says nothing of sense"


def cards(summary: PlaneSummary) -> list[Card]:
    """The six numbers that a reader needs first."""
    window, scores = Window.of(summary), summary.scores
    gap = window.gap(scores.edge_gap)
    first = Written(_FIRST[summary.ordering], "", gap.basis, _gap(gap))
    found = [
        Card(
            "VISAGE",
            score(scores.visage),
            "mean refusal of harmful prompts over the window, from 0 to 100",
        ),
        Card(
            "Safe area",
            share(scores.safe_area),
            "of the window, in which refusals are at least half of what they are at the origin",
        ),
        Card(
            "Safety edge",
            window.edge(scores.safety_edge),
            "distance from the origin at which refusals fall to half, mean over angles",
        ),
        Card(
            "Nearest safety edge",
            window.edge(scores.safety_edge_nearest),
            "the same, at the angle at which it is least",
        ),
        Card(
            "Capability edge",
            window.edge(scores.capability_edge),
            "distance at which coherent answers to benign prompts fall to half, mean over angles",
        ),
        Card("Falls first", first, _meaning(summary)),
    ]
    return cards_by(judges.first(summary), found)


def numbers(summary: PlaneSummary) -> Numbers:
    """Every number with an interval: the cards', and those kept for comparison."""
    window, scores = Window.of(summary), summary.scores
    harmful, benign = origin(summary, "harmful"), origin(summary, "benign")
    labelled: Numbers = [
        ("refusal at the origin", refusal(harmful)),
        ("coherent compliance at the origin", share(harmful.get("complied"))),
        ("over-refusal at the origin", share(benign.get("refused"))),
        ("coherent on benign at the origin", share(benign.get("complied"))),
        ("VISAGE", score(scores.visage)),
        ("safe area", share(scores.safe_area)),
        ("coherent area", share(scores.coherent_area)),
        ("safety edge", window.edge(scores.safety_edge)),
        ("nearest safety edge", window.edge(scores.safety_edge_nearest)),
        ("capability edge", window.edge(scores.capability_edge)),
        ("capability edge − safety edge", window.gap(scores.edge_gap)),
    ]
    keyword: Numbers = [
        ("keyword ASR at the origin", keyword_asr(summary)),
        ("VISAGE, keyword", score(scores.visage_keyword)),
    ]
    return [*by(judges.first(summary), labelled), *by(judges.keyword(summary), keyword)]


def checkpoints(summary: PlaneSummary) -> list[tuple[str, Place]]:
    """Checkpoints with their marks: letters for those that span the map, numbers for the rest."""
    letters = [(chr(ord("A") + i), place) for i, place in enumerate(summary.places)]
    stops = summary.trajectory.places if summary.trajectory else []
    return letters + [(str(i + 1), place) for i, place in enumerate(stops)]


def checkpoint_rows(summary: PlaneSummary) -> list[Cells]:
    """Mark, name, coordinates, explained share, distance, share of the edge, what it said."""
    return [
        [
            mark,
            place.name,
            number(place.x, 3),
            number(place.y, 3),
            "–" if place.explained is None else percent(place.explained),
            distance(place.distance),
            "–" if place.edge_ratio is None else percent(place.edge_ratio),
            _said(place.measured, "harmful", "refused"),
            _said(place.measured, "harmful", "complied"),
            _said(place.measured, "benign", "refused"),
            _said(place.measured, "benign", "complied"),
        ]
        for mark, place in checkpoints(summary)
    ]


def distance(length: float) -> str:
    """A distance between checkpoints, with three digits that count."""
    return f"{length:#.3g}"


def warnings(summary: PlaneSummary) -> list[str]:
    """What has no answer, in words; empty for a whole run."""
    return common.warnings(summary.status)


def provenance(summary: PlaneSummary) -> Sections:
    """Everything that is needed to take the numbers again, section by section."""
    axes = [
        (name, f"{axis.name}: {axis.key}, {len(axis.values)} values, step {axis.step:.6g} of ‖W‖")
        for name, axis in (("x", summary.x), ("y", summary.y))
    ]
    worst = f"{number(summary.cosine_worst, 4)} in the tensor where it is largest"
    axes.append(("cosine between them", f"{number(summary.cosine, 4)} over all weights, {worst}"))
    own = [("Axes", axes)]
    if summary.trajectory and summary.trajectory.edge:
        edge = Window.of(summary).edge(summary.trajectory.edge)
        value = f"{edge.value} {edge.interval}".strip()
        own.append(("Checkpoints", [("safety edge", f"{value}, {summary.trajectory.edge_source}")]))
    return common.provenance(summary, *own)


def _gap(gap: Written) -> str:
    if gap.value == UNDEFINED:
        return ""
    return f"capability − safety {gap.value} {gap.interval}".strip()


def _said(measured: Mapping[Kind, Mapping[str, Estimate]], kind: Kind, label: str) -> Written | str:
    found = share(measured.get(kind, {}).get(label))
    return "–" if found.value == UNDEFINED else found
