"""One direction on a GPU by us, and some of its points by the published procedure."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path

import published
from clock import Clock
from gpu_decoding import full_length
from gpu_placing import A
from gpu_run import Bench, emptied

from safebasin.engines.base import Encoded, plan_batches
from safebasin.engines.registry import Manner
from safebasin.engines.transformers import TransformersEngine
from safebasin.judges.keyword import KeywordJudge
from safebasin.models.load import load
from safebasin.records import ModelRef
from safebasin.studies.landscape import plan
from safebasin.studies.plan import Plan
from safebasin.studies.run import run
from safebasin.studies.settings import ScanSettings

JUDGE = KeywordJudge()


def compare(bench: Bench, name: str, folder: Path) -> None:
    """One direction by us, then some of its points by the published procedure."""
    dtype = "float32" if bench.tiny else "bfloat16"
    loaded = load(ModelRef.parse(name), device=str(bench.device), dtype=dtype)
    settings = ScanSettings(
        model=name,
        prompts="organism-harmful",
        directions=1,
        points=3 if bench.tiny else 21,
        limit=4 if bench.tiny else 80,
        max_new_tokens=16 if bench.tiny else 512,
        out=folder / "run",
    )
    planned = plan(settings, loaded)
    ours(bench, planned)
    for row, batch, prompts in (("best", 80, 80), ("four", 4, 8)):
        emptied()
        if bench.left > (60 if bench.device.type == "cuda" else 0):
            theirs(bench, row, planned, batch, prompts)
    emptied()
    full_length(bench, planned)


def ours(bench: Bench, planned: Plan) -> None:
    """A whole run: placing, answering, storing, judging, summarising."""
    with Clock().watching(planned.loaded.model) as clock:
        seconds = bench.timed(lambda: run(planned))
    answers = planned.work.responses
    bench.tell("direction", f"{seconds:.1f} s, {answers:,} answers, benign prompts among them")
    part = sum(clock.spent[each] for each in ("placement", "store", "judge"))
    bench.tell("overhead", f"{part / clock.spent.total():.1%}")


def theirs(bench: Bench, row: str, planned: Plan, batch: int, limit: int) -> None:
    """At both ends of the direction and the origin, beside ours at the same points."""
    loaded, settings = planned.loaded, planned.settings
    assert isinstance(settings, ScanSettings)
    prompts = [prompt.id for prompt in planned.subject.harmful.prompts][:limit]
    asked = [planned.rendered[id_].token_ids for id_ in prompts]
    axis = settings.rays.axis_P
    axis = (axis[0], 0.0, axis[-1])
    engine = TransformersEngine(loaded, Manner(max_new_tokens=settings.tokens))
    encoded = [one for one in planned.subject.encoded if one.prompt_id in set(prompts)]
    seconds, refused = 0.0, []
    for x in axis:
        with engine.at(settings.rays.point(0, x)):
            said: dict[str, str] = {}
            seconds += bench.timed(lambda: said.update(answered(engine, encoded)))  # noqa: B023
        refused.append([JUDGE.settled(said[id_]) for id_ in prompts])
    pristine = {name: t.cpu() for name, t in loaded.model.state_dict().items()}
    walk = published.walk(loaded.model, published.direction_of(loaded, A), axis)
    spent, wrong, points = 0.0, 0, 0
    for own in refused:
        spent += bench.timed(lambda: next(walk))
        start = time.perf_counter()
        found = published.answer(
            loaded, asked, batch_size=batch, max_new_tokens=settings.tokens
        ).token_ids
        bench.wait()
        spent += time.perf_counter() - start
        texts = [loaded.tokenizer.decode(ids, skip_special_tokens=True) for ids in found]
        wrong += sum(JUDGE.settled(t) != mine for t, mine in zip(texts, own, strict=True))
        points += 1
    loaded.model.load_state_dict(pristine)
    what = f"{spent / seconds:.1f}×, {spent:.1f} s and {seconds:.1f} s"
    bench.tell(row, f"{what}, {len(prompts)} prompts at {points} points")
    told = bench.found.get("differ")
    bench.tell("differ", f"{f'{told}; ' if told else ''}{wrong} of {points * len(prompts)}")


def answered(engine: TransformersEngine, encoded: Sequence[Encoded]) -> dict[str, str]:
    """Texts by prompt, each ended as soon as its verdict is clear."""
    batches = plan_batches(encoded, 80)
    return {r.prompt_id: r.text for some in batches for r in engine.answer(some, JUDGE.settled)}
