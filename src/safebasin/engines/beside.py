"""Ways to a place beside those through weight space: steering vectors, and prefilled answers."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor

from safebasin.engines.base import Batch
from safebasin.engines.rules import Row
from safebasin.errors import InputRejectedError, UsageError
from safebasin.models.shown import shown
from safebasin.points import Point, Prefill, Steering


@dataclass(frozen=True, eq=False)
class Vectors:
    """What a steering stands for.

    Attributes:
        layers: by number of a decoder layer, from 0, a vector as wide as the residual stream. At
            coefficient α, α times the vector is added to what the layer hands on, at every token:
            in fp32, rounded once to the network's type.
    """

    layers: Mapping[int, Tensor]

    @property
    def way(self) -> Steering:
        """Its name."""
        digest = hashlib.sha256()
        for layer, vector in sorted(self.layers.items()):
            digest.update(f"{layer} {vector.numel()} ".encode())
            digest.update(vector.detach().float().cpu().contiguous().numpy().tobytes())
        return Steering(digest.hexdigest())


@dataclass(frozen=True)
class Beginnings:
    """What a prefill stands for.

    Attributes:
        tokens: of the answer to each prompt, by prompt id, in tokens of the first model. At
            coefficient k the first k of them are given, or all where there are fewer; a prompt that
            is not here gets none.
    """

    tokens: Mapping[str, tuple[int, ...]]

    @property
    def way(self) -> Prefill:
        """Its name."""
        lines = (f"{id_} {ids}" for id_, ids in sorted(self.tokens.items()))
        return Prefill(hashlib.sha256("\n".join(lines).encode()).hexdigest())


Beside = Mapping[Steering | Prefill, Vectors | Beginnings]
"""What ways beside the weights stand for."""


@contextmanager
def steered(model: Any, point: Point, beside: Beside) -> Iterator[bool]:
    """The network's layers say what they say at a point, inside the block.

    Args:
        model: a causal language model of transformers.
        point: its steerings alone count here.
        beside: what they stand for.

    Yields:
        Whether anything changed: what was recorded of the network is no longer true then.

    Raises:
        InputRejectedError: the network has no list of decoder layers.
        UsageError: a vector is of another width than the network, or for a layer that it lacks.
        ValueError: a steering is not in `beside`.
    """
    terms = [(_known(way, beside), x) for way, x in point.terms if isinstance(way, Steering)]
    if not terms:
        yield False
        return
    layers = _layers(model)
    with ExitStack() as hooks:
        for number, added_E in _sums(terms).items():
            _require_fitting(model, number, len(layers), added_E)
            there = next(layers[number].parameters()).device  # at once: a step copies nothing
            hook = layers[number].register_forward_hook(_adding(added_E.to(there)))
            hooks.callback(hook.remove)
        yield True


def beginnings(point: Point, beside: Beside) -> dict[str, tuple[int, ...]]:
    """The tokens that answers begin with at a point, by prompt id.

    Raises:
        UsageError: a prefill's coefficient is not a whole number above 0, or there are several.
        ValueError: a prefill is not in `beside`.
    """
    terms = [(way, x) for way, x in point.terms if isinstance(way, Prefill)]
    if not terms:
        return {}
    if len(terms) > 1 or terms[0][1] < 0 or not terms[0][1].is_integer():
        raise UsageError(
            f"{point.key}: a prefill gives a whole number of tokens, and a place has at most one "
            "prefill; pass 1, 2, 3, …"
        )
    way, count = terms[0]
    given = _known(way, beside)
    return {id_: ids[: int(count)] for id_, ids in given.tokens.items()}


def begun(batch: Batch, given: Mapping[str, Sequence[int]]) -> Batch:
    """Prompts with the beginnings of their answers behind them."""
    return tuple(
        replace(one, token_ids=(*one.token_ids, *given.get(one.prompt_id, ()))) for one in batch
    )


def given_first(row: Row, given: Sequence[int]) -> tuple[int, ...]:
    """The tokens of an answer, with those that began it; of one that failed, nothing is text."""
    return (*(() if row.finish == "numeric_failure" else given), *row.token_ids)


def _known(way: Steering | Prefill, beside: Beside) -> Any:
    if way not in beside:
        raise ValueError(f"{way.key} is unknown here: pass it in `beside`")
    return beside[way]


def _layers(model: Any) -> Any:
    layers = getattr(model.get_decoder(), "layers", None)
    if not isinstance(layers, torch.nn.ModuleList):
        raise InputRejectedError(
            f"{shown(model.config.model_type)} has no list of decoder layers that is known here, "
            "so it cannot be steered: use a model of another family"
        )
    return layers


def _sums(terms: Sequence[tuple[Vectors, float]]) -> dict[int, Tensor]:
    """α times the vector for each layer, summed over steerings, in fp32."""
    sums: dict[int, Tensor] = {}
    for vectors, x in terms:
        for number, vector_E in vectors.layers.items():
            part_E = x * vector_E.detach().float()
            sums[number] = sums[number] + part_E if number in sums else part_E
    return sums


def _require_fitting(model: Any, number: int, layers: int, vector_E: Tensor) -> None:
    width = model.config.get_text_config().hidden_size
    if not 0 <= number < layers or tuple(vector_E.shape) != (width,):
        raise UsageError(
            f"a steering vector of shape {tuple(vector_E.shape)} for layer {number} does not fit: "
            f"the model has layers 0 to {layers - 1}, {width} wide; pass vectors of this model"
        )


def _adding(added_E: Tensor) -> Any:
    def hook(_module: Any, _args: Any, output: Any) -> Any:
        hidden = output[0] if isinstance(output, tuple) else output
        moved = (hidden.float() + added_E).to(hidden.dtype)
        return (moved, *output[1:]) if isinstance(output, tuple) else moved

    return hook
