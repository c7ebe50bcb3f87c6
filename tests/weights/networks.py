"""Small networks that are no language models: every oddity of a tensor in a few entries."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from safebasin.points import Direction, Point
from safebasin.weights.direction import noise
from safebasin.weights.overlay import Overlay


def bits(tensor: Tensor) -> Tensor:
    """The tensor's memory as integers: unlike `==`, tells −0 from 0 and knows NaN."""
    size = {2: torch.int16, 4: torch.int32, 8: torch.int64}[tensor.element_size()]
    return tensor.detach().contiguous().view(size)


def same_bits(left: Tensor, right: Tensor) -> bool:
    return left.dtype == right.dtype and torch.equal(bits(left), bits(right))


def snapshot(model: nn.Module) -> dict[str, Tensor]:
    """Copies of all parameters and buffers, tied ones under each of their names."""
    return {name: tensor.clone() for name, tensor in model.state_dict(keep_vars=False).items()}


def unchanged(model: nn.Module, before: dict[str, Tensor]) -> bool:
    now = model.state_dict()
    return now.keys() == before.keys() and all(same_bits(now[k], before[k]) for k in before)


class Odd(nn.Module):
    """Zero tensors and rows, an empty tensor, a scalar, three axes, a buffer, a transposed one."""

    def __init__(self, seed: int = 0) -> None:
        super().__init__()
        generator = torch.Generator().manual_seed(seed)

        def draw(*shape: int) -> nn.Parameter:
            return nn.Parameter(torch.randn(shape, generator=generator))

        self.linear = nn.Linear(7, 5)
        self.linear.weight, self.linear.bias = draw(5, 7), draw(5)
        self.experts = draw(3, 4, 6)
        self.zeros = nn.Parameter(torch.zeros(4, 3))
        self.zero_row = draw(4, 3)
        self.zero_row.data[1] = 0
        self.empty = nn.Parameter(torch.empty(0, 3))
        self.scalar = draw()
        self.transposed = nn.Parameter(draw(3, 6, 4).data.transpose(1, 2))
        self.norm = nn.LayerNorm(5)
        self.register_buffer("steps", torch.ones(3))


def state_at(over: Overlay, model: nn.Module, point: Point) -> dict[str, Tensor]:
    with over.at(point):
        return snapshot(model)


def equal(left: dict[str, Tensor], right: dict[str, Tensor]) -> bool:
    return left.keys() == right.keys() and all(same_bits(left[name], right[name]) for name in left)


A, B = Direction(0), Direction(1)
POINTS = (
    Point(((A, 0.3),)),
    Point(((B, -1.7),)),
    Point(((A, 0.1), (B, 0.2))),
    Point(((Direction(2, noise="rademacher", norm="row"), 0.5),)),
    Point(((Direction(1, norm="model", orthogonal_to=0), 0.25),)),
)


def plain_direction(recipe: Direction, name: str, weight: Tensor) -> Tensor:
    """The published computation on a whole tensor: noise, rescaled to the weight's norm."""
    drawn = noise(recipe, name, 0, weight.numel(), weight.device).view(weight.shape)
    return drawn * (weight.double().norm() / drawn.double().norm()).float()


class Conv1D(nn.Module):
    """A layer whose weight is of shape (in, out), as transformers calls it."""

    def __init__(self, *shape: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.randn(shape, generator=torch.Generator().manual_seed(0)))


class Experts(nn.Module):
    """Three fused experts from four inputs to five pairs of gate and up, and back."""

    def __init__(self, *, transposed: bool, concatenated: bool = True) -> None:
        super().__init__()
        generator = torch.Generator().manual_seed(1)
        self.is_concatenated = concatenated
        shapes = {
            "gate_up_proj": (3, 4, 10) if transposed else (3, 10, 4),
            "down_proj": (3, 5, 4) if transposed else (3, 4, 5),
            "gate_up_proj_bias": (3, 10),
            "down_proj_bias": (3, 4),
        }
        for name, shape in shapes.items():
            drawn = torch.randn(shape, generator=generator)
            unlike = torch.tensor([0.2, 1.0, 3.0]).view(3, *[1] * (len(shape) - 1))
            self.register_parameter(name, nn.Parameter(drawn * unlike))


class Fused(nn.Module):
    """Every way to store several matrices in a parameter, or one the other way round."""

    def __init__(self) -> None:
        super().__init__()
        self.turned = Conv1D(6, 7)
        self.rowwise = Experts(transposed=False)
        self.columnwise = Experts(transposed=True)
        self.by_turns = Experts(transposed=True, concatenated=False)
