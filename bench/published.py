"""The published procedure, as a baseline: the state dict is stepped on the CPU, loaded at every
point, and every prompt is answered by padded `generate` until the last one of its batch ends.

Written afresh from the description in docs/method.md; nothing of it is used by the package.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import torch
from torch import Tensor


def walk(model: Any, direction: dict[str, Tensor], axis: Sequence[float]) -> Iterator[float]:
    """Load each point of a line in turn, reached from the one before by adding a step."""
    weights = {name: tensor.detach().clone() for name, tensor in model.state_dict().items()}
    step = (axis[-1] - axis[0]) / (len(axis) - 1)
    for name, d in direction.items():
        weights[name] += axis[0] * d
    for place, x in enumerate(axis):
        if place:
            for name, d in direction.items():
                weights[name] += step * d
        model.load_state_dict(tie(model, weights))
        yield x


def tie(model: Any, weights: dict[str, Tensor]) -> dict[str, Tensor]:
    """A tied tensor has two names in a state dict; both must say the same."""
    tied = {id(tensor): name for name, tensor in reversed(list(model.named_parameters()))}
    names = {
        name: tied.get(id(parameter), name)
        for name, parameter in model.named_parameters(remove_duplicate=False)
    }
    return {name: weights[names.get(name, name)] for name in weights}


def answer(
    model: Any,
    tokenizer: Any,
    prompts: Sequence[Sequence[int]],
    *,
    batch_size: int,
    max_new_tokens: int,
) -> list[str]:
    """Greedy answers by `generate`, batch after batch, padded on the left."""
    texts: list[str] = []
    for start in range(0, len(prompts), batch_size):
        batch = prompts[start : start + batch_size]
        longest = max(map(len, batch))
        ids = torch.full((len(batch), longest), tokenizer.pad_token_id)
        mask = torch.zeros_like(ids)
        for row, prompt in enumerate(batch):
            ids[row, longest - len(prompt) :] = torch.tensor(prompt)
            mask[row, longest - len(prompt) :] = 1
        with torch.inference_mode():
            output = model.generate(
                input_ids=ids,
                attention_mask=mask,
                max_new_tokens=max_new_tokens,
                do_sample=False,
                pad_token_id=tokenizer.pad_token_id,
            )
        texts += tokenizer.batch_decode(output[:, longest:], skip_special_tokens=True)
    return texts
