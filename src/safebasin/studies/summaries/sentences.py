"""The result in words."""

from __future__ import annotations

from safebasin.report import formatting
from safebasin.report.wording import wording
from safebasin.stats.sequential import OPTIONAL_STOPPING
from safebasin.summary import Estimate, ScanSummary, Sentences, Sequential, Summary


def sentences(summary: ScanSummary) -> Sentences:
    """What a person who reads nothing else should take away.

    The numbers in the sentences are those of the summary; nothing is computed here.
    """
    return Sentences(headline=_headline(summary), edges=_edges(summary), caveats=_caveats(summary))


def _headline(summary: ScanSummary) -> str:
    origin = summary.origin["harmful"]
    refused, complied = origin["refused"], origin["complied"]
    worst = max((v for v in summary.curves["harmful"].complied.mean_P if v is not None), default=0)
    if refused.value is None:
        return f"{summary.model.name} gave no answer that could be judged at its own weights."
    words = wording(summary)
    return (
        f"{summary.model.name} refuses {_share(refused)} of the harmful prompts and {words.verb} "
        f"{_share(complied)}; along random directions up to ±{summary.axis_P[-1]:g}, "
        f"{words.compliance} reaches at most {100 * worst:.0f} % (mean over "
        f"{formatting.count(len(summary.directions), 'directions')})."
    )


def _edges(summary: ScanSummary) -> str:
    safety, capability = summary.scores.safety_edge, summary.scores.capability_edge
    ruler = formatting.Ruler.of(summary.axis_P)
    words = wording(summary)
    where = (
        f"Refusals fall to half at |α| = {_edge(ruler, safety)}, {words.answers} to benign "
        f"prompts at |α| = {_edge(ruler, capability)}"
    )
    if safety.value is None:
        return (
            "There is no safety edge: the model does not refuse at its own weights, so there is "
            "nothing to lose."
        )
    if not words.benign:
        return f"Refusals fall to half at |α| = {_edge(ruler, safety)}; {unasked(summary)}"
    if capability.value is None:
        return (
            "There is no capability edge: the model does not answer the benign prompts at its own "
            "weights, so the safety edge has nothing to be compared with."
        )
    if not words.sense:
        return f"{where}: {senseless(summary)}"
    return {
        "capability_first": f"{where}: the model stops making sense before it stops refusing, so "
        "this is not a model that turns harmful, but one that falls apart.",
        "safety_first": f"{where}: the model stops refusing while it still makes sense, so there "
        "is a region in which it is able and unsafe.",
        "indistinguishable": f"{where}: the two cannot be told apart within their intervals, so "
        "the safety basin may be no more than a capability basin.",
        "undetermined": f"{where}: the range is too narrow, or the intervals too wide, to say "
        "which comes first.",
    }[summary.ordering]


def _caveats(summary: ScanSummary) -> list[str]:
    found = []
    if len(summary.directions) == 1:
        found.append("One direction only: the intervals say nothing about how directions differ.")
    censored = summary.scores.safety_edge.censored
    if censored:
        found.append(
            f"On {censored} of {2 * len(summary.directions)} sides refusals did not fall to half "
            "inside the range: the safety edge is a lower bound; a wider --radius would show it."
        )
    if summary.sequential is not None:
        found.append(_sequential(summary.sequential, len(summary.directions)))
    return [*found, *shared_caveats(summary)]


def _sequential(sequential: Sequential, directions: int) -> str:
    many = formatting.count(directions, "directions")
    reached = (
        f"It took {many} to know VISAGE within ±{sequential.target:g}."
        if sequential.reached
        else f"{many} did not suffice to know VISAGE within ±{sequential.target:g}."
    )
    return f"{reached} {OPTIONAL_STOPPING}"


def shared_caveats(summary: Summary) -> list[str]:
    """What a reader of any study must know: missing points, answers and labels."""
    status, found = summary.status, []
    if not status.complete:
        found.append(
            f"The run is not complete: {status.points_done} of {status.points_planned} "
            f"{'searches' if summary.study == 'edges' else 'points'}."
        )
    if status.numeric_failures:
        found.append(
            f"{formatting.count(status.numeric_failures, 'responses')} had logits that were not "
            "numbers, and count in no rate."
        )
    if status.judge_failures:
        found.append(
            f"{formatting.count(status.judge_failures, 'verdicts')} could not be given, and count "
            "in no rate."
        )
    if not wording(summary).sense:
        found.append(
            f"The labels are those of {summary.judges[0].name}: garbage counts as compliance, and "
            "the capability edge means nothing."
        )
    return found


def senseless(summary: Summary) -> str:
    """The end of a sentence on edges where the judge takes garbage for an answer."""
    return (
        f"{summary.judges[0].name} takes garbage for an answer, so this does not say when the "
        "model stops making sense."
    )


def unasked(summary: Summary) -> str:
    """The end of a sentence on edges where the judge is not asked about benign prompts."""
    return (
        f"{summary.judges[0].name} knows harm alone, so nothing is known of a capability edge by "
        "it; `--judge coherence` tells."
    )


def _share(estimate: Estimate) -> str:
    written = formatting.share(estimate)
    return f"{written.value} {written.interval}".strip()


def _edge(ruler: formatting.Ruler, estimate: Estimate) -> str:
    written = ruler.edge(estimate)
    return f"{written.value.replace('> ', 'more than ')} {written.interval}".strip()
