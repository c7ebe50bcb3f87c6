"""Projecting the checkpoints of a fine-tune: time, memory, and how much of the files is read.

python bench/trajectory_bench.py [--checkpoints 20]
"""

from __future__ import annotations

import argparse
import ctypes
import gc
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import torch
from torch import Tensor

from safebasin.models.check import CheckedCheckpoint, check
from safebasin.models.tensors import FileRows, network_rows
from safebasin.weights.geometry import distances, measure
from safebasin.weights.given import Rows
from safebasin.weights.principal import principal_axes
from safebasin.weights.projection import project

MODELS: dict[str, dict[str, int]] = {
    "tiny": {"vocab_size": 2_000, "hidden_size": 128, "intermediate_size": 256,
             "num_hidden_layers": 4, "num_attention_heads": 4},
    "larger": {"vocab_size": 32_000, "hidden_size": 512, "intermediate_size": 1_376,
               "num_hidden_layers": 8, "num_attention_heads": 8},
}  # fmt: skip
SPREAD = 1e-2
"""Size of one step of the random walk, relative to the standard deviation of a fresh weight."""


@dataclass
class Counted:
    """What is read through these rows, in bytes."""

    source: Rows
    read: int = 0

    def rows(self, name: str, part: slice) -> Tensor:
        found = self.source.rows(name, part)
        self.read += found.numel() * found.element_size()
        return found


@contextmanager
def watched() -> Iterator[list[int]]:
    """The highest memory of this process's own above its level at the start, in bytes.

    Pages of mapped files are the system's to take back and do not count.
    """
    gc.collect()
    ctypes.CDLL(None).malloc_trim(0)  # what was freed before would be used again unseen
    start, peak, done = own_memory(), [0], threading.Event()

    def sample() -> None:
        while not done.wait(0.002):
            peak[0] = max(peak[0], own_memory() - start)

    thread = threading.Thread(target=sample)
    thread.start()
    try:
        yield peak
    finally:
        done.set()
        thread.join()


def own_memory() -> int:
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("RssAnon"):
            return int(line.split()[1]) << 10
    raise OSError("this system does not say how much memory is a process's own")


def walk(folder: Path, sizes: dict[str, int], count: int) -> tuple[Any, list[CheckedCheckpoint]]:
    """A network and the checkpoints of a random walk that starts at it and drifts one way."""
    from transformers import AutoConfig, AutoModelForCausalLM

    torch.manual_seed(0)
    config = AutoConfig.for_model(
        "llama", num_key_value_heads=sizes["num_attention_heads"], **sizes
    )
    model = AutoModelForCausalLM.from_config(config).to(torch.bfloat16)
    base = {name: p.detach().clone() for name, p in model.named_parameters()}
    drift = {name: torch.randn_like(tensor) for name, tensor in base.items()}
    found = []
    for step in range(1, count + 1):
        for name, parameter in model.named_parameters():
            noise = torch.randn_like(parameter)
            parameter.data = base[name] + 0.02 * SPREAD * (step * drift[name] + 2 * noise)
        model.save_pretrained(folder / f"checkpoint-{step}")
        found.append(check(folder / f"checkpoint-{step}"))
    for name, parameter in model.named_parameters():
        parameter.data = base[name]
    return model, found


def main() -> None:
    from transformers.utils import logging

    logging.disable_progress_bar()
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--checkpoints", type=int, default=20)
    count = parser.parse_args().checkpoints
    print(f"{count} checkpoints, bfloat16; memory beside the loaded model\n")
    print("| model | file | largest tensor | headers | pass | peak memory | read | explained |")
    print("|---|--:|--:|--:|--:|--:|--:|--:|")
    for title, sizes in MODELS.items():
        with TemporaryDirectory() as folder:
            model, checked = walk(Path(folder), sizes, count)
            row(title, model, checked)


def row(title: str, model: Any, checked: list[CheckedCheckpoint]) -> None:
    origin = network_rows(model)
    measure(origin.tensors, origin, [origin] * len(checked))  # what libraries keep from first use
    start = time.perf_counter()
    others = [Counted(FileRows(each, model)) for each in checked]
    opened = time.perf_counter() - start
    with watched() as peak:
        start = time.perf_counter()
        found = measure(origin.tensors, origin, others)
        projected = project(found, principal_axes(found))
        distances(found)
        spent = time.perf_counter() - start
    sizes = [t.numel() * t.element_size() for t in origin.tensors.values()]
    stored = sum(size for each in checked for _, _, size in each.shards)
    cells = (
        f"{title}, {sum(t.numel() for t in origin.tensors.values()) / 1e6:.1f} M",
        f"{stored / len(checked) / 2**20:.1f} MiB",
        f"{max(sizes) / 2**20:.2f} MiB",
        f"{opened:.1f} s",
        f"{spent:.1f} s",
        f"{peak[0] / 2**20:.1f} MiB = {peak[0] / max(sizes):.2f} tensors",
        f"{sum(other.read for other in others) / stored:.2%}",
        f"{projected.explained:.1%}",
    )
    print("| " + " | ".join(cells) + " |", flush=True)


if __name__ == "__main__":
    main()
