"""Every number about a GPU in one run of less than ten minutes, as one table.

    python bench/gpu_bench.py [--model FOLDER/chat] [--seconds 570]
    python bench/gpu_bench.py --tiny            # the same steps on a CPU, in half a minute

Without --model an organism of the shape of Llama-2-7B is trained first, for fewer steps than its
preset has, so that there is time for the rest. What the time does not suffice for is "unmeasured".
Both ceilings, copying and multiplying, are measured before anything is compared with them.
"""

from __future__ import annotations

import argparse
import time
import traceback
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import torch
from gpu_ceilings import ceilings
from gpu_comparing import compare
from gpu_placing import placing
from gpu_run import Bench, emptied
from subjects import machine

from safebasin.models.organism.build import build
from safebasin.models.surroundings import quiet_and_offline

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
    "called": ("the same with every pass called, none replayed", ""),
    "memory": ("GPU memory beyond weights and KV cache, pristine weights off the device", "≤ 1 GB"),
}
"""What is measured, in the order of the table, and the bars."""


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
