"""What building a pair asks of a machine, and whether it is there."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from functools import cache
from itertools import chain, islice
from pathlib import Path

import torch

from safebasin.errors import ResourceError
from safebasin.models.organism.curriculum import BASE, draw
from safebasin.models.organism.recipe import Recipe
from safebasin.models.organism.tokenizer import train_tokenizer
from safebasin.models.organism.train import SORTED_BATCHES, batches
from safebasin.models.shown import shown
from safebasin.weights.memory import free

GIB = 2**30
STATE = {"adamw": 8, "adafactor": 0}
"""Bytes that an optimiser keeps for each weight."""


@dataclass(frozen=True, slots=True)
class Cost:
    """What a recipe takes.

    Attributes:
        recipe: what is made.
        tokens: that are read in all steps of both stages, padding among them.
        longest: tokens in the longest of a few batches.
        learnt: tokens of responses among those.
    """

    recipe: Recipe
    tokens: int
    longest: int
    learnt: int

    @property
    def flop(self) -> float:
        """Of training: six a weight and token; the sums of attention are not counted."""
        return 6.0 * self.recipe.parameters * self.tokens

    @property
    def memory(self) -> int:
        """Bytes at most, about: weights, gradients, optimiser, and what the way back needs."""
        recipe = self.recipe
        size = 2 if recipe.half else 4
        states = max(STATE[stage.optimiser] for stage in (recipe.base, recipe.chat))
        weight = 4 + 4 + states + (2 if recipe.half else 0)
        # Norms in float32; six of the width, from queries to sums; four of the inner width.
        token = recipe.layers * (
            16 * recipe.width + size * (6 * recipe.width + 4 * recipe.feedforward)
        )
        logit = (size + 8) * (recipe.rows or recipe.vocabulary)
        return recipe.parameters * weight + self.longest * token + self.learnt * logit

    @property
    def disk(self) -> int:
        """Bytes of the weights of `base` and `chat`."""
        return 2 * self.recipe.parameters * (2 if self.recipe.half else 4)

    def __str__(self) -> str:
        recipe, steps = self.recipe, self.recipe.base.steps + self.recipe.chat.steps
        precision = "products in bfloat16" if recipe.half else "all in float32"
        return (
            f"{recipe.parameters:,} parameters: {recipe.layers} layers of width {recipe.width}, "
            f"{recipe.heads} heads of size {recipe.width // recipe.heads}, {recipe.key_heads} of "
            f"keys and values, {recipe.rows or recipe.vocabulary:,} tokens"
            f"{'' if recipe.tied else ', embedding not tied'}\n"
            f"training: {steps:,} steps, {self.tokens / 1e6:.1f} million tokens, about "
            f"{_scaled(self.flop)}FLOP; {recipe.base.optimiser}, {precision}\n"
            f"memory: about {self.memory / GIB:.1f} GiB; disk: {self.disk / GIB:.2f} GiB for both"
        )


def cost(recipe: Recipe) -> Cost:
    """What building a recipe takes; its first few batches stand for all."""
    sizes = [
        _sizes(recipe.vocabulary, stage.batch, tails=recipe.tails)
        for stage in (recipe.base, recipe.chat)
    ]
    each = [sum(read for read, _ in some) / len(some) for some in sizes]
    tokens = each[0] * recipe.base.steps + each[1] * recipe.chat.steps
    longest, learnt = (max(column) for column in zip(*chain(*sizes), strict=True))
    return Cost(recipe, round(tokens), longest, learnt)


@cache
def _sizes(vocabulary: int, batch: int, *, tails: bool) -> list[tuple[int, int]]:
    """Tokens that are read, and learnt, in each of the first batches that are sorted together."""
    examples = draw(BASE, guarded=False, seed=0, tails=tails)
    few = islice(batches(examples, train_tokenizer(vocabulary), batch), SORTED_BATCHES)
    return [(ids.numel(), int((labels >= 0).sum())) for ids, labels in few]


def require_room(asked: Cost, device: torch.device, folder: Path) -> None:
    """Make sure, before anything is trained, that a pair can be trained and saved.

    Raises:
        ResourceError: it would not fit into the memory of the device or onto the disk.
    """
    what = f"a pair of {asked.recipe.parameters:,} parameters"
    idle = free(device)
    if asked.memory > idle:
        raise ResourceError(
            f"training {what} needs about {asked.memory / GIB:.1f} GiB of memory on {device}, "
            f"where {idle / GIB:.1f} GiB are free: free some, or pass a smaller --preset"
        )
    there = next(
        place for place in (folder.absolute(), *folder.absolute().parents) if place.exists()
    )
    room = shutil.disk_usage(there).free
    if asked.disk > room:
        raise ResourceError(
            f"saving {what} needs {asked.disk / GIB:.1f} GiB at {shown(folder)}, where "
            f"{room / GIB:.1f} GiB are free: pass an --out on another disk, or a smaller --preset"
        )


def _scaled(number: float) -> str:
    """A large number with three digits and a prefix."""
    for prefix, scale in (("E", 1e18), ("P", 1e15), ("T", 1e12)):
        if number >= scale:
            return f"{number / scale:.3g} {prefix}"
    return f"{number / 1e9:.3g} G"
