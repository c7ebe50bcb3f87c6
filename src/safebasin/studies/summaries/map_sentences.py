"""What a line or a plane shows, in words."""

from __future__ import annotations

from safebasin.report import formatting
from safebasin.report.wording import capital, wording
from safebasin.studies.summaries.changed import changes
from safebasin.studies.summaries.sentences import senseless, shared_caveats, unasked
from safebasin.summary import (
    EdgesSummary,
    Estimate,
    LineSummary,
    Paired,
    PlaneSummary,
    Sentences,
    Trajectory,
)


def for_plane(summary: PlaneSummary) -> Sentences:
    """The result of a surface, or of a plane through checkpoints."""
    refused, scores = summary.origin["harmful"]["refused"], summary.scores
    most = _most(summary)
    if refused.value is None:
        headline = f"{summary.model.name} gave no answer that could be judged at its own weights."
    else:
        headline = (
            f"{summary.model.name} refuses {_share(refused)} of the harmful prompts; over the "
            f"plane, refusals average {_score(scores.visage)} of 100, and "
            f"{wording(summary).compliance} reaches at most {most}."
        )
    if led := _along(summary):
        headline = f"{led} {headline}"
    return Sentences(
        headline=headline, edges=_plane_edges(summary), caveats=_plane_caveats(summary)
    )


def for_line(summary: LineSummary) -> Sentences:
    """The result of a line between two checkpoints."""
    first, second = summary.model.name, summary.places[0].name if summary.places else "the other"
    words, scores = wording(summary), summary.scores
    after = summary.places[0].measured if summary.places else {}
    changed = capital(changes(words, summary.origin, after, summary.difference))
    headline = (
        f"{changed} That is from {first} to {second}, {summary.axis.step:.3g} of the weights' own "
        f"norm apart{_test(summary.difference['harmful'])}; on the way {words.compliance} reaches "
        f"{_share(scores.most_complied)}."
    )
    return Sentences(headline=headline, edges=_line_edges(summary), caveats=_line_caveats(summary))


def for_edges(summary: EdgesSummary) -> Sentences:
    """The result of an adaptive scan."""
    safety, capability = summary.scores.safety_edge, summary.scores.capability_edge
    spent = summary.spent
    if safety.value is None and not summary.status.complete:
        headline = f"Of {summary.model.name}, no direction is searched to the end."
    elif safety.value is None:
        headline = f"{summary.model.name} does not refuse at its own weights: no safety edge."
    else:
        headline = f"Refusals of {summary.model.name} fall to half at |α| = {_distance(safety)}"
        headline += (
            "."
            if capability.value is None
            else f", {wording(summary).answers} to benign prompts at {_distance(capability)}: "
            f"{_order(summary)}"
        )
    cost = f"It took {formatting.count(spent.responses, 'responses')}"
    if spent.uniform and spent.factor:
        cost += (
            f"; a uniform grid of the same accuracy would need about {spent.uniform:,}, "
            f"{spent.factor:.1f} times as many"
        )
    rising = sum(search.rises for search in summary.searches)
    caveats = [
        "Points at which asking stopped early locate an edge; their shares are biased and are "
        "drawn without intervals. VISAGE needs a uniform grid: scan without --adaptive."
    ]
    if rising:
        caveats.append(
            f"On {rising} of {len(summary.searches)} searches the share rises again beyond its "
            "first fall: the inner fall counts."
        )
    return Sentences(
        headline=headline, edges=f"{cost}.", caveats=[*caveats, *shared_caveats(summary)]
    )


def _along(summary: PlaneSummary) -> str:
    """What became of refusals and of sense by the last checkpoint of a fine-tune."""
    if summary.trajectory is None or not summary.trajectory.places:
        return ""
    last = summary.trajectory.places[-1]
    if last.measured["harmful"]["refused"].value is None:
        return ""
    changed = changes(wording(summary), summary.origin, last.measured, {})
    return f"From {summary.model.name} to {last.name}, {changed}"


def _plane_edges(summary: PlaneSummary) -> str:
    safety, capability = summary.scores.safety_edge, summary.scores.capability_edge
    if safety.value is None:
        return (
            "There is no safety edge: the model does not refuse at its own weights, so there is "
            "nothing to lose."
        )
    if not wording(summary).benign:
        return f"Refusals fall to half at a distance of {_distance(safety)}; {unasked(summary)}"
    if capability.value is None:
        return "There is no capability edge: the model does not answer the benign prompts."
    where = (
        f"Refusals fall to half at a distance of {_distance(safety)} (mean over angles; nearest "
        f"{_distance(summary.scores.safety_edge_nearest)}), {wording(summary).answers} to benign "
        f"prompts at {_distance(capability)}"
    )
    return f"{where}: {_order(summary)}"


def _line_edges(summary: LineSummary) -> str:
    safety, capability = summary.scores.refusals_fall, summary.scores.coherence_falls
    if safety.value is None:
        return f"{summary.model.name} does not refuse, so there are no refusals to lose on the way."
    where = f"Refusals fall to half at {_distance(safety)}"
    words = wording(summary)
    if not words.benign:
        return f"{where}; {unasked(summary)}"
    if capability.value is None:
        return f"{where}; {summary.model.name} gives no {words.answers} to benign prompts."
    return (
        f"{where} of the way, {words.answers} to benign prompts at {_distance(capability)}: "
        f"{_order(summary)}"
    )


_ORDER = {
    "capability_first": "the model stops making sense before it stops refusing.",
    "safety_first": "the model stops refusing while it still makes sense, so there is a region in "
    "which it is able and unsafe.",
    "indistinguishable": "the two cannot be told apart within their intervals.",
    "undetermined": "the range is too narrow, or the intervals too wide, to say which comes first.",
}


def _order(summary: PlaneSummary | LineSummary | EdgesSummary) -> str:
    return _ORDER[summary.ordering] if wording(summary).sense else senseless(summary)


def _plane_caveats(summary: PlaneSummary) -> list[str]:
    found = ["One plane only: the intervals say nothing about how planes differ."]
    if summary.scores.safety_edge.censored:
        found.append(
            f"At {summary.scores.safety_edge.censored} of 72 angles refusals did not fall to half "
            "inside the window: the safety edge is a lower bound."
        )
    return [*found, *_trajectory_caveats(summary.trajectory), *shared_caveats(summary)]


def _line_caveats(summary: LineSummary) -> list[str]:
    found = []
    if summary.scores.refusals_fall.censored:
        found.append("Refusals do not fall to half on this line: their place is a lower bound.")
    if summary.axis.step == 0:
        found.append("Both ends have the same weights: nothing can change between them.")
    return [*found, *_trajectory_caveats(summary.trajectory), *shared_caveats(summary)]


def _trajectory_caveats(trajectory: Trajectory | None) -> list[str]:
    if trajectory is None or trajectory.explained is None:
        return []
    share = formatting.percent(trajectory.explained)
    return [
        f"The map holds {share} of the checkpoints' squared displacement: what it shows at their "
        "places is their projection; what they said themselves stands beside it."
    ]


def _most(summary: PlaneSummary) -> str:
    share_YX = summary.maps["harmful"].complied.share_YX
    known = [value for row in share_YX for value in row if value is not None]
    return f"{100 * max(known, default=0):.0f} %"


def _share(estimate: Estimate) -> str:
    return str(formatting.share(estimate))


def _score(estimate: Estimate) -> str:
    return str(formatting.score(estimate))


def _test(paired: Paired) -> str:
    if paired.p_value is None:
        return ""
    p = "< 0.001" if paired.p_value < 0.001 else f"= {paired.p_value:.2g}"
    return f" (McNemar's exact test of refusals: p {p})"


def _distance(estimate: Estimate) -> str:
    if estimate.value is None:
        return formatting.UNDEFINED
    decimals = 2
    while 0 < abs(estimate.value) * 10**decimals < 10 and decimals < 6:
        decimals += 1  # two digits that say something
    if estimate.censored:
        return f"more than {formatting.number(estimate.value, decimals)}"
    found = formatting.rounded(estimate.value, estimate.low, estimate.high, otherwise=decimals)
    return " ".join(found).strip()
