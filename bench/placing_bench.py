"""Placing a point, and nothing else: nanoseconds for each weight, beside a plain copy.

python bench/placing_bench.py [--entries 1 8 64] [--threads N]

Sizes are in millions of weights. All of a table is measured in one process, each row beside a copy
of its own, so what else the machine does falls out of the ratios.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from safebasin.points import Direction, Point
from safebasin.weights.direction import noise
from safebasin.weights.overlay import Overlay
from safebasin.weights.philox import words
from safebasin.weights.placing import place

A, B = Direction(0), Direction(1)
SIGNS = Direction(0, noise="rademacher")
ORTHOGONAL = Direction(1, orthogonal_to=0)
WIDTH = 1024


@dataclass(frozen=True)
class Case:
    """A way to place: what it is called, where it goes, and what may be held for it."""

    title: str
    point: Point
    remember: int = 0


CASES = (
    Case("held", Point(((A, 0.1),)), 1 << 40),
    Case("held, two directions", Point(((A, 0.1), (B, 0.2))), 1 << 40),
    Case("drawn, ±1", Point(((SIGNS, 0.1),))),
    Case("drawn, Gaussian", Point(((A, 0.1),))),
    Case("drawn, Gaussian, orthogonal", Point(((ORTHOGONAL, 0.1),))),
)


def best(work: Callable[[], object], seconds: float = 1.0) -> float:
    """Seconds that the fastest of several runs took, after one to warm up."""
    work()
    times: list[float] = []
    while sum(times) < seconds or len(times) < 3:
        start = time.process_time()
        work()
        times.append(time.process_time() - start)
    return min(times)


def network(millions: int, dtype: torch.dtype) -> nn.Module:
    """Square tensors, as far as they go, of so many weights in all."""
    rows = millions * 10**6 // WIDTH
    each = [min(WIDTH, rows - start) for start in range(0, rows, WIDTH)]
    layers = [nn.Linear(WIDTH, height, bias=False, dtype=dtype) for height in each]
    return nn.Sequential(*layers).requires_grad_(False)


def copied(model: nn.Module) -> Callable[[], None]:
    """Copies all weights to other memory."""
    sources = list(model.parameters())
    goals = [torch.empty_like(source) for source in sources]

    def work() -> None:
        for goal, source in zip(goals, sources, strict=True):
            goal.copy_(source)

    return work


def restored(model: nn.Module, over: Overlay) -> Callable[[], None]:
    """Puts all weights back as they were."""
    live = list(model.named_parameters())

    def work() -> None:
        for name, parameter in live:
            place(name, parameter, over.pristine.home, ())

    return work


def placed(model: nn.Module, case: Case) -> tuple[Callable[[], None], Overlay]:
    """Places a point and puts all weights back; what is computed once is computed before."""
    over = Overlay(model, remember=case.remember)

    def work() -> None:
        with over.at(case.point):
            pass

    work()
    return work, over


def rows(millions: int, dtype: torch.dtype) -> None:
    model = network(millions, dtype)
    numel = sum(parameter.numel() for parameter in model.parameters())
    copy = best(copied(model))
    back = best(restored(model, Overlay(model)))
    size = f"| {millions} M, {str(dtype).removeprefix('torch.')} |"
    print(f"{size} a copy | {copy / numel * 1e9:.2f} | 1 |")
    print(f"{size} restoring | {back / numel * 1e9:.2f} | {back / copy:.1f} |")
    for case in CASES:
        work, _ = placed(model, case)
        seconds = best(work) - back
        ratio = seconds / best(copied(model))
        print(f"{size} {case.title} | {seconds / numel * 1e9:.2f} | {ratio:.1f} |", flush=True)


def parts() -> None:
    """What drawing consists of."""
    count, device = 1 << 16, torch.device("cpu")
    print("\n| part of drawing | ns each |\n| :-- | --: |")
    steps: dict[str, Callable[[], Tensor]] = {
        "Philox": lambda: words((1, 2), 0, count),
        "Philox and signs": lambda: noise(SIGNS, "w", 0, count, device),
        "Philox and normal numbers": lambda: noise(A, "w", 0, count, device),
    }
    for title, step in steps.items():
        print(f"| {title} | {best(step) / count * 1e9:.1f} |")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--entries", type=int, nargs="+", default=[1, 8, 64])
    parser.add_argument("--threads", type=int, default=1)
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    print("| weights | what | ns each | times a copy |\n| :-- | :-- | --: | --: |")
    for millions in arguments.entries:
        for dtype in (torch.float32, torch.bfloat16):
            rows(millions, dtype)
    parts()


if __name__ == "__main__":
    main()
