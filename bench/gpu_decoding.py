"""Decoding in full length on a GPU: time against what must be read, and memory."""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import replace
from typing import Any

import torch
from gpu_placing import A, off_device
from gpu_run import Bench, emptied

from safebasin.engines.registry import Manner
from safebasin.engines.transformers import TransformersEngine
from safebasin.points import Point
from safebasin.studies.plan import Plan
from safebasin.weights.overlay import Overlay


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
    with engine.at(Point(((A, 0.1),))), peak(bench) as most:
        each = a_token(bench, engine, batch, short, long)
        if engine._slots is not None and (replays := engine._slots.replays) is not None:
            print(f"recorded: {len(replays)} shapes", flush=True)
            engine._slots.replays = None
            called = a_token(bench, engine, batch, short, long)
            bench.tell("called", f"{1e3 * called:.1f} ms, {called / each:.1f} times as long")
    asked = max(len(one.token_ids) for one in batch)
    bound = (read + row * len(batch) * (asked + (short + long) / 2)) / bench.bandwidth
    bench.tell(
        "decode",
        f"{1e3 * each:.1f} ms a token of {len(batch)} rows, {bound / each:.0%} of the bound",
    )
    if most:
        beyond = most() - weights - row * len(batch) * (asked + long)
        bench.tell("memory", f"{beyond / 1e9:.2f} GB")


def a_token(bench: Bench, engine: TransformersEngine, batch: Any, short: int, long: int) -> float:
    """Seconds for one more token of every row; a first round makes the recordings."""
    times = []
    for tokens in (short, long, short, long):
        engine._max_new_tokens = tokens
        times.append(bench.timed(lambda: engine.answer(tuple(batch))))
    return (times[3] - times[2]) / (long - short)


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
