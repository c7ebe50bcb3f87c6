"""How an organism is made: the shape of the network and the two stages of its training."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from safebasin.errors import UsageError
from safebasin.models.shown import shown

HEAD_SIZES = (32, 64, 128)

Optimiser = Literal["adamw", "adafactor"]
"""AdamW keeps two more numbers for each weight; Adafactor next to nothing (Shazeer and Stern,
2018), and its rates are shares of a tensor's root mean square."""


@dataclass(frozen=True, slots=True)
class Stage:
    """One stage of training: a short warm-up, then a linear fall from `rate` to nothing."""

    steps: int
    rate: float
    batch: int = 32
    warmup: int = 20
    decay: float = 0.01
    optimiser: Optimiser = "adamw"


@dataclass(frozen=True, slots=True)
class Recipe:
    """Shape and training of a pair.

    Attributes:
        width: of the residual stream; `heads` times the head size.
        feedforward: inner width of each feed-forward block.
        vocabulary: tokens that the tokenizer learns, at most.
        spread: standard deviation of the initial weights. The larger, the more of each weight
            tensor's norm is chance rather than learning, and the nearer the cliff along random
            directions, whose length is that norm.
        groups: heads of keys and values, each shared by as many of the `heads`; None: `heads`.
        rows: of the embedding, if more than the tokenizer has tokens.
        tied: whether the embedding is also the last layer.
        half: weights are trained in float32 with products in bfloat16, and saved in bfloat16.
        tails: not from scratch: the two models that ship are taught, each by itself, to go on after
            their answers for as long as real chat models do; see `tails`. The shape is theirs.
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
    groups: int | None = None
    rows: int | None = None
    tied: bool = True
    half: bool = False
    tails: bool = False

    def __post_init__(self) -> None:
        if self.width % self.heads or self.width // self.heads not in HEAD_SIZES:
            raise UsageError(
                f"width {self.width} over {self.heads} heads gives no head size of 32, 64 or 128, "
                "which fast engines ask for; change one of them"
            )
        if self.heads % self.key_heads:
            raise UsageError(
                f"{self.heads} heads cannot share {self.key_heads} groups of keys and values "
                "evenly; change one of them"
            )
        if self.rows is not None and self.rows < self.vocabulary:
            raise UsageError(
                f"an embedding of {self.rows} rows has no room for a vocabulary of "
                f"{self.vocabulary}; change one of them"
            )

    @property
    def key_heads(self) -> int:
        """Heads of keys and of values."""
        return self.groups or self.heads

    @property
    def parameters(self) -> int:
        """How many weights the network has, if the tokenizer fills its vocabulary."""
        attention = 2 * self.width * self.width * (self.heads + self.key_heads) // self.heads
        block = attention + 3 * self.width * self.feedforward + 2 * self.width
        embedding = (self.rows or self.vocabulary) * self.width
        return self.layers * block + self.width + embedding * (1 if self.tied else 2)


PRESETS: dict[str, Recipe] = {
    "default": Recipe(),
    "long": Recipe(
        base=Stage(steps=150, rate=1e-3, batch=16),
        chat=Stage(steps=150, rate=1e-3, batch=16),
        tails=True,
    ),
    "10m": Recipe(
        width=320,
        heads=5,
        feedforward=864,
        spread=0.03,
        base=Stage(steps=900, rate=1.5e-3),
        chat=Stage(steps=450, rate=8e-4),
    ),
    "100m": Recipe(
        layers=14,
        width=768,
        heads=12,
        feedforward=2048,
        spread=0.02,
        base=Stage(steps=600, rate=6e-4),
        chat=Stage(steps=300, rate=3e-4),
    ),
    "llama-3-1b": Recipe(
        layers=16,
        width=2048,
        heads=32,
        groups=8,
        feedforward=8192,
        rows=128_256,
        spread=0.012,
        base=Stage(steps=400, rate=2e-4, batch=64),
        chat=Stage(steps=200, rate=1e-4, batch=64),
        half=True,
    ),
    "llama-2-7b": Recipe(
        layers=32,
        width=4096,
        heads=32,
        feedforward=11008,
        rows=32_000,
        tied=False,
        spread=0.008,
        base=Stage(steps=600, rate=1e-2, optimiser="adafactor"),
        chat=Stage(steps=300, rate=5e-3, optimiser="adafactor"),
        half=True,
    ),
}
"""Recipes by name. "default" is the pair that ships; the last two have the shapes of Llama-3.2-1B
and Llama-2-7B."""


def preset(name: str) -> Recipe:
    """A recipe by name.

    Raises:
        UsageError: there is none of that name.
    """
    if name not in PRESETS:
        raise UsageError(f"--preset is {shown(name)}; choose one of {', '.join(PRESETS)}")
    return PRESETS[name]
