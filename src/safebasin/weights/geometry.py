"""How far checkpoints lie from an origin, and at which angles: one pass over the weights.

Everything that distances, projections and principal directions need is in the inner products of
the displacements. They are summed chunk by chunk, so each weight is read once and none is kept.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from safebasin.weights.given import Rows
from safebasin.weights.windows import windows

_BLOCK = re.compile(r"(.*?\.)??\d+(?=\.|$)")
_EMBEDDING = re.compile(r"emb(?!ed_out)|(^|\.)w[tp]e\.")


@dataclass(frozen=True)
class Geometry:
    """Inner products between ways that start at one origin.

    The first ways are the displacements of the checkpoints, the rest are given directions.

    Attributes:
        names: the tensors; empty ones are left out.
        checkpoints: how many of the ways are displacements.
        weight_T: the origin's squared norm in each tensor.
        gram_TWW: ⟨way, way⟩ in each tensor, symmetric.
    """

    names: tuple[str, ...]
    checkpoints: int
    weight_T: NDArray[np.float64]
    gram_TWW: NDArray[np.float64]

    @property
    def weight(self) -> float:
        """The origin's norm ‖W‖, the unit of every distance."""
        return float(np.sqrt(self.weight_T.sum()))

    @property
    def gram_WW(self) -> NDArray[np.float64]:
        """⟨way, way⟩ over all tensors."""
        total: NDArray[np.float64] = self.gram_TWW.sum(axis=0)
        return total


@dataclass(frozen=True)
class Distances:
    """How far each checkpoint moved, ‖Δ‖ / ‖W‖; nothing from nothing is no distance.

    Attributes:
        overall_P: over all tensors.
        layers: "embedding", each block by its name with its number, "head".
        layer_PL: within each layer, relative to the layer's own norm; infinite where weights of
            norm zero moved.
    """

    overall_P: NDArray[np.float64]
    layers: tuple[str, ...]
    layer_PL: NDArray[np.float64]


@dataclass(frozen=True)
class Cosine:
    """The angle between two ways.

    Attributes:
        overall: their cosine over all tensors; 0 if one of them has no length.
        largest: the cosine of largest size in any one tensor, with its sign.
        tensor: the tensor that has it.
    """

    overall: float
    largest: float
    tensor: str


@torch.no_grad()
def measure(
    like: Mapping[str, Tensor],
    origin: Rows,
    others: Sequence[Rows],
    directions: Sequence[Rows] = (),
) -> Geometry:
    """Measure checkpoints and directions against an origin, reading every row of each once.

    Memory stays below two tensors, as `windows` explains.

    Args:
        like: as in `windows`, such as the network's own parameters.
        origin: where the displacements start.
        others: the checkpoints.
        directions: ways that are given as they are, such as `Overlay.way` of a direction.
    """
    names = tuple(name for name, tensor in like.items() if tensor.numel())
    place = {name: t for t, name in enumerate(names)}
    sources = (origin, *others, *directions)
    gram_TSS = np.zeros((len(names), len(sources), len(sources)))
    for name, entry_SE in windows(like, sources):
        entry_SE[1 : 1 + len(others)] -= entry_SE[0]
        gram_SS = (entry_SE @ entry_SE.T).numpy()
        gram_TSS[place[name]] += (gram_SS + gram_SS.T) / 2
    return Geometry(names, len(others), gram_TSS[:, 0, 0], gram_TSS[:, 1:, 1:])


def distances(geometry: Geometry) -> Distances:
    """How far each checkpoint moved, overall and in each layer."""
    square_TP = np.diagonal(geometry.gram_TWW, axis1=1, axis2=2)[:, : geometry.checkpoints]
    owner_T = [layer(name) for name in geometry.names]
    layers = tuple(sorted(set(owner_T), key=lambda each: _place(each, owner_T)))
    layer_PL = np.empty((geometry.checkpoints, len(layers)))
    for n, each in enumerate(layers):
        inside_T = np.array([own == each for own in owner_T])
        layer_PL[:, n] = _relative(square_TP[inside_T], geometry.weight_T[inside_T])
    return Distances(_relative(square_TP, geometry.weight_T), layers, layer_PL)


def layer(name: str) -> str:
    """The layer of a parameter: its block up to the number, or "embedding", or else "head".

    The head includes the last norm: whatever has neither a number nor the name of an embedding.
    """
    block = _BLOCK.match(name)
    if block:
        return block.group()
    return "embedding" if _EMBEDDING.search(name) else "head"


def cosine(geometry: Geometry, first: int, second: int) -> Cosine:
    """The angle between two of the ways, by their places in the geometry.

    Random ways have a cosine of about ±1/√N in a tensor of N entries, so the largest one tends to
    be that of a small tensor.
    """
    overall = float(_cosines(geometry.gram_WW[None], first, second)[0])
    cosine_T = _cosines(geometry.gram_TWW, first, second)
    most = int(np.abs(cosine_T).argmax())
    return Cosine(overall, float(cosine_T[most]), geometry.names[most])


def _cosines(gram_TWW: NDArray[np.float64], i: int, j: int) -> NDArray[np.float64]:
    length_T = np.sqrt(gram_TWW[:, i, i]) * np.sqrt(gram_TWW[:, j, j])
    safe_T = np.where(length_T > 0, length_T, 1.0)
    return np.clip(gram_TWW[:, i, j] / safe_T, -1.0, 1.0)


def _relative(square_TP: NDArray[np.float64], weight_T: NDArray[np.float64]) -> NDArray[np.float64]:
    moved_P, weight = np.sqrt(square_TP.sum(axis=0)), float(np.sqrt(weight_T.sum()))
    return moved_P / weight if weight else np.where(moved_P > 0, np.inf, 0.0)


def _place(each: str, owner_T: Sequence[str]) -> tuple[bool, bool, int]:
    return each == "head", each != "embedding", owner_T.index(each)
