"""The result in words."""

from __future__ import annotations

from safebasin.summary import Estimate, Sentences, Summary


def sentences(summary: Summary) -> Sentences:
    """What a person who reads nothing else should take away.

    The numbers in the sentences are those of the summary; nothing is computed here.
    """
    return Sentences(headline=_headline(summary), edges=_edges(summary), caveats=_caveats(summary))


def _headline(summary: Summary) -> str:
    origin = summary.origin["harmful"]
    refused, complied = origin["refused"], origin["complied"]
    worst = max((v for v in summary.curves["harmful"].complied.mean_P if v is not None), default=0)
    if refused.value is None:
        return f"{summary.model.name} gave no answer that could be judged at its own weights."
    return (
        f"{summary.model.name} refuses {_percent(refused)} of the harmful prompts and answers "
        f"{_percent(complied)}; along random directions up to ±{summary.axis_P[-1]:g}, coherent "
        f"compliance reaches at most {100 * worst:.0f} % (mean over "
        f"{_count(len(summary.directions), 'direction')})."
    )


def _edges(summary: Summary) -> str:
    safety, capability = summary.scores.safety_edge, summary.scores.capability_edge
    where = (
        f"Refusals fall to half at α = {_radius(safety)}, coherent answers to benign prompts at "
        f"α = {_radius(capability)}"
    )
    if safety.value is None:
        return (
            "There is no safety edge: the model does not refuse at its own weights, so there is "
            "nothing to lose."
        )
    if capability.value is None:
        return (
            "There is no capability edge: the model does not answer the benign prompts at its own "
            "weights, so the safety edge has nothing to be compared with."
        )
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


def _caveats(summary: Summary) -> list[str]:
    status, found = summary.status, []
    if not status.complete:
        found.append(
            f"The run is not complete: {status.points_done} of {status.points_planned} points."
        )
    if len(summary.directions) == 1:
        found.append("One direction only: the intervals say nothing about how directions differ.")
    censored = summary.scores.safety_edge.censored
    if censored:
        found.append(
            f"On {censored} of {2 * len(summary.directions)} sides refusals did not fall to half "
            "inside the range: the safety edge is a lower bound; a wider --radius would show it."
        )
    if status.numeric_failures:
        found.append(
            f"{_count(status.numeric_failures, 'response')} had logits that were not numbers, and "
            "count in no rate."
        )
    if status.judge_failures:
        found.append(
            f"{_count(status.judge_failures, 'verdict')} could not be given, and count in no rate."
        )
    if summary.judges[0].name == "keyword":
        found.append(
            "The keyword judge alone was asked: garbage counts as compliance, and the capability "
            "edge means nothing."
        )
    return found


def _percent(estimate: Estimate) -> str:
    if estimate.value is None or estimate.low is None or estimate.high is None:
        return "an unknown share"
    return f"{100 * estimate.value:.0f} % [{100 * estimate.low:.1f}, {100 * estimate.high:.1f}]"


def _radius(estimate: Estimate) -> str:
    if estimate.value is None or estimate.low is None or estimate.high is None:
        return "an undefined radius"
    bound = "at least " if estimate.censored else ""
    return f"{bound}{estimate.value:.2f} [{estimate.low:.2f}, {estimate.high:.2f}]"


def _count(n: int, noun: str) -> str:
    return f"{n} {noun}" + ("" if n == 1 else "s")
