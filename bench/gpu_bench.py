"""Every number about a GPU in one run of less than ten minutes, as one table.

    python bench/gpu_bench.py [--model FOLDER/chat] [--seconds 570]
    python bench/gpu_bench.py --tiny            # the same steps on a CPU, in half a minute

Without --model an organism of the shape of Llama-2-7B is trained first, for fewer steps than its
preset has, so that there is time for the rest. What the time does not suffice for is "unmeasured".
Both ceilings, copying and multiplying, are measured before anything is compared with them.
"""

from __future__ import annotations

import argparse
import gc
import time
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import published
import torch
from clock import Clock
from subjects import machine

from safebasin.engines.base import Encoded, plan_batches
from safebasin.engines.registry import Manner
from safebasin.engines.transformers import TransformersEngine
from safebasin.judges.keyword import KeywordJudge
from safebasin.models.load import load
from safebasin.models.organism.build import build
from safebasin.models.organism.recipe import Recipe, preset
from safebasin.models.organism.tokenizer import train_tokenizer
from safebasin.models.organism.train import network
from safebasin.models.surroundings import quiet_and_offline
from safebasin.records import Direction, ModelRef, Point
from safebasin.studies.landscape import plan
from safebasin.studies.plan import Plan
from safebasin.studies.run import run
from safebasin.studies.settings import ScanSettings
from safebasin.weights import fused
from safebasin.weights.overlay import Overlay
from safebasin.weights.pristine import copies

ROWS = {
    "copy": ("copying on the device", ""),
    "matmul": ("product of two bf16 matrices, 8192 × 8192", ""),
    "fused": ("the fused pass is used", ""),
    "scale": ("taking a direction's norms, once", ""),
    "held": ("placing a point, direction held", "≤ 15 ms"),
    "drawn": ("placing a point, Gaussian direction drawn", ""),
    "signs": ("placing a point, ±1 direction drawn", ""),
    "restore": ("restoring the checkpoint", ""),
    "pinned": ("placing a point, pristine weights in pinned memory", ""),
    "train": ("training the organism", ""),
    "direction": ("one direction, after loading", "≤ 60 s"),
    "overhead": ("overlay, store and judge in it", "≤ 5 %"),
    "best": ("the published procedure, all prompts in a batch", "≥ 8×"),
    "four": ("the published procedure at batch 4", "≥ 50×"),
    "differ": ("verdicts that differ from it", "0"),
    "decode": ("full-length decoding, batch of all prompts", "≥ 60 % of the bound"),
    "memory": ("GPU memory beyond weights and KV cache, pristine weights off the device", "≤ 1 GB"),
}
"""What is measured, in the order of the table, and the bars."""

A = Direction(0)
JUDGE = KeywordJudge()


@dataclass
class Bench:
    """What is asked for, the time there is, and what came out.

    Attributes:
        tiny: the small version.
        until: when the last part must be done, on the monotonic clock.
        model: a model that is there already, instead of one that is trained.
        found: measured values, by row.
        bandwidth: bytes a second, read and written.
    """

    device: torch.device
    tiny: bool
    until: float
    model: str | None = None
    found: dict[str, str] = field(default_factory=dict)
    bandwidth: float = 0.0

    @property
    def left(self) -> float:
        """Seconds."""
        return self.until - time.monotonic()

    @property
    def recipe(self) -> Recipe:
        """The shape that is placed and trained."""
        return preset("default" if self.tiny else "llama-2-7b")

    def tell(self, row: str, value: str) -> None:
        """A value, in the table and at once."""
        self.found[row] = value
        print(f"{row}: {value}", flush=True)

    def timed(self, work: Callable[[], object]) -> float:
        """Seconds, with everything waited for."""
        self.wait()
        start = time.perf_counter()
        work()
        self.wait()
        return time.perf_counter() - start

    def wait(self) -> None:
        if self.device.type == "cuda":
            torch.cuda.synchronize(self.device)

    def fastest(self, work: Callable[[], object], times: int = 5) -> float:
        """Of several runs, after one to warm up."""
        work()
        return min(self.timed(work) for _ in range(times))


def ceilings(bench: Bench) -> None:
    """What the device can do at best; bytes read and bytes written both count."""
    entries = 1 << (22 if bench.tiny else 31)
    source = torch.randn(entries // 2, device=bench.device)
    goal = torch.empty_like(source)
    seconds = bench.fastest(lambda: goal.copy_(source))
    bench.bandwidth = 8 * source.numel() / seconds
    bench.tell("copy", f"{bench.bandwidth / 1e9:,.0f} GB/s")
    size = 512 if bench.tiny else 8192
    matrix = torch.randn(size, size, device=bench.device).bfloat16()
    seconds = bench.fastest(lambda: matrix @ matrix)
    bench.tell("matmul", f"{2 * size**3 / seconds / 1e12:,.1f} TFLOP/s")


def placing(bench: Bench) -> None:
    """On random weights of the shape: how fast a point is placed does not depend on values."""
    recipe = bench.recipe
    tokenizer = train_tokenizer(recipe.vocabulary)
    model = network(recipe, tokenizer, 0, bench.device).bfloat16().requires_grad_(False)
    bench.tell("fused", "yes" if fused.available(bench.device) else "no")
    over = Overlay(model, remember=1 << 40 if bench.tiny else None)
    bench.tell("scale", f"{bench.timed(partial(over.scales, A)):.2f} s")
    moving = over.numel
    there, back = at_best(bench, over, Point(((A, 0.1),)))
    bench.tell("held", speed(there, 8 * moving))
    bench.tell("restore", speed(back, 4 * moving))
    over.forget()
    for row, way in (("drawn", A), ("signs", Direction(0, noise="rademacher"))):
        there, _ = at_best(bench, over, Point(((way, 0.1),)))
        bench.tell(row, speed(there, 4 * moving))
    del over
    emptied()
    if bench.device.type == "cuda":
        there, _ = at_best(bench, off_device(model), Point(((A, 0.1),)), times=2)
        bench.tell("pinned", speed(there, 2 * moving))


def at_best(bench: Bench, over: Overlay, point: Point, times: int = 4) -> tuple[float, float]:
    """Seconds to place a point and to restore, each the fastest of several."""
    both = []
    for _ in range(times + 1):
        block = over.at(point)
        both.append((bench.timed(block.__enter__), bench.timed(lambda: leave(block))))  # noqa: B023
    there, back = zip(*both[1:], strict=True)
    return min(there), min(back)


def leave(block: Any) -> None:
    block.__exit__(None, None, None)


def off_device(model: Any) -> Overlay:
    """An overlay whose pristine weights are in pinned memory, and that holds no direction."""
    kept = copies(dict(model.named_parameters()), pinned=True)
    return Overlay(model, remember=0, pristine=kept)


def speed(seconds: float, moved: int) -> str:
    return f"{1e3 * seconds:.1f} ms, {moved / seconds / 1e9:,.0f} GB/s"


def train(bench: Bench, folder: Path) -> str:
    """The chat model's folder; fewer steps than the preset's, and no longer than there is time."""
    if bench.model or bench.tiny:
        return bench.model or "organism:chat"
    share, latest = 0.4, bench.until - 240
    recipe = replace(
        bench.recipe,
        base=replace(bench.recipe.base, steps=round(share * bench.recipe.base.steps)),
        chat=replace(bench.recipe.chat, steps=round(share * bench.recipe.chat.steps)),
    )

    def step(stage: str, number: int, steps: int, loss: float) -> None:
        if number % 20 == 0:
            print(f"{stage}: {number} of {steps}, loss {loss:.3f}", flush=True)
        if time.monotonic() > latest:
            raise TimeoutError(f"{stage} was at step {number} of {steps}")

    with quiet_and_offline():
        seconds = bench.timed(
            lambda: build(folder / "pair", progress=step, recipe=recipe, device=str(bench.device))
        )
    bench.tell("train", f"{seconds:.0f} s, {recipe.base.steps + recipe.chat.steps} steps")
    return str(folder / "pair" / "chat")


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


def full_length(bench: Bench, planned: Plan) -> None:
    """No answer ends early: what a token of every row costs, and what memory is needed beside.

    The bound is what must be read for it, weights but for the embedding and the cache at its mean
    length, at the speed of copying.
    """
    endless = replace(planned.loaded, end_ids=frozenset())
    model, batch = endless.model, planned.subject.encoded[:80]
    short, long = (4, 12) if bench.tiny else (32, 160)
    engine = TransformersEngine(endless, Manner(max_new_tokens=short))
    del engine.overlay  # its pristine copy, if it lies on the device
    emptied()
    engine.overlay = off_device(model) if bench.device.type == "cuda" else Overlay(model)
    weights, row = sizes(model)
    embedding = model.get_input_embeddings().weight
    read = weights - embedding.numel() * embedding.element_size()
    times = []
    with engine.at(Point(((A, 0.1),))), peak(bench) as most:
        for tokens in (short, short, long):
            engine._max_new_tokens = tokens
            times.append(bench.timed(lambda: engine.answer(tuple(batch))))
    each = (times[2] - times[1]) / (long - short)
    asked = max(len(one.token_ids) for one in batch)
    bound = (read + row * len(batch) * (asked + (short + long) / 2)) / bench.bandwidth
    bench.tell(
        "decode",
        f"{1e3 * each:.1f} ms a token of {len(batch)} rows, {bound / each:.0%} of the bound",
    )
    if most:
        beyond = most() - weights - row * len(batch) * (asked + long)
        bench.tell("memory", f"{beyond / 1e9:.2f} GB")


def sizes(model: Any) -> tuple[int, int]:
    """Bytes of the weights, and of a token in the cache."""
    config, size = model.config, next(model.parameters()).element_size()
    heads = 2 * config.num_hidden_layers * config.num_key_value_heads
    return sum(p.numel() * p.element_size() for p in model.parameters()), (
        heads * config.head_dim * size
    )


def peak(bench: Bench) -> Any:
    """Asks for the most that was allocated on the GPU since; nothing on a CPU."""
    if bench.device.type != "cuda":
        return nullcontext()
    torch.cuda.reset_peak_memory_stats(bench.device)
    return nullcontext(lambda: torch.cuda.max_memory_allocated(bench.device))


def emptied() -> None:
    """Give back what nobody needs."""
    gc.collect()
    if torch.cuda.is_available():
        torch.cuda.empty_cache()


def parts(bench: Bench, folder: Path) -> Iterator[Callable[[], object]]:
    yield lambda: ceilings(bench)
    yield lambda: placing(bench)
    yield lambda: compare(bench, train(bench, folder), folder)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--model", help="an organism's chat model that is there already")
    parser.add_argument("--seconds", type=float, default=570)
    parser.add_argument("--tiny", action="store_true", help="on the CPU, with the shipped organism")
    asked = parser.parse_args()
    if not asked.tiny and not torch.cuda.is_available():
        print("no NVIDIA GPU here: all rows stay unmeasured (--tiny tries the script on the CPU)")
        return
    device = torch.device("cpu") if asked.tiny else torch.device("cuda", 0)
    bench = Bench(device, asked.tiny, time.monotonic() + asked.seconds, asked.model)
    print(machine(device), flush=True)
    with TemporaryDirectory() as folder:
        for part in parts(bench, Path(folder)):
            try:
                part()
            except Exception:  # the other rows are still worth having
                traceback.print_exc()
            emptied()
    print("\n| what | measured | bar |\n| :-- | --: | --: |")
    for row, (what, bar) in ROWS.items():
        print(f"| {what} | {bench.found.get(row, 'unmeasured')} | {bar} |")


if __name__ == "__main__":
    main()
