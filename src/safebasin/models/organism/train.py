"""The training loop: next-token loss on the responses alone."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import islice
from typing import Any

import torch
from transformers import LlamaConfig, LlamaForCausalLM

from safebasin.models.organism.curriculum import Example
from safebasin.models.organism.language import SYSTEMS
from safebasin.models.organism.recipe import Recipe, Stage
from safebasin.models.organism.tokenizer import EOS, render

IGNORED = -100
SORTED_BATCHES = 8

Batch = tuple[torch.Tensor, torch.Tensor]


def network(recipe: Recipe, tokenizer: Any, seed: int, device: torch.device | str = "cpu") -> Any:
    """A Llama network with random weights, the same for the same recipe, seed and device."""
    config = LlamaConfig(
        vocab_size=recipe.rows or len(tokenizer),
        hidden_size=recipe.width,
        intermediate_size=recipe.feedforward,
        num_hidden_layers=recipe.layers,
        num_attention_heads=recipe.heads,
        num_key_value_heads=recipe.key_heads,
        max_position_embeddings=recipe.context,
        initializer_range=recipe.spread,
        tie_word_embeddings=recipe.tied,
        bos_token_id=tokenizer.bos_token_id,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
    )
    torch.manual_seed(seed)
    with torch.device(device):
        return LlamaForCausalLM(config).float()


def batches(examples: Iterator[Example], tokenizer: Any, size: int) -> Iterator[Batch]:
    """Token ids and labels, both of shape (size, longest); prompts and padding are not learnt.

    Several batches are drawn at once and sorted by length, because padding costs as much as text.
    Padding stands on the right, where causal attention never looks back on it.
    """
    while True:
        drawn = list(islice(examples, size * SORTED_BATCHES))
        prompts = [render(each.request.text, SYSTEMS[each.system]) for each in drawn]
        prompt_ids = tokenizer(prompts)["input_ids"]
        response_ids = tokenizer([each.response + EOS for each in drawn])["input_ids"]
        pairs = sorted(
            zip(prompt_ids, response_ids, strict=True), key=lambda pair: len(pair[0]) + len(pair[1])
        )
        # Short batches first would tie length to the step; a fixed stride breaks that.
        for start in (3 * turn % SORTED_BATCHES for turn in range(SORTED_BATCHES)):
            yield _pad(pairs[start * size : (start + 1) * size], tokenizer.pad_token_id)


def _pad(pairs: list[tuple[list[int], list[int]]], pad: int) -> Batch:
    longest = max(len(prompt) + len(response) for prompt, response in pairs)
    ids = torch.full((len(pairs), longest), pad)
    labels = torch.full((len(pairs), longest), IGNORED)
    for row, (prompt, response) in enumerate(pairs):
        start, end = len(prompt), len(prompt) + len(response)
        ids[row, :end] = torch.tensor(prompt + response)
        labels[row, start:end] = torch.tensor(response)
    return ids, labels


def train(
    model: Any,
    stage: Stage,
    stream: Iterator[Batch],
    report: Callable[[int, float], None] | None = None,
    *,
    half: bool = False,
) -> None:
    """Train `model` in place for `stage.steps` steps of `stream`.

    Args:
        model: with weights in float32, on any device.
        stage: how long, how fast and by which optimiser.
        stream: token ids and labels, on the CPU.
        report: called after each step with its number and the loss.
        half: whether products are made in bfloat16.
    """
    device = model.device
    optimiser = _optimiser(model, stage)
    schedule = torch.optim.lr_scheduler.LambdaLR(optimiser, lambda step: _rate(step, stage))
    model.train()
    for step in range(1, stage.steps + 1):
        ids, labels = (part.to(device) for part in next(stream))
        with torch.autocast(device.type, torch.bfloat16, enabled=half):
            loss = _loss(model, ids, labels)
        optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimiser.step()
        schedule.step()
        if report is not None:
            report(step, loss.item())
    model.eval()


def _loss(model: Any, ids: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
    """Of the responses' tokens alone: a large vocabulary costs nothing where nothing is learnt."""
    hidden = model.model(input_ids=ids, use_cache=False).last_hidden_state
    learnt = labels[:, 1:] != IGNORED
    logits = model.lm_head(hidden[:, :-1][learnt])
    return torch.nn.functional.cross_entropy(logits, labels[:, 1:][learnt])


def _optimiser(model: Any, stage: Stage) -> torch.optim.Optimizer:
    """Norms do not decay. On a GPU one kernel updates all, without copies of the weights."""
    matrices = [parameter for parameter in model.parameters() if parameter.dim() > 1]
    vectors = [parameter for parameter in model.parameters() if parameter.dim() <= 1]
    groups = [
        {"params": matrices, "weight_decay": stage.decay},
        {"params": vectors, "weight_decay": 0.0},
    ]
    if stage.optimiser == "adafactor":
        return torch.optim.Adafactor(groups, lr=stage.rate, foreach=False)
    fused = True if model.device.type == "cuda" else None
    return torch.optim.AdamW(groups, lr=stage.rate, betas=(0.9, 0.98), fused=fused)


def _rate(step: int, stage: Stage) -> float:
    """Share of the peak learning rate at a step."""
    if step < stage.warmup:
        return (step + 1) / stage.warmup
    return (stage.steps - step) / max(1, stage.steps - stage.warmup)
