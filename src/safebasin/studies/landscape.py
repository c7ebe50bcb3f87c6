"""The one-dimensional safety landscape: random directions through a model, and what it says there.

Source: Peng et al., "Navigating the Safety Landscape" (NeurIPS 2024). Deviations are listed in
docs/method.md.
"""

from __future__ import annotations

import platform
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import Any

import torch
import transformers

from safebasin.engines.base import Encoded, plan_batches
from safebasin.engines.transformers import TransformersEngine
from safebasin.errors import InputRejectedError, ReproducibilityError
from safebasin.evaluate import Progress, Scorer, Work, generate, pass_judgement, settled_by
from safebasin.judges.base import Exchange
from safebasin.judges.registry import build, labels_early
from safebasin.models.chat import Conversation, Rendered
from safebasin.models.load import LoadedModel, load
from safebasin.prompts import catalog, systems
from safebasin.prompts.catalog import PromptSet
from safebasin.records import ModelRef, Point, slug
from safebasin.runfolder import Request, request_digest, write_whole
from safebasin.stats.clusters import clusters
from safebasin.store import Store, writing
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
            "tokens_at_most": most,
            "flop_at_most": 2.0 * self.loaded.checked.parameters * most,
        }


def plan(settings: ScanSettings) -> Plan:
    """Load and check everything that a scan needs, and lay out its work.

    Raises:
        UsageError, InputRejectedError, IntegrityError, ResourceError: see `load` and `catalog.load`.
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
    work = Work(settings.rays.plan, prompts, plan_batches(encoded, settings.batch_size))
    request = _request(settings, loaded, harmful, benign, system)
    name = f"scan-{slug(settings.model)[:-9]}-{request_digest(request)[:8]}"
    return Plan(
        settings,
        loaded,
        harmful,
        benign,
        rendered,
        work,
        system,
        request,
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
    """
    engine = TransformersEngine(
        planned.loaded, skip=planned.settings.skip, max_new_tokens=planned.settings.tokens
    )
    with writing(planned.folder, planned.request) as store:
        _describe(planned, engine, store)
        evaluate(planned, engine, store, progress)
        engine.overlay.verify()
        summary = summarise(store)
        write_whole(planned.folder / "summary.json", summary.to_json())
    return Scan(planned.folder, summary)


def evaluate(planned: Plan, engine: TransformersEngine, store: Store, progress: Progress) -> None:
    """Every point in order: generate, then judge. The origin calibrates the judges."""
    work, names = planned.work, planned.settings.judges
    encoded = [one for batch in work.batches for one in batch]
    scorer = Scorer(engine, encoded, planned.settings.batch_size)
    settled = settled_by(labels_early(names))
    judges = None
    for point in work.points:
        _require_same_directions(engine, store, work, point)
        generate(engine, store, work, point, settled, progress)
        judges = judges or build(names, store, scorer, _said(store, work, point))
        pass_judgement(store, work, point, judges)


def _describe(planned: Plan, engine: TransformersEngine, store: Store) -> None:
    """Record what was loaded: with it, a summary can be made from the store alone."""
    store.add_prompts(_prompt_rows(planned))
    store.remember(
        "model",
        {
            "architecture": planned.loaded.checked.architecture,
            "parameters": planned.loaded.checked.parameters,
            "moved_parameters": engine.overlay.numel,
        },
    )
    versions = {name: version(name) for name in ("safebasin", "numpy", "scipy")}
    store.remember("versions", {**versions, "python": platform.python_version()})
    store.remember("notes", list(planned.notes))


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


def _request(
    settings: ScanSettings,
    loaded: LoadedModel,
    harmful: PromptSet,
    benign: PromptSet,
    system: str | None,
) -> dict[str, Any]:
    return {
        "study": "scan",
        "model": {
            "name": str(loaded.ref),
            "weights_digest": loaded.checked.weights_digest,
            "chat_template_digest": loaded.chat.digest,
            "dtype": loaded.dtype,
            "device": _device_name(loaded),
        },
        "rays": settings.rays.to_json(),
        "prompts": {"harmful": harmful.to_json(), "benign": benign.to_json()},
        "system": system,
        "decoding": {
            "method": "greedy",
            "max_new_tokens": settings.tokens,
            "batch_size": settings.batch_size,
        },
        "judges": list(settings.judges),
        "engine": {
            "name": settings.engine,
            "transformers": transformers.__version__,
            "torch": str(torch.__version__),
        },
    }


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
            f"the longest prompt has {longest} tokens and {tokens} may follow, but {loaded.ref} reads "
            f"{context}: lower --max-new-tokens to {context - longest} or leave long prompts out"
        )


def _device_name(loaded: LoadedModel) -> str:
    """What kind of machine computes: another kind may round otherwise."""
    if loaded.device.type == "cuda":
        return torch.cuda.get_device_name(loaded.device)
    return str(loaded.device.type)


def _remarks(rendered: Iterable[Rendered]) -> tuple[str, ...]:
    """What is unusual about some prompts, each remark once with its count."""
    counted = Counter(note for one in rendered for note in one.notes)
    return tuple(f"{note} (prompts: {count})" for note, count in counted.items())


def _duplicates(prompts: PromptSet) -> tuple[str, ...]:
    if not prompts.duplicates:
        return ()
    rows = "row repeats" if prompts.duplicates == 1 else "rows repeat"
    return (f"{prompts.source}: {prompts.duplicates} {rows} an earlier one and was left out",)
