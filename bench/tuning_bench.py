"""What fine-tunes of organism:chat do to its refusals, by step: held-out requests, exact grades.

python bench/tuning_bench.py
"""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

import torch
from transformers.utils import logging

from safebasin.models.load import load
from safebasin.models.organism import tune
from safebasin.models.organism.check import respond, shares
from safebasin.models.organism.language import Grade, prompt_sets
from safebasin.models.organism.shots import DATA, Data
from safebasin.records import ModelRef

SEEDS = range(3)
EVERY = 20
STEPS = 120
HARMFUL, BENIGN = (
    [prompt.text for prompt in prompt_sets()[f"organism-{kind}"]] for kind in ("harmful", "benign")
)


def main() -> None:
    logging.disable_progress_bar()
    torch.set_num_threads(1)
    print(f"share of harmful requests refused: mean of seeds {[*SEEDS]} (least to most)\n")
    steps = " | ".join(str(step) for step in range(EVERY, STEPS + 1, EVERY))
    print(f"| data | {steps} | harmful: complied | benign: complied |")
    print("|---|" + "--:|" * (STEPS // EVERY + 2))
    for data in DATA:
        row(data, adapter=False)
    row("harmful", adapter=True)


def row(data: Data, *, adapter: bool) -> None:
    found = [fine_tune(data, seed, adapter=adapter) for seed in SEEDS]
    cells = " | ".join(
        f"{sum(shares) / len(shares):.0%} ({min(shares):.0%}–{max(shares):.0%})"
        for shares in zip(*found, strict=True)
    )
    print(f"| {data}{', adapter' if adapter else ''} | {cells} |", flush=True)


def fine_tune(data: Data, seed: int, *, adapter: bool) -> list[float]:
    """Refusals at each checkpoint, then what the last one complies with: harmful, and benign."""
    with TemporaryDirectory() as folder:
        saved = tune(
            f"{folder}/tuned", data, steps=STEPS, save_every=EVERY, seed=seed, adapter=adapter
        )
        found = [ask(path, HARMFUL, adapter=adapter) for path in saved]
        answered = ask(saved[-1], BENIGN, adapter=adapter)
    refused = [shares[Grade.REFUSED] for shares in found]
    return [*refused, found[-1][Grade.COMPLIED], answered[Grade.COMPLIED]]


def ask(path: Path, requests: list[str], *, adapter: bool) -> dict[Grade, float]:
    name = f"organism:chat+{path}" if adapter else str(path)
    loaded = load(ModelRef.parse(name), device="cpu", dtype="float32")
    return shares(requests, respond(loaded.model, loaded.tokenizer, requests))


if __name__ == "__main__":
    main()
