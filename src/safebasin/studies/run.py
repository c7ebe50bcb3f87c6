"""Do what is left of a study: have it answered, judge, summarise."""

from __future__ import annotations

import platform
from collections.abc import Iterable, Iterator, Mapping
from functools import partial
from importlib.metadata import version
from typing import Any

from safebasin.engines.crew.agenda import TRIES
from safebasin.engines.crew.base import Crew, SpoiltPointError, Task
from safebasin.errors import FailedPointsError, ReproducibilityError, SafebasinError
from safebasin.evaluate import (
    ORIGIN,
    Keeper,
    Progress,
    Step,
    Tick,
    drafts,
    pass_judgement,
    task,
    to_score,
)
from safebasin.judges.base import Exchange, Judge
from safebasin.judges.registry import Means, build
from safebasin.judges.scorer import Scorer
from safebasin.points import Direction, Point
from safebasin.records import Prompt
from safebasin.report.bar import bar
from safebasin.report.untrusted import one_line
from safebasin.runfolder import write_whole
from safebasin.seals import listed
from safebasin.store import Store, writing
from safebasin.studies.crew import crew
from safebasin.studies.naming import called, ways
from safebasin.studies.plan import Plan
from safebasin.studies.progress import Told
from safebasin.studies.result import Result, result
from safebasin.studies.summaries.overview import MACHINES, UNSEALED
from safebasin.studies.summaries.spoken import FACT, spoken
from safebasin.weights.overlay import Overlay

LISTED = 5
"""Points that an error names."""


def run(planned: Plan, progress: Progress = lambda _: None) -> Result[Any]:
    """Do what is left of a study, and summarise it.

    May be killed at any moment and called again: what the store holds is not done again.

    Raises:
        UsageError, LockedError, ResourceError, IntegrityError: see `store.writing`.
        ReproducibilityError: a direction does not come out as it did when the run began.
        FailedPointsError: workers gave up some points; everything else is done.
    """
    kept = writing(planned.folder, planned.request, again=True)
    with crew(planned) as everybody, kept as store:
        if store.mended:
            progress(Tick(0, None, f"damaged, and done again: {listed(store.mended)}"))
        if store.unsealed:
            progress(Tick(0, None, UNSEALED))
        _describe(planned, everybody, store)
        try:
            _note_machine(planned, store)
            failed = evaluate(planned, everybody, store, progress)
        except SpoiltPointError as error:
            store.discard(error.point.key)
            raise
        everybody.overlay.verify()
        found = result(planned.folder, store)
        write_whole(planned.folder / "summary.json", found.summary.to_json())
    _require_nothing_given_up(planned, failed)
    return found


def run_with_bar(planned: Plan, *, shown: bool = True) -> Any:
    """The same, with a progress bar that tells where it is and what was found there."""
    title = f"{planned.request['study']} {planned.loaded.ref}"
    with bar(title, "responses", shown=shown) as advance:
        return run(planned, lambda tick: advance(tick.done, tick.total, tick.note))


def evaluate(
    planned: Plan, everybody: Crew, store: Store, progress: Progress
) -> dict[Point, SafebasinError]:
    """Round after round: answers and measures by the crew, then verdicts on each point.

    Args:
        planned: what to do.
        everybody: who does it, in any order; only this process writes.
        store: keeps every batch as soon as it is answered.
        progress: told of it.

    Returns:
        The points that were given up, and why.
    """
    prompts, measures = planned.work.prompts, [m.about.name for m in planned.subject.measures]
    scorer = Scorer(everybody, planned.subject.encoded, planned.settings.batch)
    told = _told(planned, progress)
    judges: list[Judge] = []
    failed: dict[Point, SafebasinError] = {}

    def task_of(step: Step) -> Task:
        told.begin(step, store.answered(step.point.key))
        _require_same_directions(everybody.overlay, store, step)
        scorings = partial(to_score, store, prompts, step.point.key, judges, scorer)
        return task(store, step, measures, known if step.point.terms else {}, scorings)

    for steps in rounds(planned, store):
        known = drafts(store)
        for done, losses, failure in everybody.do(
            map(task_of, steps), Keeper(store, told.answered)
        ):
            if failure is not None:
                told.over(done.point, done.there, None)
                failed[done.point] = failure
                continue
            scorer.learn(losses)
            judges = judges or build(planned.settings.judges, _means(planned, store, scorer))
            pass_judgement(store, prompts, done.point.key, judges)
            told.over(done.point, done.there, store.verdicts(judges[0].key, done.point.key))
        if failed:
            break
    if ORIGIN in failed:
        raise failed[ORIGIN]
    return failed


def _told(planned: Plan, progress: Progress) -> Told:
    names = ways(planned.request)
    return Told(
        progress,
        planned.work.prompts,
        lambda point: called(point, names),
        len(planned.work.points),
        planned.work.responses if planned.schedule is None else None,
    )


def rounds(planned: Plan, store: Store) -> Iterator[Iterable[Step]]:
    """What can be done at once, round by round.

    The origin comes first, since judges are calibrated on it and answers elsewhere may begin with
    what was answered there. Then everything; but a schedule decides on each round when the one
    before is judged.
    """
    if planned.schedule is not None:
        yield from planned.schedule(store)
    else:
        origin, *others = planned.work.steps
        yield [origin]
        yield others


def _describe(planned: Plan, everybody: Crew, store: Store) -> None:
    """Record what was loaded: with it, a summary can be made from the store alone.

    What the summary needs comes first, so that a run is either described or not begun.
    """
    if store.recall("loaded") is not None:
        return
    store.add_prompts(planned.subject.rows())
    originals = {p.id: p.original for p in planned.work.prompts.values() if p.original}
    if originals:
        store.remember("originals", originals)
    store.remember(FACT, spoken(planned.loaded))
    for name, value in (planned.facts(everybody.overlay) if planned.facts else {}).items():
        store.remember(name, value)
    versions = {name: version(name) for name in ("safebasin", "numpy", "scipy")}
    store.remember(
        "loaded",
        {
            "model": {
                "architecture": planned.loaded.checked.architecture,
                "parameters": planned.loaded.checked.parameters,
                "moved_parameters": everybody.overlay.numel,
            },
            "versions": {**versions, "python": platform.python_version()},
            "notes": [*planned.notes, *everybody.remarks()],
        },
    )


def _note_machine(planned: Plan, store: Store) -> None:
    """Remember every kind of device that the run was on, once there is more than one."""
    begun, here = str(planned.request["model"]["device"]), planned.loaded.machine
    if here != begun:
        store.replace(MACHINES, sorted({*(store.recall(MACHINES) or [begun]), here}))


def _require_same_directions(overlay: Overlay, store: Store, step: Step) -> None:
    """A direction is a recipe; make sure that it still makes what it made when the run began."""
    known = store.answered(step.point.key)
    if all(encoded.id in known for batch in step.batches for encoded in batch):
        return
    for direction, _ in step.point.terms:
        if not isinstance(direction, Direction):
            continue
        now = overlay.scales_digest(direction)
        if (kept := store.remember(f"scales/{direction.key}", now)) != now:
            raise ReproducibilityError(
                f"{store.folder}: direction {direction.index} had scales {kept[:12]} when the run "
                f"began and has {now[:12]} here: go on where it began, or pass another --out"
            )


def _require_nothing_given_up(planned: Plan, failed: Mapping[Point, SafebasinError]) -> None:
    if failed:
        names = ways(planned.request)
        listed = "; ".join(
            f"{called(point, names)}: {one_line(str(why), limit=300)}"
            for point, why in list(failed.items())[:LISTED]
        )
        more = f"; and {len(failed) - LISTED} more" if len(failed) > LISTED else ""
        raise FailedPointsError(
            f"{len(failed)} of {len(planned.work.points)} points were given up after {TRIES} tries "
            f"({listed}{more}); all else is kept, and the same command tries them again"
        )


def _means(planned: Plan, store: Store, scorer: Scorer) -> Means:
    settings = planned.settings
    return Means(
        store=store,
        losses=scorer,
        origin=lambda: said(store, planned.work.prompts, ORIGIN),
        device=settings.judges_on,
        batch_size=settings.judge_batch,
    )


def said(store: Store, prompts: Mapping[str, Prompt], point: Point) -> list[Exchange]:
    """Everything that was answered at a point, but what is not text."""
    return [
        Exchange(prompts[response.prompt_id], response, told=True)
        for response in store.responses(point.key)
        if response.finish != "numeric_failure"
    ]
