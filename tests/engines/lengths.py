"""Prompts of different lengths, networks for them, and the plain way to answer."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import torch
from builders import VOCABULARY, tiny_model
from transformers import AutoModelForCausalLM, GenerationConfig

from safebasin.engines.rules import Row

PAD = 2


def prompts(*lengths: int, seed: int = 0) -> list[tuple[int, ...]]:
    """Random token ids from 3 on, so that no special token is among them."""
    generator = torch.Generator().manual_seed(seed)
    return [
        tuple(torch.randint(3, VOCABULARY, (length,), generator=generator).tolist())
        for length in lengths
    ]


def generate(
    model: Any, prompt: tuple[int, ...], ends: frozenset[int], most: int
) -> tuple[tuple[int, ...], str]:
    """What transformers' own `generate` says to one prompt alone, and how it ends."""
    inputs = torch.tensor([prompt])
    output = model.generate(
        input_ids=inputs,
        attention_mask=torch.ones_like(inputs),
        generation_config=GenerationConfig(
            max_new_tokens=most, do_sample=False, eos_token_id=sorted(ends), pad_token_id=PAD
        ),
    )
    found = tuple(output[0, len(prompt) :].tolist())
    return (found[:-1], "eos") if found[-1] in ends else (found, "length")


def answers_alone(
    model: Any, some: list[tuple[int, ...]], ends: frozenset[int], most: int
) -> list[tuple[tuple[int, ...], str]]:
    return [generate(model, prompt, ends, most) for prompt in some]


def common_ends(model: Any, some: list[tuple[int, ...]], most: int) -> frozenset[int]:
    """End tokens that make these answers stop here and there: one from the middle of each third."""
    free = answers_alone(model, some, frozenset({1}), most)
    return frozenset({1} | {ids[len(ids) // 2] for ids, _ in free[::3] if ids})


def said(rows: Iterable[Row]) -> list[tuple[tuple[int, ...], str | None]]:
    """Of each row the answer and how it ended, to be compared with `answers_alone`."""
    return [(tuple(row.token_ids), row.finish) for row in rows]


def windowed(family: str, window: int = 8) -> Any:
    """A tiny network whose sliding window is shorter than most prompts."""
    config = tiny_model(family).config
    config.sliding_window = window
    torch.manual_seed(0)
    return AutoModelForCausalLM.from_config(config).eval()
