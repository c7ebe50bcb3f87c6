"""The published procedure, as a baseline: fp32 weights are stepped on the CPU and loaded into the
model at every point, and every prompt is answered by padded `generate` until the last one of its
batch ends or the limit is reached.

Written afresh from descriptions; nothing of it is used by the package. It is faithful where that
costs time: the step is added, in fp32 on the CPU, to what the last point left; the state dict is
loaded as a whole; prompts are taken in the order of the file; all rows of a batch go on until the
last has ended; no text is looked at before it is complete. It is kinder in two places: a tied
tensor is stepped once, and no prompt is answered twice to fill up a share of several processes.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from safebasin.models.load import LoadedModel
from safebasin.points import Direction
from safebasin.weights.direction import materialise
from safebasin.weights.overlay import Overlay


@dataclass(frozen=True, slots=True)
class Answers:
    """What a batch after a batch was answered.

    Attributes:
        token_ids: of each prompt, in order; up to its end, the end token included.
        paid: tokens that were computed, those after the ends of short answers among them.
    """

    token_ids: list[list[int]]
    paid: int


def direction_of(loaded: LoadedModel, direction: Direction) -> dict[str, Tensor]:
    """A direction in whole, in fp32 on the CPU, by the names of a state dict."""
    overlay = Overlay(loaded.model)
    scales = overlay.scales(direction)
    weights = {name: p for name, p in loaded.model.named_parameters() if name in scales}
    return {name: d.cpu() for name, d in materialise(direction, weights, scales).items()}


def walk(model: Any, direction: dict[str, Tensor], axis: Sequence[float]) -> Iterator[float]:
    """Load each point of a line in turn, reached from the one before by adding a step."""
    weights = {
        name: tensor.detach().to("cpu", torch.float32, copy=True)
        for name, tensor in model.state_dict().items()
    }
    step = (axis[-1] - axis[0]) / (len(axis) - 1)
    for name, d in direction.items():
        weights[name].add_(d, alpha=axis[0])
    for place, x in enumerate(axis):
        if place:
            for name, d in direction.items():
                weights[name].add_(d, alpha=step)
        model.load_state_dict(_tied(model, weights))
        yield x


def answer(
    loaded: LoadedModel, prompts: Sequence[Sequence[int]], *, batch_size: int, max_new_tokens: int
) -> Answers:
    """Greedy answers by `generate`, batch after batch, padded on the left."""
    said: list[list[int]] = []
    paid = 0
    for start in range(0, len(prompts), batch_size):
        batch = prompts[start : start + batch_size]
        longest = max(map(len, batch))
        ids = torch.full((len(batch), longest), loaded.pad_id)
        mask = torch.zeros_like(ids)
        for row, prompt in enumerate(batch):
            ids[row, longest - len(prompt) :] = torch.tensor(prompt)
            mask[row, longest - len(prompt) :] = 1
        with torch.inference_mode():
            output = loaded.model.generate(
                input_ids=ids.to(loaded.device),
                attention_mask=mask.to(loaded.device),
                max_new_tokens=max_new_tokens,
                do_sample=False,
                pad_token_id=loaded.pad_id,
                eos_token_id=sorted(loaded.end_ids),
            )
        new = output[:, longest:]
        paid += new.numel()
        said += [_up_to_the_end(row, loaded.end_ids) for row in new.tolist()]
    return Answers(said, paid)


def _up_to_the_end(token_ids: list[int], ends: frozenset[int]) -> list[int]:
    first = next((place for place, token in enumerate(token_ids) if token in ends), None)
    return token_ids if first is None else token_ids[: first + 1]


def _tied(model: Any, weights: dict[str, Tensor]) -> dict[str, Tensor]:
    """A tied tensor has two names in a state dict; both must say the same."""
    first = {id(parameter): name for name, parameter in model.named_parameters()}
    names = {
        name: first[id(parameter)]
        for name, parameter in model.named_parameters(remove_duplicate=False)
    }
    return {name: weights[names.get(name, name)] for name in weights}
