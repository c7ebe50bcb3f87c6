"""The one-dimensional safety landscape: random directions through a model, and what it says there.

Source: Peng et al., "Navigating the Safety Landscape" (NeurIPS 2024). Deviations are listed in
docs/method.md.
"""

from __future__ import annotations

import platform
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import Any

from safebasin.engines.base import Encoded, plan_batches
from safebasin.engines.transformers import TransformersEngine
from safebasin.errors import InputRejectedError, ReproducibilityError
from safebasin.evaluate import Progress, Scorer, Tick, Work, generate, pass_judgement, settled_by
from safebasin.judges.base import Exchange
from safebasin.judges.registry import build, labels_early
from safebasin.models.chat import Conversation, Rendered
from safebasin.models.load import LoadedModel, load
from safebasin.prompts import catalog, systems
from safebasin.prompts.catalog import PromptSet
from safebasin.records import Label, ModelRef, Point, slug
from safebasin.report.bar import bar
from safebasin.runfolder import Request, request_digest, require_same, write_whole
from safebasin.stats.clusters import clusters
from safebasin.store import Store, reading, writing
from safebasin.studies.request import request
from safebasin.studies.result import Scan
from safebasin.studies.settings import ScanSettings
from safebasin.studies.summarise import summarise


@dataclass(frozen=True)
class Plan:
    """A scan that is ready to run: everything is loaded and checked, nothing is written.

    Attributes:
        request: what decides the content of the run.
        folder: where it goes; by default named after the request, so that the same command finds
            its own run again.
        notes: what a person should know before starting.
    """

    settings: ScanSettings
    loaded: LoadedModel
    harmful: PromptSet
    benign: PromptSet
    rendered: dict[str, Rendered]
    work: Work
    system: str | None
    request: Request
    folder: Path
    notes: tuple[str, ...] = field(default=())

    @property
    def cost(self) -> dict[str, float]:
        """Upper bounds: no response need be as long as the token limit."""
        prompt_tokens = sum(len(one.token_ids) for one in self.rendered.values())
        most = len(self.work.points) * (
            prompt_tokens + len(self.work.prompts) * self.settings.tokens
        )
        return {
            "points": len(self.work.points),
            "prompts": len(self.work.prompts),
            "responses": self.work.responses,
            "done": self._done(),
            "tokens_at_most": most,
            "flop_at_most": 2.0 * self.loaded.checked.parameters * most,
            "weights_bytes": 2 * self.loaded.checked.parameters * self.loaded.model.dtype.itemsize,
        }

    def _done(self) -> int:
        if not (self.folder / "results.sqlite").exists():
            return 0
        require_same(self.folder, self.request)
        with reading(self.folder) as store:
            return store.counts()["responses"]


def plan(settings: ScanSettings) -> Plan:
    """Load and check everything that a scan needs, and lay out its work.

    Raises:
        UsageError, InputRejectedError, IntegrityError, ResourceError: see `load`, `catalog.load`.
    """
    system = systems.load(settings.system)
    harmful = catalog.load(
        settings.harmful_source, "harmful", column=settings.column, limit=settings.limit
    )
    benign = catalog.load(settings.benign_source, "benign", limit=settings.limit)
    loaded = load(
        ModelRef.parse(settings.model),
        device=settings.device,
        dtype=settings.dtype,
        chat_template=settings.chat_template,
    )
    prompts = {prompt.id: prompt for prompt in (*harmful.prompts, *benign.prompts)}
    conversations = [Conversation(system, prompt.text) for prompt in prompts.values()]
    rendered = dict(zip(prompts, loaded.chat.encode(conversations), strict=True))
    encoded = [Encoded(id_, one.token_ids) for id_, one in rendered.items()]
    _require_room(loaded, encoded, settings.tokens)
    work = Work(settings.rays.plan, prompts, plan_batches(encoded, settings.batch))
    asked = request(settings, loaded, harmful, benign, system)
    name = f"scan-{slug(settings.model)[:-9]}-{request_digest(asked)[:8]}"
    return Plan(
        settings,
        loaded,
        harmful,
        benign,
        rendered,
        work,
        system,
        asked,
        settings.out or Path("safebasin-runs") / name,
        (
            *loaded.notes,
            *_duplicates(harmful),
            *_duplicates(benign),
            *_remarks(rendered.values()),
        ),
    )


def run(planned: Plan, progress: Progress = lambda _: None) -> Scan:
    """Do what is left of a scan, and summarise it.

    May be killed at any moment and called again: what the store holds is not done again.

    Raises:
        UsageError, LockedError, ResourceError, IntegrityError: see `store.writing`.
        ReproducibilityError: a direction does not come out as it did when the run began.
    """
    engine = TransformersEngine(
        planned.loaded, skip=planned.settings.skip, max_new_tokens=planned.settings.tokens
    )
    with writing(planned.folder, planned.request) as store:
        _describe(planned, engine, store)
        evaluate(planned, engine, store, progress)
        engine.overlay.verify()
        found = Scan(planned.folder, summarise(store))
        write_whole(planned.folder / "summary.json", found.summary.to_json())
    return found


def run_with_bar(planned: Plan, *, shown: bool = True) -> Scan:
    """The same, with a progress bar that tells the latest result."""
    with bar(f"scanning {planned.loaded.ref}", "responses", shown=shown) as advance:
        return run(planned, lambda tick: advance(tick.done, tick.total, tick.note))


def evaluate(planned: Plan, engine: TransformersEngine, store: Store, progress: Progress) -> None:
    """Every point in order: generate, then judge. The origin calibrates the judges."""
    work, names = planned.work, planned.settings.judges
    encoded = [one for batch in work.batches for one in batch]
    scorer = Scorer(engine, encoded, planned.settings.batch)
    early = [] if planned.settings.full_text else labels_early(names)
    settled = settled_by(early)
    judges = None
    for point in work.points:
        _require_same_directions(engine, store, work, point)
        generate(engine, store, work, point, settled, progress)
        judges = judges or build(names, store, scorer, _said(store, work, point))
        pass_judgement(store, work, point, judges)
        progress(Tick(work.done_after(point), work.responses, _latest(store, names, point)))


def _latest(store: Store, names: Sequence[str], point: Point) -> str:
    """The shares at the point just judged, over all its prompts."""
    where = ", ".join(f"direction {d.index}, α = {x:+.3g}" for d, x in point.terms) or "origin"
    said = Counter(v.label for v in store.verdicts(names[0], point.key).values())
    shares = ", ".join(
        f"{label.value} {said[label] / max(said.total(), 1):.0%}" for label in Label if said[label]
    )
    return f"{where}: {shares}"


def _describe(planned: Plan, engine: TransformersEngine, store: Store) -> None:
    """Record what was loaded: with it, a summary can be made from the store alone."""
    store.add_prompts(_prompt_rows(planned))
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


def _require_same_directions(
    engine: TransformersEngine, store: Store, work: Work, point: Point
) -> None:
    """A direction is a recipe; make sure that it still makes what it made when the run began."""
    if len(store.answered(point.key)) == len(work.prompts):
        return
    for direction, _ in point.terms:
        now = engine.overlay.scales_digest(direction)
        if (kept := store.remember(f"scales/{direction.key}", now)) != now:
            raise ReproducibilityError(
                f"{store.folder}: direction {direction.index} had scales {kept[:12]} when the run "
                f"began and has {now[:12]} here: go on where it began, or pass another --out"
            )


def _said(store: Store, work: Work, point: Point) -> Callable[[], list[Exchange]]:
    return lambda: [
        Exchange(work.prompts[response.prompt_id], response)
        for response in store.responses(point.key)
        if response.finish != "numeric_failure"
    ]


def _prompt_rows(planned: Plan) -> list[tuple[Any, int, str, tuple[int, ...]]]:
    rows = []
    for side in (planned.harmful, planned.benign):
        numbers = clusters([prompt.text for prompt in side.prompts])
        for prompt, cluster in zip(side.prompts, numbers.tolist(), strict=True):
            one = planned.rendered[prompt.id]
            rows.append((prompt, cluster, one.text, one.token_ids))
    return rows


def _require_room(loaded: LoadedModel, encoded: list[Encoded], tokens: int) -> None:
    longest = max(len(one.token_ids) for one in encoded)
    context = getattr(loaded.model.config.get_text_config(), "max_position_embeddings", None)
    if context is not None and longest + tokens > context:
        raise InputRejectedError(
            f"the longest prompt has {longest} tokens and {tokens} may follow, but {loaded.ref} "
            f"reads {context}: lower --max-new-tokens, or leave long prompts out"
        )


def _remarks(rendered: Iterable[Rendered]) -> tuple[str, ...]:
    """What is unusual about some prompts, each remark once with its count."""
    counted = Counter(note for one in rendered for note in one.notes)
    return tuple(f"{note} (prompts: {count})" for note, count in counted.items())


def _duplicates(prompts: PromptSet) -> tuple[str, ...]:
    if not prompts.duplicates:
        return ()
    rows = "row repeats" if prompts.duplicates == 1 else "rows repeat"
    return (f"{prompts.source}: {prompts.duplicates} {rows} an earlier one and was left out",)
