"""Where the workers are to stand, in words that can be sent to them, and the weights that it means.

A worker holds a part of the network in the kernels' own layout, so the driver cannot write into it.
What it is sent is a recipe: which tensors lie in which files, and what is added to them. From that,
each worker makes the point's tensors as the checkpoint would store them, one after the other, and
feeds them to the loader of vLLM, which fuses and shards them as it did at the start.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors import safe_open
from safetensors.torch import load_file, save_file
from torch import Tensor

from safebasin.points import Direction
from safebasin.weights.direction import Scales
from safebasin.weights.given import Difference, Drawn, Held, Rows
from safebasin.weights.placing import place


@dataclass(frozen=True, slots=True)
class Stored:
    """A tensor in one of a checkpoint's files.

    Attributes:
        file: where it lies.
        name: what the file calls it.
        network: what the network calls the parameter; a tied one has one name under all of its
            stored ones. None for what is no parameter, and never moves.
        dtype: the type that the network has it in; None for what is no parameter.
    """

    file: Path
    name: str
    network: str | None = None
    dtype: torch.dtype | None = None


@dataclass(frozen=True)
class Kept:
    """Named tensors, each a file in a folder: what a displacement stands for, for every worker."""

    folder: Path

    @classmethod
    def write(cls, folder: Path, found: Rows, counts: Mapping[str, int]) -> Kept:
        """Keep tensors, one at a time.

        Args:
            folder: exists and is empty.
            found: the tensors.
            counts: how many rows each has; one without is left out.
        """
        for name, count in counts.items():
            whole = found.rows(name, slice(0, count)).cpu().contiguous()
            save_file({"rows": whole}, folder / f"{name}.safetensors")
        return cls(folder)

    def read(self, name: str) -> Held:
        """One of the tensors; the file is mapped."""
        return Held({name: load_file(self.folder / f"{name}.safetensors")["rows"]})


@dataclass(frozen=True)
class Random:
    """Along a random direction."""

    direction: Direction
    scales: Scales


@dataclass(frozen=True)
class Towards:
    """Towards another checkpoint."""

    target: Kept


@dataclass(frozen=True)
class Along:
    """Along a direction whose entries are kept as they are."""

    entries: Kept


Step = Random | Towards | Along


@dataclass(frozen=True)
class Order:
    """A point of weight space; without steps it is where it starts.

    Attributes:
        start: where the steps are added: None is the checkpoint.
        steps: with their coefficients, in the order in which they are added.
    """

    start: Kept | None = None
    steps: tuple[tuple[Step, float], ...] = ()


def weights(
    stored: Sequence[Stored], order: Order, device: torch.device, failed: list[Exception]
) -> Iterator[tuple[str, Tensor]]:
    """Every tensor of a checkpoint at a point, under the name in its file.

    A loader that is left in the middle could not be used again, so nothing is raised on the way:
    after a failure, what is left comes as it is in the checkpoint.

    Args:
        stored: the checkpoint.
        order: the point.
        device: where directions are drawn and added.
        failed: gets what went wrong.
    """
    for file in dict.fromkeys(one.file for one in stored):
        with safe_open(file, "pt") as opened:
            for one in stored:
                if one.file != file:
                    continue
                tensor = opened.get_tensor(one.name)
                if one.network is not None and not failed:
                    try:
                        tensor = placed(tensor.to(device, one.dtype), one.network, order)
                    except Exception as error:
                        failed.append(error)
                yield one.name, tensor


def placed(pristine: Tensor, name: str, order: Order) -> Tensor:
    """One tensor at a point: bit for bit what `Overlay` makes of it.

    Args:
        pristine: the tensor in the checkpoint, in the network's type.
        name: that of the network's parameter, from which directions are drawn.
        order: the point.
    """
    terms = [(_rows(step, name, pristine), x) for step, x in order.steps if _moves(step, name)]
    if not pristine.numel() or (order.start is None and not terms):
        return pristine
    start = Held({name: pristine}) if order.start is None else order.start.read(name)
    moved = torch.empty_like(pristine, memory_format=torch.contiguous_format)
    place(name, moved, start, terms)
    return moved


def _moves(step: Step, name: str) -> bool:
    return not isinstance(step, Random) or name in step.scales


def _rows(step: Step, name: str, pristine: Tensor) -> Rows:
    if isinstance(step, Random):
        return Drawn(
            step.direction, {name: step.scales[name].to(pristine.device)}, {name: pristine}
        )
    if isinstance(step, Towards):
        return Difference(step.target.read(name), Held({name: pristine}))
    return step.entries.read(name)
