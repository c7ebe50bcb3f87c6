"""Which entries of a parameter share a norm: how a network stores its matrices, and in what shape.

A parameter need not be one matrix of shape (out, in). Fused experts are many, and often two
projections side by side; some families store (in, out). A norm is taken as if each matrix were
stored by itself, so that a relative step means the same in every family.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from safebasin.points import Norm
from safebasin.weights.parameters import rows


@dataclass(frozen=True)
class Units:
    """A partition of a tensor, as `rows` lays it out, into units that are scaled as one.

    Entry (r, c) belongs to the unit (r // height, c // span % groups).
    """

    height: int
    span: int
    groups: int

    def blocks(self, count: int) -> int:
        """How many units lie below each other in a tensor of so many rows."""
        return count // self.height

    def sums(self, entries_RC: Tensor) -> Tensor:
        """Sums over the columns of each group, of shape (rows, groups)."""
        if self.groups == 1:
            return entries_RC.sum(1, keepdim=True)
        return entries_RC.reshape(len(entries_RC), -1, self.groups, self.span).sum((1, 3))

    def spread(self, value_BG: Tensor, part: slice, width: int) -> Tensor:
        """Each entry's value of its unit, in a shape that broadcasts to (rows in part, width)."""
        if value_BG.numel() == 1:
            return value_BG
        block_R = torch.arange(part.start, part.stop, device=value_BG.device) // self.height
        value_RG = value_BG[block_R]
        if self.groups == 1:
            return value_RG
        repeats = width // (self.groups * self.span)
        return value_RG.repeat_interleave(self.span, 1).repeat(1, repeats)


@dataclass(frozen=True)
class Layout:
    """How a parameter holds matrices.

    Attributes:
        matrices: how many lie below each other; experts.
        transposed: whether each is of shape (in, out).
        projections: how many each is made of, side by side along its outputs; gate and up.
        interleaved: whether their outputs take turns.
        vector: whether it is a bias for each matrix.
    """

    matrices: int = 1
    transposed: bool = False
    projections: int = 1
    interleaved: bool = False
    vector: bool = False

    def units(self, tensor: Tensor, norm: Norm) -> Units:
        """What a norm is taken over: the whole for "model", else a projection or an output."""
        count, width = rows(tensor).shape
        if norm == "model":
            return Units(count, width, 1)
        height = count // self.matrices
        by_output = norm == "row" and not self.vector
        if not self.transposed:
            return Units(1 if by_output else height // self.projections, width, 1)
        if by_output:
            return Units(height, 1, width)
        span = 1 if self.interleaved else width // self.projections
        return Units(height, span, self.projections)


PLAIN = Layout()
"""One matrix of shape (out, in), or one vector."""

Layouts = Mapping[str, Layout]
"""By the name of a parameter; those that are left out are `PLAIN`."""


def layouts(model: nn.Module) -> dict[str, Layout]:
    """The parameters of a network that hold another matrix than one of shape (out, in)."""
    return {
        f"{prefix}.{name}" if prefix else name: layout
        for prefix, module in model.named_modules()
        for name, layout in _inside(module)
    }


def _inside(module: nn.Module) -> Iterator[tuple[str, Layout]]:
    own = dict(module.named_parameters(recurse=False))
    if type(module).__name__ == "Conv1D":  # of transformers, as GPT-2 has it; torch's is Conv1d
        yield "weight", Layout(transposed=True)
    elif type(module).__name__ == "DbrxExpertGLU":  # experts below each other in two dimensions
        experts = int(module.moe_num_experts)  # type: ignore[arg-type]
        for name in own:
            yield name, Layout(experts, transposed=name == "w2")
    else:
        yield from _experts(module, own)
    yield from _parallel(module)


def _experts(module: nn.Module, own: Mapping[str, Tensor]) -> Iterator[tuple[str, Layout]]:
    """Experts whose projections are parameters of three dimensions."""
    down = own.get("down_proj")
    if down is None or down.dim() != 3:
        return
    gate_up = own.get("gate_up_proj")
    transposed = bool(getattr(module, "is_transposed", False))
    if gate_up is not None:
        transposed = gate_up.shape[1] == down.shape[2] and gate_up.shape[2] == 2 * down.shape[1]
    interleaved = not getattr(module, "is_concatenated", True)
    for name, tensor in own.items():
        projections = 2 if name.startswith("gate_up_proj") else 1
        if tensor.dim() == 3:
            yield name, Layout(len(tensor), transposed, projections, interleaved)
        elif tensor.dim() == 2 and name.endswith("_bias"):
            yield name, Layout(len(tensor), True, projections, interleaved, vector=True)


def _parallel(module: nn.Module) -> Iterator[tuple[str, Layout]]:
    """Experts in two layers with a weight of three dimensions each, as JetMoe has them."""
    inner, outer = (getattr(module, f"{each}_linear", None) for each in ("input", "output"))
    weights = [getattr(layer, "weight", None) for layer in (inner, outer)]
    if all(isinstance(weight, Tensor) and weight.dim() == 3 for weight in weights):
        first, second = weights
        projections = first.shape[1] // second.shape[2]  # type: ignore[union-attr]
        yield "input_linear.weight", Layout(len(first), projections=projections)  # type: ignore[arg-type]
        yield "output_linear.weight", Layout(len(second))  # type: ignore[arg-type]
