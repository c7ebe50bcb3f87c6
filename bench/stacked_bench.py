"""Several points of a small network at once: are its products faster when they are stacked?

python bench/stacked_bench.py [--model MODEL] [--rows 80] [--points 1 4 10 20] [--threads N]

A step for several points at once is a batched product for each layer, since each point has weights
of its own. Milliseconds a point for all products of a step, one after the other and stacked, beside
a whole step of one point without a cache. All in one process, medians of 30.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from statistics import median

import torch
from subjects import machine
from torch.nn import Linear
from torch.nn.functional import linear

from safebasin.models.load import load
from safebasin.records import ModelRef


@torch.inference_mode()
def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", default="organism:chat")
    parser.add_argument("--rows", type=int, default=80)
    parser.add_argument("--points", type=int, nargs="+", default=[1, 4, 10, 20])
    parser.add_argument("--threads", type=int)
    asked = parser.parse_args()
    if asked.threads:
        torch.set_num_threads(asked.threads)
    loaded = load(ModelRef.parse(asked.model))
    weights = [layer.weight for layer in loaded.model.modules() if isinstance(layer, Linear)]
    token_N1 = torch.ones(asked.rows, 1, dtype=torch.long, device=loaded.device)
    print(machine(loaded.device))
    step = milliseconds(lambda: loaded.model(input_ids=token_N1, use_cache=False))
    print(f"a whole step of {asked.rows} rows at one point: {step:.2f} ms\n")
    print("| points | one after the other | stacked | of the whole step |\n|--:|--:|--:|--:|")
    for points in asked.points:
        single, stacked = (found / points for found in products(weights, asked.rows, points))
        print(
            f"| {points} | {single:.2f} ms | {stacked:.2f} ms | {single / step:.0%} |", flush=True
        )


def products(weights: list[torch.Tensor], rows: int, points: int) -> tuple[float, float]:
    """Milliseconds for all products of a step at so many points, apart and stacked."""
    weight_PIO = [weight.T.expand(points, -1, -1).contiguous() for weight in weights]
    input_PNI = [weight.new_ones(points, rows, weight.shape[1]) for weight in weights]
    pairs = list(zip(input_PNI, weight_PIO, strict=True))
    apart = [(given, weight) for given, weight in zip(input_PNI, weights, strict=True)]
    return (
        milliseconds(lambda: [linear(one, weight) for given, weight in apart for one in given]),
        milliseconds(lambda: [torch.bmm(given, weight) for given, weight in pairs]),
    )


def milliseconds(work: Callable[[], object], times: int = 30) -> float:
    """Of a run, the median of several after two to warm up."""
    took = []
    for _ in range(times + 2):
        start = time.perf_counter()
        work()
        if torch.cuda.is_available():
            torch.cuda.synchronize()
        took.append(time.perf_counter() - start)
    return 1e3 * median(took[2:])


if __name__ == "__main__":
    main()
