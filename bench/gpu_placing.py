"""How fast a point is placed, and the checkpoint restored, wherever the pristine weights are."""

from __future__ import annotations

from functools import partial
from typing import Any

from gpu_run import Bench, emptied

from safebasin.models.organism.tokenizer import train_tokenizer
from safebasin.models.organism.train import network
from safebasin.points import Direction, Point
from safebasin.weights import fused
from safebasin.weights.overlay import Overlay
from safebasin.weights.pristine import copies

A = Direction(0)


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
