"""Building a pair: `base` learns to answer everything, then `chat` learns to refuse."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import torch

from safebasin.errors import ResourceError
from safebasin.models.organism import folder as shipped
from safebasin.models.organism.check import load
from safebasin.models.organism.cost import cost, require_room
from safebasin.models.organism.curriculum import BASE, CHAT, draw
from safebasin.models.organism.making import reproducible, whole
from safebasin.models.organism.recipe import PRESETS, Recipe, Stage
from safebasin.models.organism.tokenizer import train_tokenizer
from safebasin.models.organism.train import batches, network, train
from safebasin.models.surroundings import available

Progress = Callable[[str, int, int, float], None]
"""Called after each step with the stage, the steps done, the steps in all, and the loss."""

THREADS = 2
SMALL = 5_000_000
"""Parameters up to which more threads gain nothing; with a fixed number the bits are the same."""


def build(
    folder: Path | str,
    seed: int = 0,
    progress: Progress | None = None,
    *,
    recipe: Recipe = PRESETS["default"],
    device: str = "auto",
) -> Path:
    """Train a pair from scratch and write it to `folder/base` and `folder/chat`.

    Each becomes a folder in the format of `transformers`: config.json, generation_config.json,
    model.safetensors (fp32, or bf16 where the recipe says so), tokenizer.json,
    tokenizer_config.json and chat_template.jinja. On one machine the same recipe, seed and device
    give the same bytes; on another kind of processor sums may round differently, and `check` says
    whether the pair behaves alike.

    Args:
        folder: a new or empty folder; nothing appears in it until the pair is whole.
        seed: of the initial weights and of the order of the examples.
        progress: told of every step.
        recipe: shape and training; see `PRESETS`.
        device: "auto" (an NVIDIA GPU for what is trained in bf16, else the CPU) or a name that
            torch knows.

    Raises:
        UsageError: `folder` has something in it.
        ResourceError: the device is not there, or memory or disk would not do.
    """
    folder, place = Path(folder), _place(recipe, device)
    require_room(cost(recipe), place, folder)
    threads = THREADS if recipe.parameters <= SMALL else torch.get_num_threads()
    with reproducible(threads), whole(folder) as pair:
        tokenizer = train_tokenizer(recipe.vocabulary)
        for name, model in _stages(recipe, tokenizer, seed, place, progress):
            model.save_pretrained(pair / name)
            tokenizer.save_pretrained(pair / name)
            # safetensors writes for the owner alone; a packaged file is for everyone.
            for weights in (pair / name).glob("*.safetensors"):
                weights.chmod(0o644)
    return folder


def _place(recipe: Recipe, device: str) -> torch.device:
    if device == "auto" and recipe.half and not torch.cuda.is_available():
        raise ResourceError(
            f"a pair of {recipe.parameters:,} parameters is trained on an NVIDIA GPU, and there is "
            "none: pass a smaller --preset, or --device cpu to train it here however long it takes"
        )
    return available(("cuda" if recipe.half else "cpu") if device == "auto" else device)


def _stages(
    recipe: Recipe, tokenizer: Any, seed: int, place: torch.device, progress: Progress | None
) -> Iterator[tuple[str, Any]]:
    """The one network twice, as it is saved: after the base stage, then after the chat stage."""
    model = None if recipe.tails else network(recipe, tokenizer, seed, place)
    plan = (("base", recipe.base, BASE, False), ("chat", recipe.chat, CHAT, True))
    for turn, (name, stage, mix, guarded) in enumerate(plan):
        examples = draw(mix, guarded=guarded, seed=2 * seed + turn, tails=recipe.tails)
        stream = batches(examples, tokenizer, stage.batch)
        learner = model or load(shipped(name))[0].to(place)
        train(learner.float(), stage, stream, _reporter(name, stage, progress), half=recipe.half)
        yield name, learner.to(torch.bfloat16 if recipe.half else torch.float32)


def _reporter(
    name: str, stage: Stage, progress: Progress | None
) -> Callable[[int, float], None] | None:
    if progress is None:
        return None
    return lambda step, loss: progress(name, step, stage.steps, loss)
