"""Do what is left of a study: generate, judge, measure, summarise."""

from __future__ import annotations

import platform
from collections import Counter
from collections.abc import Mapping
from importlib.metadata import version
from typing import Any

from safebasin.engines import registry
from safebasin.engines.base import Engine
from safebasin.engines.sampling import Sampling
from safebasin.errors import ReproducibilityError
from safebasin.evaluate import (
    Progress,
    Scorer,
    Step,
    Tick,
    drafts,
    generate,
    pass_judgement,
    settled_by,
)
from safebasin.judges.base import Exchange
from safebasin.judges.registry import Means, build, labels_early
from safebasin.records import Direction, Label, Point, Prompt
from safebasin.report.bar import bar
from safebasin.runfolder import write_whole
from safebasin.store import Store, writing
from safebasin.studies.naming import called
from safebasin.studies.plan import Plan
from safebasin.studies.result import Result, result
from safebasin.studies.settings import Settings


def run(planned: Plan, progress: Progress = lambda _: None) -> Result[Any]:
    """Do what is left of a study, and summarise it.

    May be killed at any moment and called again: what the store holds is not done again.

    Raises:
        UsageError, LockedError, ResourceError, IntegrityError: see `store.writing`.
        ReproducibilityError: a direction does not come out as it did when the run began.
    """
    engine = registry.make(planned.settings.engine, planned.loaded, manner(planned))
    with writing(planned.folder, planned.request) as store:
        _describe(planned, engine, store)
        evaluate(planned, engine, store, progress)
        engine.overlay.verify()
        found = result(planned.folder, store)
        write_whole(planned.folder / "summary.json", found.summary.to_json())
    return found


def manner(planned: Plan) -> registry.Manner:
    """How a study's engine answers."""
    settings = planned.settings
    return registry.Manner(
        skip=settings.skip,
        max_new_tokens=settings.tokens,
        batch_size=settings.batch,
        given=planned.given,
        sampling=_sampling(settings),
    )


def run_with_bar(planned: Plan, *, shown: bool = True) -> Any:
    """The same, with a progress bar that tells the latest result."""
    title = f"{planned.request['study']} {planned.loaded.ref}"
    with bar(title, "responses", shown=shown) as advance:
        return run(planned, lambda tick: advance(tick.done, tick.total, tick.note))


def evaluate(planned: Plan, engine: Engine, store: Store, progress: Progress) -> None:
    """Every step in order: generate, then judge. The origin calibrates the judges."""
    work, names = planned.work, planned.settings.judges
    scorer = Scorer(engine, planned.subject.encoded, planned.settings.batch)
    early = [] if planned.settings.full_text else labels_early(names)
    settled = settled_by(early)
    judges, before, done = None, 0, 0
    total = work.responses if planned.schedule is None else None

    def answered(count: int) -> None:
        nonlocal done
        done += count
        progress(Tick(done, total))

    for step in planned.steps(store):
        _require_same_directions(engine, store, step)
        known = drafts(store) if step.point.terms else {}
        generate(engine, store, step, settled, known, answered)
        before = done = before + step.prompts
        judges = judges or build(names, _means(planned, store, scorer, step.point))
        pass_judgement(store, work.prompts, step.point.key, judges)
        measure(planned, engine, store, step.point)
        progress(Tick(done, total, latest(store, judges[0].key, step.point)))


def measure(planned: Plan, engine: Engine, store: Store, point: Point) -> None:
    """Take every measure at a point that the store lacks; each is one transaction."""
    missing = [
        one for one in planned.subject.measures if not store.measurements(one.about.name, point.key)
    ]
    if not missing:
        return
    with engine.at(point):
        for one in missing:
            store.add_measurements(one.about.name, point.key, one.measure(planned.loaded))


def _sampling(settings: Settings) -> Sampling | None:
    """How tokens are drawn, if they are."""
    return Sampling(settings.temperature, settings.seed) if settings.temperature else None


def latest(store: Store, judge: str, point: Point) -> str:
    """The shares at the point just judged, over all its prompts."""
    said = Counter(v.label for v in store.verdicts(judge, point.key).values())
    shares = ", ".join(
        f"{label.value} {said[label] / max(said.total(), 1):.0%}" for label in Label if said[label]
    )
    return f"{called(point)}: {shares}"


def _describe(planned: Plan, engine: Engine, store: Store) -> None:
    """Record what was loaded: with it, a summary can be made from the store alone.

    What the summary needs comes first, so that a run is either described or not begun.
    """
    if store.recall("loaded") is not None:
        return
    store.add_prompts(planned.subject.rows())
    originals = {p.id: p.original for p in planned.work.prompts.values() if p.original}
    if originals:
        store.remember("originals", originals)
    for name, value in (planned.facts(engine.overlay) if planned.facts else {}).items():
        store.remember(name, value)
    versions = {name: version(name) for name in ("safebasin", "numpy", "scipy")}
    store.remember(
        "loaded",
        {
            "model": {
                "architecture": planned.loaded.checked.architecture,
                "parameters": planned.loaded.checked.parameters,
                "moved_parameters": engine.overlay.numel,
            },
            "versions": {**versions, "python": platform.python_version()},
            "notes": list(planned.notes),
        },
    )


def _require_same_directions(engine: Engine, store: Store, step: Step) -> None:
    """A direction is a recipe; make sure that it still makes what it made when the run began."""
    known = store.answered(step.point.key)
    if all(encoded.id in known for batch in step.batches for encoded in batch):
        return
    for direction, _ in step.point.terms:
        if not isinstance(direction, Direction):
            continue
        now = engine.overlay.scales_digest(direction)
        if (kept := store.remember(f"scales/{direction.key}", now)) != now:
            raise ReproducibilityError(
                f"{store.folder}: direction {direction.index} had scales {kept[:12]} when the run "
                f"began and has {now[:12]} here: go on where it began, or pass another --out"
            )


def _means(planned: Plan, store: Store, scorer: Scorer, origin: Point) -> Means:
    settings = planned.settings
    return Means(
        store=store,
        losses=scorer,
        origin=lambda: said(store, planned.work.prompts, origin),
        device=settings.judges_on,
        batch_size=settings.judge_batch,
    )


def said(store: Store, prompts: Mapping[str, Prompt], point: Point) -> list[Exchange]:
    """Everything that was answered at a point, but what is not text."""
    return [
        Exchange(prompts[response.prompt_id], response)
        for response in store.responses(point.key)
        if response.finish != "numeric_failure"
    ]
