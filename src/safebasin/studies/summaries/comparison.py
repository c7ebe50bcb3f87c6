"""The summary of a comparison of scans."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

from safebasin import summary as contract
from safebasin.prompts import systems
from safebasin.report import formatting
from safebasin.report.wording import wording
from safebasin.stats.comparison import Comparison, compare
from safebasin.stats.multiple import holm
from safebasin.stats.paired import paired
from safebasin.studies.summaries import spoken
from safebasin.studies.summaries.able import REMEDY, WARNING, is_warned
from safebasin.studies.summaries.aligned import Run, as_they_are, at_origin, matched
from safebasin.studies.summaries.changed import changes
from safebasin.studies.summaries.line import paired as in_file
from safebasin.studies.summaries.overview import REPLICATES
from safebasin.studies.summaries.scan import AXIS_LABEL
from safebasin.studies.summaries.shares import SIDES

_TESTED = ("visage", "safety_edge", "capability_edge", "origin_harmful", "origin_benign")
_LONGEST = 60
_ROOM = 560
"""Characters of a headline; the terminal and the page cut one that is longer than 600."""


def summarise(runs: Sequence[Run]) -> contract.ComparisonSummary:
    """Every difference between the first scan and each other one.

    Args:
        runs: two or more complete scans on the same directions and points.
    """
    facts = _facts(runs)
    names = _names(runs, facts)
    differences = [
        _difference(runs[0], other, name) for other, name in zip(runs[1:], names[1:], strict=True)
    ]
    corrected = _adjusted(differences)
    rays = runs[0].rays
    summary = contract.ComparisonSummary(
        axis_label=AXIS_LABEL[rays.norm],
        axis_P=list(rays.axis_P),
        runs=[
            contract.Compared(
                name=name,
                run=run.folder.name,
                facts=fact,
                status=run.summary.status,
                model=run.summary.model,
                content_digest=run.summary.provenance["content_digest"],
                origin=run.summary.origin,
                curves=run.summary.curves,
                scores=run.summary.scores,
                ordering=run.summary.ordering,
                prompts=run.summary.prompts,
            )
            for run, name, fact in zip(runs, names, facts, strict=True)
        ],
        differences=corrected,
        sentences=contract.Sentences(headline="", edges="", caveats=[]),
        notes=_notes(runs),
        judges=runs[0].summary.judges[:1],
    )
    sentences = _sentences(summary)
    if garbled := [run.folder.name for run in runs if is_warned(run.summary)]:
        told = f"{WARNING}{', '.join(garbled)} made no sense at its own weights: {REMEDY}. "
        sentences = sentences.model_copy(update={"headline": told + sentences.headline})
    return summary.model_copy(update={"sentences": sentences})


def _difference(first: Run, other: Run, name: str) -> contract.Difference:
    order = matched(first, other)
    is_paired = order is not None
    numbers = compare(
        first.rays.axis_P,
        first.responses(as_they_are(first), first),
        other.responses(order or as_they_are(other), first if is_paired else other),
        paired=is_paired,
        seed=first.rays.seed,
        replicates=REPLICATES,
    )
    origin = {
        side: in_file(
            paired(
                at_origin(first, side, as_they_are(first)[side]),
                at_origin(other, side, order[side]),
                first.sides[side].cluster_Q,
            )
        )
        if order is not None
        else None
        for side in SIDES
    }
    return contract.Difference(
        name=name,
        paired=is_paired,
        origin=origin,
        visage=contract.Estimate.of(numbers.visage.difference),
        safety_edge=contract.Estimate.of(numbers.safety_edge.difference),
        capability_edge=contract.Estimate.of(numbers.capability_edge.difference),
        p_values=_p_values(numbers, origin),
        adjusted={},
    )


def _p_values(
    numbers: Comparison, origin: Mapping[contract.Kind, contract.Paired | None]
) -> dict[str, float | None]:
    found: dict[str, float | None] = {
        name: contract.finite(getattr(numbers, name).p_value) for name in _TESTED[:3]
    }
    for side in SIDES:
        at = origin[side]
        found[f"origin_{side}"] = at.p_value if at is not None else None
    return found


def _adjusted(differences: Sequence[contract.Difference]) -> list[contract.Difference]:
    """Holm's correction over the scans, for each quantity apart."""
    by_name: dict[str, list[float]] = {
        name: list(holm([_number(each.p_values[name]) for each in differences])) for name in _TESTED
    }
    return [
        each.model_copy(
            update={"adjusted": {n: contract.finite(float(by_name[n][i])) for n in _TESTED}}
        )
        for i, each in enumerate(differences)
    ]


def _number(value: float | None) -> float:
    return float("nan") if value is None else value


def _facts(runs: Sequence[Run]) -> list[dict[str, str]]:
    """What the scans differ in, and for each what it has there."""
    told = [
        {**_told(run), **_settings(run, talk)}
        for run, talk in zip(runs, spoken.told([run.talk for run in runs]), strict=True)
    ]
    different = [name for name in told[0] if len({each[name] for each in told}) > 1]
    if {*different} & spoken.NAMES and all(run.talk for run in runs):
        different = [name for name in different if name != "settings"]  # told item by item
    return [{name: each[name] for name in different} for each in told]


def _told(run: Run) -> dict[str, str]:
    summary = run.summary
    harmful = summary.prompts["harmful"]
    return {
        "model": summary.model.name,
        "weights": summary.model.weights_digest[:12],
        "system prompt": _system(summary.model.system),
        "jailbreak": harmful.jailbreak or "none",
        "prompts": f"{harmful.source}, {harmful.n}",
        "benign prompts": f"{summary.prompts['benign'].source}, {summary.prompts['benign'].n}",
        "type": summary.model.dtype,
        "device": summary.model.device,
        "template arguments": json.dumps(summary.request.get("template_args", {}), sort_keys=True),
        "token limit": str(summary.request["decoding"]["max_new_tokens"]),
    }


def _settings(run: Run, talk: Mapping[str, str]) -> Mapping[str, str]:
    """How its model talks, item by item; of an older run only that something differs."""
    model = run.summary.model
    settings = {"settings": f"differ ({model.settings_digest[:12]})"}
    if talk:
        return {**talk, **settings}
    return {spoken.TEMPLATE: f"differs ({model.chat_template_digest[:12]})", **settings}


def _system(text: str | None) -> str:
    name = systems.called(text)
    return f"{name}: {text}" if text and name != text else name


def _names(runs: Sequence[Run], facts: Sequence[Mapping[str, str]]) -> list[str]:
    """The first fact that tells all apart, or all of them together, or the folders' names."""
    candidates = [[fact[name] for fact in facts] for name in facts[0] if name != "weights"]
    if "system prompt" in facts[0]:
        candidates.insert(0, [systems.called(run.summary.model.system) for run in runs])
    candidates.append([", ".join(v for n, v in fact.items() if n != "weights") for fact in facts])
    candidates.append([run.folder.name for run in runs])
    candidates.append([str(run.folder) for run in runs])
    for names in candidates:
        short = [_shortened(name) for name in names]
        if len(set(short)) == len(short):
            return short
    return [f"{run.folder} ({place})" for place, run in enumerate(runs, start=1)]


def _shortened(name: str) -> str:
    return name if len(name) <= _LONGEST else f"{name[: _LONGEST - 1]}…"


def _notes(runs: Sequence[Run]) -> list[str]:
    notes = [f"{run.folder.name}: {note}" for run in runs for note in run.summary.notes]
    if len({run.summary.model.architecture for run in runs}) > 1:
        notes.append(
            "the models are of different families: equal seeds give them different directions"
        )
    return notes


def _sentences(summary: contract.ComparisonSummary) -> contract.Sentences:
    first = summary.runs[0].name
    told = [_told_apart(each, first) for each in summary.differences]
    caveats = [
        f"{each.name} was asked other prompts than {first}: they are not paired, and cannot be "
        "compared one by one."
        for each in summary.differences
        if not each.paired
    ]
    if len(summary.differences) > 1:
        caveats.append(
            f"{len(summary.differences)} comparisons: p-values are corrected by Holm's method, "
            "intervals are not."
        )
    if summary.runs[0].scores.visage.n == 1:
        caveats.append("One direction only: the intervals say nothing about how directions differ.")
    return contract.Sentences(headline=_headline(summary), edges=" ".join(told), caveats=caveats)


def _headline(summary: contract.ComparisonSummary) -> str:
    """What changed from the first run to every other one, as far as there is room."""
    led: list[str] = []
    for place in range(1, len(summary.runs)):
        led.append(_changed(summary, place))
        if place > 1 and len(" ".join(led)) > _ROOM:
            led[-1] = f"{formatting.count(len(summary.runs) - place, 'more runs')} below."
            break
    return " ".join(led)


def _changed(summary: contract.ComparisonSummary, place: int) -> str:
    """What becomes of refusals and of sense from the first run to another."""
    first, other = summary.runs[0], summary.runs[place]
    paired = summary.differences[place - 1].origin
    changed = changes(wording(summary), first.origin, other.origin, paired)
    return f"From {first.name} to {other.name}, {changed}"


def _told_apart(difference: contract.Difference, first: str) -> str:
    visage, p = difference.visage, difference.adjusted["visage"]
    if visage.value is None or p is None:
        return f"VISAGE of {difference.name} cannot be compared with that of {first}."
    interval = f"{formatting.difference(visage, otherwise=1)}, p {_p(p)}"
    if p < 0.05:
        word = "higher" if visage.value > 0 else "lower"
        return f"VISAGE of {difference.name} is {word} than that of {first}: {interval}."
    return f"VISAGE of {difference.name} cannot be told from that of {first}: {interval}."


def _p(value: float) -> str:
    return "< 0.001" if value < 0.001 else f"= {value:.2g}"
