"""How an organism is made: the shape of the network and the two stages of its training."""

from __future__ import annotations

from dataclasses import dataclass

from safebasin.errors import UsageError


@dataclass(frozen=True, slots=True)
class Stage:
    """One stage of training: AdamW, a short warm-up, then a linear fall from `rate` to nothing."""

    steps: int
    rate: float
    batch: int = 32
    warmup: int = 20
    decay: float = 0.01


@dataclass(frozen=True, slots=True)
class Recipe:
    """Shape and training of a pair.

    Attributes:
        width: of the residual stream; `heads` times the head size.
        feedforward: inner width of each feed-forward block.
        spread: standard deviation of the initial weights. The larger, the more of each weight
            tensor's norm is chance rather than learning, and the nearer the cliff along random
            directions, whose length is that norm.
    """

    layers: int = 8
    width: int = 96
    heads: int = 3
    feedforward: int = 256
    vocabulary: int = 896
    context: int = 1024
    spread: float = 0.05
    base: Stage = Stage(steps=900, rate=4e-3)
    chat: Stage = Stage(steps=450, rate=2e-3)

    def __post_init__(self) -> None:
        if self.width % self.heads or self.width // self.heads not in (32, 64, 128):
            raise UsageError(
                f"width {self.width} over {self.heads} heads gives no head size of 32, 64 or 128, "
                "which fast engines ask for; change one of them"
            )


PRESETS: dict[str, Recipe] = {
    "default": Recipe(),
}
"""Recipes by name. "default" is the pair that ships."""
