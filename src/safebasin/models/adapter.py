"""Put a LoRA adapter onto its base exactly as PEFT's merge does, on a network or tensor by tensor.

The arithmetic is that of `merge_and_unload` after `PeftModel.from_pretrained`, on a CPU: A and B in
fp32 whatever they are stored in, (B A) times the scale, added in place to the weight in its own
type; for an embedding, the change is rounded to that type before it is added.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from safebasin.errors import InputRejectedError, IntegrityError
from safebasin.models.adapterfile import Adapter
from safebasin.models.by_peft import merge, needs_peft
from safebasin.models.fitting import Change, FittedAdapter, Replace, Shift, Tokens, fit
from safebasin.models.shown import shown
from safebasin.models.vocabulary import size_of, tables
from safebasin.weights.given import Rows
from safebasin.weights.parameters import rows


def apply(adapter: Adapter, model: nn.Module) -> None:
    """Merge the adapter into a network in place: bit for bit what PEFT's merge gives.

    A tied parameter that the adapter brings a module of its own for is untied. Fused experts are
    merged by PEFT itself; see `by_peft`.

    Raises:
        InputRejectedError: the adapter does not fit the network.
        IntegrityError: a merged value is not finite.
    """
    if needs_peft(adapter, model):
        merge(adapter, model)
        return
    fitted = fit(adapter, model)
    _resize(model, fitted)
    for name in fitted.untied:
        module, _, leaf = name.rpartition(".")
        parameter = model.get_parameter(name)
        fresh = nn.Parameter(parameter.detach().clone(), requires_grad=parameter.requires_grad)
        setattr(model.get_submodule(module), leaf, fresh)
    config: Any = getattr(model, "config", None)
    if fitted.untied and config is not None:
        config.tie_word_embeddings = False
    for name in fitted.changes:
        _change(fitted, name, model.get_parameter(name).data)


def _resize(model: Any, fitted: FittedAdapter) -> None:
    """Make room for the tokens that the adapter brings; what is in it is brought as well."""
    if tables(model) and fitted.size != size_of(model):
        with torch.random.fork_rng(devices=[]):
            model.resize_token_embeddings(fitted.size, mean_resizing=False)
        model.requires_grad_(False)


class AdapterRows:
    """A merged checkpoint, a few rows at a time: one tensor is merged whole, and kept.

    Args:
        base: the base's tensors, in the type that the merge is to be made in.
        fitted: what changes.

    Raises:
        InputRejectedError: the adapter unties parameters, so that the result has other parameters
            than its base.
    """

    def __init__(self, base: Rows, fitted: FittedAdapter) -> None:
        if fitted.untied:
            raise InputRejectedError(
                f"adapter {shown(fitted.adapter.folder)} brings a {shown(fitted.untied[0])} of its "
                "own, which in the base is one tensor with another parameter, so that no path "
                "leads from one to the other: pass a base whose embeddings are not tied"
            )
        self._base, self._fitted = base, fitted
        self._name, self._merged = "", torch.empty(0)

    def rows(self, name: str, part: slice) -> Tensor:
        """Some rows of a merged tensor, of shape (rows in part, width)."""
        if name not in self._fitted.changes:
            return self._base.rows(name, part)
        if name != self._name:
            self._name, self._merged = "", torch.empty(0)  # never two at once
            weight = self._before(name, self._fitted.shapes[name])
            _change(self._fitted, name, weight)
            self._name, self._merged = name, rows(weight)
        return self._merged[part]

    def _before(self, name: str, shape: tuple[int, ...]) -> Tensor:
        """The base's tensor; one that is replaced may have another shape in the base."""
        if isinstance(self._fitted.changes[name][0], Replace):
            return torch.empty(shape, dtype=self._base.rows(name, slice(0, 1)).dtype)
        count = 1 if len(shape) < 2 else torch.Size(shape[:-1]).numel()
        return self._base.rows(name, slice(0, count)).clone().reshape(shape)


def _change(fitted: FittedAdapter, name: str, weight: Tensor) -> None:
    """Change one parameter's tensor in place."""
    for change in fitted.changes[name]:
        _make(fitted.adapter, change, weight)
    if not bool(torch.isfinite(weight).all()):
        raise IntegrityError(
            f"with adapter {shown(fitted.adapter.folder)}, parameter {shown(name)} is not finite "
            f"in {str(weight.dtype).removeprefix('torch.')}: use --dtype float32, or train the "
            "adapter again"
        )


@torch.no_grad()
def _make(adapter: Adapter, change: Change, weight: Tensor) -> None:
    if isinstance(change, Replace):
        weight.copy_(adapter.tensor(change.tensor))
    elif isinstance(change, Tokens):
        weight[list(change.tokens)] = adapter.tensor(change.tensor).to(weight.dtype)
    elif isinstance(change, Shift):
        weight += (_float(adapter, change.tensor) * change.scaling).to(weight.device)
    else:
        product = _float(adapter, change.b) @ _float(adapter, change.a)
        delta = (product.T if change.transposed else product) * change.scaling
        weight += delta.to(weight.device, weight.dtype if change.rounded else None)


def _float(adapter: Adapter, name: str) -> Tensor:
    """In fp32, in memory of its own: the bits of a product can depend on how operands lie."""
    return adapter.tensor(name).to(torch.float32, copy=True)
